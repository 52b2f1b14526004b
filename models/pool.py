"""``ModelPool``: several language-model servers behind one door.

The rules:

1. Servers take requests in strict turn, each up to its number of slots. A request that names its model or its servers
   has only those as candidates; each set of candidates has a turn of its own.
2. When a server fails, its unfinished requests go to another healthy one, waiting for a slot if need be, at no retry;
   so do those that wait for a limit. One request asks a server at most once. When none is left: ``NoServerError``.
   Except that it counts as a failed attempt when each server that was asked lived on while it failed
   (``ServerFailedError.may_blame_request``): the request may be the cause, and would go round for ever.
3. A failed server is left alone, probed again and again, ever more slowly (``models.breaker``), and is used again by
   itself; during the pool's own phase only after its model is loaded.
4. No request is sent, and nothing is loaded, outside of the phase (between ``enter`` and ``leave``).
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence, Set
from random import Random
from typing import Literal, TypeVar

from models import handover
from models.admission import Admission
from models.breaker import Breaker
from models.config import ServerConfig
from models.errors import NotAskedError, ServerFailedError
from models.handover import Switch
from models.limits import Gate
from models.member import Member, ProbeTimes, nobody
from models.rotation import candidates, next_in_turn
from models.task import LLMTask
from models.worker import Generation, LanguageModelWorker
from scheduler.errors import AttemptFailedError, HandoverError
from scheduler.ports import Clock, Progress
from scheduler.snapshot import ServerStatus

T = TypeVar("T")
Residency = Literal["exclusive", "shared"]


class ModelPool:
    """See the module's rules. ``on_change`` is called whenever health or free slots change; it must not block.

    ``residency``: whether ``leave`` unloads the models (``exclusive``) or lets them stay in memory (``shared``).
    ``jitter``: a seeded source for the breakers' times; ``None`` for exact times. ``switches``: how each server fared
    in the last hand-over. Run ``run`` beside it for probes and returns.
    """

    def __init__(
        self,
        servers: Sequence[ServerConfig],
        clock: Clock,
        *,
        residency: Residency = "exclusive",
        on_change: Callable[[], None] = lambda: None,
        probes: ProbeTimes | None = None,
        jitter: Random | None = None,
    ) -> None:
        times = probes or ProbeTimes()
        self.on_change = on_change
        self.switches: tuple[Switch, ...] = ()
        self._members = [
            Member(LanguageModelWorker(server), Breaker(first=times.first, most=times.most, jitter=jitter))
            for server in servers
        ]
        self._clock = clock
        self._residency = residency
        self._probes = times
        self._in_phase = False
        self._turns: dict[tuple[int, ...], int] = {}
        self._waiting: list[tuple[int, ...]] = []
        self._changed = asyncio.Event()
        self._poked = asyncio.Event()
        self._loading = asyncio.Lock()

    @property
    def free_slots(self) -> int:
        """Requests that healthy servers could take now, less those that already wait for one of them."""
        slots = [member.open_slots for member in self._members]
        waiting = sum(any(slots[index] for index in who) for who in self._waiting)
        return max(0, sum(slots) - waiting)

    @property
    def servers_up(self) -> int:
        """Servers that may be counted on: the healthy ones, and right after a start those not yet probed."""
        return sum(member.healthy or member.unknown for member in self._members)

    def statuses(self) -> tuple[ServerStatus, ...]:
        """Every server, in the order of the configuration."""
        now = self._clock.monotonic()
        return tuple(member.status(now) for member in self._members)

    async def generate(
        self,
        task: LLMTask[T],
        progress: Progress,
        *,
        servers: Set[str] | None = None,
        gate: Gate | None = None,
    ) -> Generation[T]:
        """Have one of the servers answer: one that serves ``task.model``, and that ``servers`` names, where given.

        ``gate`` is asked before each request is sent. A slot is held meanwhile.

        Raises ``NoServerError``, or what ``LanguageModelWorker.generate`` raises of the request's own.
        """
        configs = [member.worker.config for member in self._members]
        who = candidates(configs, task.model, servers)
        failed: dict[Member, ServerFailedError] = {}
        while True:
            member = await self._take(who, failed)
            admission = Admission(member, gate)
            progress(0.0, member.worker.name)
            try:
                result = await member.worker.generate(task, progress, admission)
            except NotAskedError:
                continue
            except ServerFailedError as error:
                failed[member] = error
                member.failures += 1
                if member.life == admission.life:
                    self._fail(member, error, request=True)
            except AttemptFailedError:
                member.failures += 1
                member.answered(admission.life)
                raise
            else:
                member.graded += 1
                member.answered(admission.life)
                return result
            finally:
                member.in_flight -= 1
                self._notify()

    async def enter(self) -> None:
        """Load the models, one server after the other. No healthy server is no error: tasks wait for one.

        A server that asked to be left alone for a time (429, 503) is loaded after it, as one that comes back.
        """
        self._in_phase = True
        async with self._loading:
            self.switches = ()
            for member in self._members:
                if not member.breaker.barred(self._clock.monotonic()):
                    self.switches += (await self._load(member),)

    async def leave(self) -> None:
        """End the phase: no request is running and, in exclusive residency, the servers hold no model, ours or not.

        In shared residency a server may still drop a cancelled request's last token. Raises ``HandoverError``.
        """
        self._in_phase = False
        busy = sum(member.in_flight for member in self._members)
        if busy:
            raise HandoverError(f"Language-model requests that are still running: {busy}.")
        async with self._loading:
            # Even where nothing is unloaded, a server that came back may just be loading.
            if self._residency == "shared":
                return
            self.switches = await handover.unload_all(
                [member.worker for member in self._members], self._clock
            )
        for member, switch in zip(self._members, self.switches, strict=True):
            member.loaded = member.loaded and switch.error is not None
        self._notify()
        problems = [str(switch.error) for switch in self.switches if switch.error]
        if problems:
            raise HandoverError(" ".join(problems))

    async def close(self) -> None:
        """Let go of what ``leave`` would unload, in one request each, and close all connections. Idempotent."""
        if self._in_phase and self._residency == "exclusive":
            self._in_phase = False
            await handover.let_go([member.worker for member in self._members])
        for member in self._members:
            await member.worker.close()

    async def run(self) -> None:
        """Probe the servers until cancelled, each when it is due."""
        while True:
            self._poked.clear()
            await self.probe()
            next_at = min((member.probe_at for member in self._members), default=0.0)
            # At least a moment: a healthy server at work is overdue and still not probed.
            await self._clock.wait(self._poked, max(next_at - self._clock.monotonic(), self._probes.first))

    async def probe(self) -> None:
        """Probe every server that is due, once."""
        now = self._clock.monotonic()
        async with asyncio.TaskGroup() as group:
            for member in self._members:
                if member.due(now):
                    group.create_task(self._probe(member))

    async def _probe(self, member: Member) -> None:
        life = member.life
        try:
            await member.worker.probe()
        except AttemptFailedError as error:
            if member.life == life:
                self._fail(member, error)
            return
        if not member.healthy and self._in_phase:
            async with self._loading:
                if self._in_phase:
                    await self._load(member)
                    return
        if member.life == life:
            self._well(member, loaded=member.loaded)

    async def _load(self, member: Member) -> Switch:
        switch = await handover.load(member.worker, self._clock)
        if isinstance(switch.error, AttemptFailedError):
            self._fail(member, switch.error)
        else:
            self._well(member, loaded=True)
        return switch

    async def _take(self, who: tuple[int, ...], failed: Mapping[Member, ServerFailedError]) -> Member:
        """Wait for a free slot of a healthy candidate that has not failed on this request; the slot is then taken."""
        members = [self._members[index] for index in who]
        while True:
            left = [member not in failed and member.healthy for member in members]
            if not self._in_phase or not any(left):
                raise nobody(members, tuple(failed.values()), in_phase=self._in_phase)
            slots = [member.open_slots if ok else 0 for member, ok in zip(members, left, strict=True)]
            index = next_in_turn(slots, self._turns.get(who, -1))
            if index is not None:
                self._turns[who] = index
                members[index].in_flight += 1
                self._notify()
                return members[index]
            self._waiting.append(who)
            try:
                await self._changed.wait()
            finally:
                self._waiting.remove(who)

    def _well(self, member: Member, *, loaded: bool) -> None:
        member.well(self._clock.monotonic(), self._probes, loaded=loaded)
        self._notify()

    def _fail(self, member: Member, error: AttemptFailedError, *, request: bool = False) -> None:
        member.failed(error, self._clock.monotonic(), request=request)
        self._poked.set()
        self._notify()

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
        self.on_change()
