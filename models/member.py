"""``Member``: what the pool knows of one server. Its methods decide and record; they do not wait."""

from collections.abc import Sequence
from dataclasses import dataclass

from models.breaker import Breaker
from models.errors import ServerFailedError, ServerStatusError
from models.worker import LanguageModelWorker
from scheduler.errors import AttemptFailedError, NoServerError
from scheduler.snapshot import ServerStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeTimes:
    """Seconds between probes of a healthy server, and of a failed one (growing from ``first`` to ``most``)."""

    healthy: float = 5.0
    first: float = 1.0
    most: float = 30.0


@dataclass(slots=True, eq=False)
class Member:
    """One server of the pool.

    ``healthy`` is earned by a probe, and lost when the breaker opens. ``life`` grows with every failure, so that a
    request which began before one does not speak for or against the server that has come back since.
    """

    worker: LanguageModelWorker
    breaker: Breaker
    healthy: bool = False
    loaded: bool = False
    in_flight: int = 0
    graded: int = 0
    failures: int = 0
    life: int = 0
    probe_at: float = 0.0
    last_error: str | None = None

    @property
    def unknown(self) -> bool:
        """No probe has ended yet, neither well nor badly."""
        return not self.healthy and self.life == 0

    @property
    def open_slots(self) -> int:
        """Requests that it could take now."""
        return max(0, self.worker.config.max_concurrent - self.in_flight) if self.healthy else 0

    def due(self, now: float) -> bool:
        """Whether it is to be probed. A healthy server at work is not: its tokens are the sign of life."""
        return now >= self.probe_at and not (self.healthy and self.in_flight)

    def well(self, now: float, times: ProbeTimes, *, loaded: bool) -> None:
        """A probe (and, if ``loaded``, a load) succeeded."""
        self.breaker.trial_passed()
        self.healthy, self.loaded, self.last_error = True, loaded, None
        self.probe_at = now + times.healthy

    def answered(self, life: int) -> None:
        """A request that began in that life was answered, well or badly."""
        if life == self.life:
            self.breaker.proven()

    def failed(self, error: AttemptFailedError, now: float, *, request: bool = False) -> None:
        """A probe, a load or a ``request`` of this life failed."""
        retry_after = error.retry_after if isinstance(error, ServerStatusError) else None
        self.breaker.failed(now, retry_after, request=request)
        self.healthy, self.loaded, self.last_error = False, False, str(error)
        self.life += 1
        self.probe_at = self.breaker.opened_until

    def status(self, now: float) -> ServerStatus:
        """The same, for people."""
        config = self.worker.config
        return ServerStatus(
            name=config.name,
            url=config.address,
            model=config.model,
            healthy=self.healthy,
            in_flight=self.in_flight,
            slots=config.max_concurrent,
            graded=self.graded,
            failures=self.failures,
            loaded=self.loaded,
            last_error=self.last_error,
            breaker=self.breaker.state.value,
            strikes=self.breaker.strikes,
            next_try_seconds=self.breaker.next_try(now),
        )


def nobody(
    members: Sequence[Member], failures: Sequence[ServerFailedError], *, in_phase: bool
) -> ServerFailedError | NoServerError:
    """Why none of these servers takes a request on which some have failed; see the second rule of ``models.pool``."""
    if failures and all(failure.may_blame_request for failure in failures):
        return failures[-1]
    if not in_phase:
        return NoServerError(
            "The language models do not have the machine at the moment.", asked=bool(failures)
        )
    why = " ".join(f"{member.worker.name}: {member.last_error or 'busy'}" for member in members)
    return NoServerError(f"No language-model server can take work now. {why}", asked=bool(failures))
