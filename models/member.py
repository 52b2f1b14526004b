"""``Member``: what the pool knows of one server. Its methods decide and record; they do not wait."""

from dataclasses import dataclass

from models.rotation import backoff
from models.worker import LanguageModelWorker
from scheduler.errors import AttemptFailedError
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

    ``healthy`` is earned by a probe. ``life`` grows with every failure, so that a request which began before one
    does not speak against the server that has come back since. ``strikes``: failures in a row.
    """

    worker: LanguageModelWorker
    healthy: bool = False
    loaded: bool = False
    in_flight: int = 0
    graded: int = 0
    failures: int = 0
    strikes: int = 0
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
        self.healthy, self.loaded, self.strikes, self.last_error = True, loaded, 0, None
        self.probe_at = now + times.healthy

    def failed(self, error: AttemptFailedError, now: float, times: ProbeTimes) -> None:
        """A probe, a load or a request of this life failed."""
        self.healthy, self.loaded, self.last_error = False, False, str(error)
        self.strikes += 1
        self.life += 1
        self.probe_at = now + backoff(self.strikes, times.first, times.most)

    def status(self) -> ServerStatus:
        """The same, for people."""
        config = self.worker.config
        return ServerStatus(
            name=config.name,
            url=config.url,
            model=config.model,
            healthy=self.healthy,
            in_flight=self.in_flight,
            slots=config.max_concurrent,
            graded=self.graded,
            failures=self.failures,
            loaded=self.loaded,
            last_error=self.last_error,
        )
