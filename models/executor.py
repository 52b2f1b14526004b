"""``Executor``: what stands between whoever needs a reply and the pool: kept replies, limits, and many at once.

The rules:

1. A reply that is kept under the task's key is read again and nobody is asked, unless the task's parser refuses it.
2. The same request twice at once is asked once; the second caller waits for the first one's reply. Which servers the
   second one would have allowed makes no difference, as with a kept reply.
3. An accepted reply is kept (committed, synced) before it is returned. So what was finished is a checkpoint: after a
   crash, a failure or a cancellation the same tasks are handed in again, and only what is missing is asked.
4. There is no retry loop here, on purpose. The worker asks a model again that replied badly, and the pool takes a
   request to another server; what still fails, fails its scheduler task's attempt, which the scheduler retries within
   the batch, under its own limit and in its own phase. Rule 3 makes that cheap: a second loop here would only multiply
   the first.
5. Cancelling a caller cancels its requests, and waits for their end, before it is let through. A request that another
   caller still waits for goes on, and a reply that has come is kept.
6. A reply that the disk refuses stays in memory, the newest ``MOST_UNWRITTEN`` of them: the next attempt commits it and
   asks nobody. One that the tables refuse for good is dropped: another reply may be taken.
7. A kept reply that the task's parser refuses gives way to the one that is then asked for. Else each attempt would ask.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence, Set
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from models.errors import ReplyError
from models.flights import Flights
from models.limits import RateLimiter, RateLimits
from models.metrics import Recorder, RunMetrics
from models.outcomes import Outcome, Shares
from models.parallel import Release, as_they_end
from models.pool import ModelPool
from models.task import LLMTask
from models.worker import Generation
from scheduler.calls import CallStore, ModelCall
from scheduler.errors import NoServerError, StateError, WorkError
from scheduler.outcome import may_pass
from scheduler.ports import Clock, Progress, unwatched

T = TypeVar("T")
MOST_UNWRITTEN = 256
"""More than are under way at once. On a full disk nothing is begun for a moment, and then the same work again."""


def _nothing() -> None:
    """For a call after which nobody waits to begin."""


@dataclass(frozen=True, slots=True)
class _Caller:
    """For whom it is asked, and of whom. ``asked`` is called once the server has replied, before the reply is kept."""

    task_id: str
    servers: Set[str] | None
    asked: Release = _nothing


class Executor:
    """See the module's rules. Create and use it in one event loop; ``rate``: none is no limit."""

    def __init__(
        self, pool: ModelPool, calls: CallStore, clock: Clock, *, rate: RateLimits | None = None
    ) -> None:
        self._pool = pool
        self._calls = calls
        self._clock = clock
        self._gate = None if rate is None else RateLimiter(rate)
        self._flights: Flights[Generation[Any]] = Flights()
        self._unwritten: dict[str, Generation[Any]] = {}
        self._recorder = Recorder()
        self.begin()

    def begin(self) -> None:
        """Begin a new run: ``metrics`` counts from here. A language-model phase is one, say."""
        self._recorder.begin(self._clock.monotonic())

    def metrics(self) -> RunMetrics:
        """What the current run came to so far."""
        return self._recorder.metrics()

    async def run(
        self,
        task: LLMTask[T],
        *,
        task_id: str,
        progress: Progress = unwatched,
        servers: Set[str] | None = None,
    ) -> Generation[T]:
        """The kept reply, or a new one. ``task_id``: the scheduler's task that asks. ``servers``: as the pool's.

        Raises what ``ModelPool.generate`` raises, and ``StateError`` when the reply could not be read or kept.
        """
        return await self._run(task, _Caller(task_id, servers), progress)

    async def _run(self, task: LLMTask[T], caller: _Caller, progress: Progress) -> Generation[T]:
        try:
            generation = await self._shared(task, caller, progress)
        except NoServerError:
            raise
        except WorkError:
            self._recorder.failed(task.stage, self._clock.monotonic())
            raise
        self._recorder.succeeded(generation, self._clock.monotonic())
        return generation

    async def stream(
        self,
        tasks: Sequence[LLMTask[T]],
        *,
        task_id: str,
        workers: int,
        progress: Progress = unwatched,
        servers: Set[str] | None = None,
    ) -> AsyncGenerator[Outcome[T], None]:
        """Ask all, at most ``workers`` at once, and yield each outcome as it ends; a failed task is an outcome.

        While a reply is being committed the next request is sent already, and however slowly the outcomes are taken,
        the work goes on. Close it (``contextlib.aclosing``) when it is left early: that cancels what runs.
        ``progress``: the share of all tasks. Raises ``NoServerError`` or ``StateError`` at once, after the outcomes so
        far; the rest is cancelled and what finished is kept. ``ValueError`` without a worker.
        """
        shares = Shares(len(tasks), progress)

        async def work(index: int, task: LLMTask[T], asked: Release) -> Outcome[T]:
            try:
                caller = _Caller(task_id, servers, asked)
                generation = await self._run(task, caller, shares.of(index))
                outcome = Outcome(index=index, generation=generation)
            except NoServerError:
                raise
            except WorkError as error:
                outcome = Outcome(index=index, error=error)
            shares.ended(index)
            return outcome

        async with aclosing(as_they_end(tasks, work, workers)) as outcomes:
            async for outcome in outcomes:
                yield outcome

    async def kept(self, task: LLMTask[T]) -> Generation[T] | None:
        """The kept reply, if there is one that the task can read. Nobody is asked. Raises ``StateError``."""
        found = await self._calls.find(task.key)
        return None if found is None else _reread(task, _generation(found))

    async def _shared(self, task: LLMTask[T], caller: _Caller, progress: Progress) -> Generation[T]:
        generation, mine = await self._flights.join(
            task.key, progress, lambda tell: self._reply(task, caller, tell)
        )
        if mine:
            return generation
        shared = _reread(task, replace(generation, cached=True))
        return shared or await self._ask(task, caller, progress)

    async def _reply(self, task: LLMTask[T], caller: _Caller, progress: Progress) -> Generation[T]:
        found = await self._calls.find(task.key)
        read = None if found is None else _reread(task, _generation(found))
        return read or await self._ask(task, caller, progress, instead_of=found)

    async def _ask(
        self, task: LLMTask[T], caller: _Caller, progress: Progress, instead_of: ModelCall | None = None
    ) -> Generation[T]:
        waiting = self._unwritten.get(task.key)
        generation = None if waiting is None else _reread(task, waiting)
        if generation is None:
            generation = await self._pool.generate(task, progress, servers=caller.servers, gate=self._gate)
        caller.asked()
        call = _call(generation, caller.task_id)
        kept = await self._keep(generation, call, instead_of)
        # Somebody else's reply came first and stays: it is the one that counts, if it can be read.
        return generation if kept == call else _reread(task, _generation(kept)) or generation

    async def _keep(
        self, generation: Generation[Any], call: ModelCall, instead_of: ModelCall | None
    ) -> ModelCall:
        keeping = asyncio.ensure_future(self._write(generation, call, instead_of))
        try:
            return await asyncio.shield(keeping)
        except asyncio.CancelledError:
            # Whoever asks next is to find it.
            await asyncio.gather(keeping, return_exceptions=True)
            raise

    async def _write(
        self, generation: Generation[Any], call: ModelCall, instead_of: ModelCall | None
    ) -> ModelCall:
        self._unwritten.pop(call.key, None)
        try:
            return await self._calls.keep(call, self._clock.now(), instead_of=instead_of)
        except StateError as error:
            if may_pass(error):
                self._unwritten[call.key] = generation
                while len(self._unwritten) > MOST_UNWRITTEN:
                    del self._unwritten[next(iter(self._unwritten))]
            raise


