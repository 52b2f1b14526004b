"""``SemaphoreController``: hands the machine from one side to the other, and runs each side's work under the lock.

A hand-over, in this order, so that a crash at any point leaves a state from which it simply begins again:

1. the lock is released: from here nothing can be started, and nothing is running (else it is a breach);
2. ``switching`` is committed;
3. the other side leaves, verified (STT's process is gone, ``/api/ps`` has no row);
4. the new side enters (weights are loaded);
5. the hand-over's two times and the new phase are committed, and only then is the lock taken.
"""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from scheduler.errors import ConcurrencyViolationError
from scheduler.lock import PhaseLock
from scheduler.ports import Clock, Evaluation, Evaluator, Progress, Side, Store, Transcriber, Transcription
from scheduler.task import Phase, Task

log = logging.getLogger(__name__)


class SemaphoreController:
    """Owns the ``PhaseLock``. One hand-over at a time; its caller (``queues``) sees to that."""

    def __init__(self, store: Store, transcriber: Transcriber, evaluator: Evaluator, clock: Clock) -> None:
        self._store = store
        self._transcriber = transcriber
        self._evaluator = evaluator
        self._clock = clock
        self._lock = PhaseLock()

    @property
    def owner(self) -> Phase:
        """Who may work now. Differs from the table only right after a start: nobody has entered yet."""
        return self._lock.owner

    @property
    def violations(self) -> int:
        """Breaches of the exclusion since the start; must stay 0."""
        return self._lock.violations

    async def switch_to(self, target: Phase) -> None:
        """Give the machine to ``target``. Raises ``HandoverError``: it is then nobody's, and this may be retried."""
        source = self._lock.owner
        if source is not Phase.SWITCHING:
            async with self._breaches_recorded():
                self._lock.release()
        began = self._clock.now()
        await self._store.set_phase(Phase.SWITCHING, began)
        leaving, entering = self._sides(target)
        started = self._clock.monotonic()
        await leaving.leave()
        left = self._clock.monotonic()
        await entering.enter()
        entered = self._clock.monotonic()
        await self._store.record_switchover(source, target, began, left - started, entered - left)
        await self._store.set_phase(target, self._clock.now())
        self._lock.acquire(target)
        facts = {"from_phase": source, "to_phase": target, "switchover_seconds": round(entered - started, 3)}
        log.info("handed over", extra=facts)

    async def transcribe(self, task: Task, progress: Progress) -> Transcription:
        """Transcribe under the lock. Raises ``ConcurrencyViolationError`` outside the STT phase."""
        async with self._breaches_recorded():
            with self._lock.work(Phase.STT):
                return await self._transcriber.transcribe(task, progress)

    async def evaluate(self, task: Task, progress: Progress) -> Evaluation:
        """Evaluate under the lock. Raises ``ConcurrencyViolationError`` outside the language-model phase."""
        async with self._breaches_recorded():
            with self._lock.work(Phase.LLM):
                return await self._evaluator.evaluate(task, progress)

    @asynccontextmanager
    async def _breaches_recorded(self) -> AsyncIterator[None]:
        try:
            yield
        except ConcurrencyViolationError as breach:
            await self._store.record_violation(str(breach), self._clock.now())
            raise

    def _sides(self, target: Phase) -> tuple[Side, Side]:
        """(who leaves, who enters)."""
        if target is Phase.STT:
            return self._evaluator, self._transcriber
        return self._transcriber, self._evaluator