def _reread(task: LLMTask[T], generation: Generation[Any]) -> Generation[T] | None:
    """The reply as this task reads it; ``None`` when its parser refuses it (it was kept by an earlier version)."""
    try:
        return replace(generation, value=task.parse(generation.raw))
    except ReplyError:
        return None


def _generation(call: ModelCall) -> Generation[None]:
    """A kept call, not yet read."""
    return Generation(
        value=None,
        raw=call.raw_reply,
        key=call.key,
        stage=call.stage,
        prompt_hash=call.prompt_hash,
        server=call.server,
        model=call.model,
        tokens_in=call.tokens_in,
        tokens_out=call.tokens_out,
        latency_ms=call.latency_ms,
        load_ms=call.load_ms,
        attempts=call.attempts,
        cached=True,
    )


def _call(generation: Generation[Any], task_id: str) -> ModelCall:
    """What is kept of a reply."""
    return ModelCall(
        key=generation.key,
        task_id=task_id,
        stage=generation.stage,
        model=generation.model,
        server=generation.server,
        prompt_hash=generation.prompt_hash,
        tokens_in=generation.tokens_in,
        tokens_out=generation.tokens_out,
        latency_ms=generation.latency_ms,
        load_ms=generation.load_ms,
        attempts=generation.attempts,
        raw_reply=generation.raw,
    )
