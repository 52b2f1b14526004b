"""``VirtualLoop``: an event loop in which time is a number, and chance picks the next of the callbacks that are ready.

The rules:

1. One callback at a time; among those that are ready the seed chooses. Nothing else is random, so a seed replays.
2. Time stands still while anything is ready, and then jumps to the next timer.
3. A process can be killed between any two callbacks: its tasks never run again, and what is ``lasting`` goes on.

It is asyncio's own ``Task``, ``Future``, ``Event``, ``Lock``, ``timeout``, ``shield`` and ``wait`` that run in it.
"""

import asyncio
import heapq
from asyncio import events
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any, cast


class _Handle:
    """A callback that is ready, or will be at its time. ``lasting``: not of the process, but of the world around it."""

    __slots__ = ("args", "callback", "lasting", "time")

    def __init__(self, callback: Callable[..., object], args: tuple[Any, ...], time: float) -> None:
        self.callback: Callable[..., object] | None = callback
        self.args = args
        self.time = time
        self.lasting = False

    def cancel(self) -> None:
        self.callback = None

    def cancelled(self) -> bool:
        return self.callback is None

    def when(self) -> float:
        return self.time


class VirtualLoop:
    """``turns``: callbacks run so far. ``trace``: the choices made. ``pause_at``: ``run`` returns at this turn.

    ``before_time_passes``: called when nothing more can happen at this moment.
    """

    def __init__(self, seed: int) -> None:
        self._chance = Random(seed).random
        self._now = 0.0
        self._ready: list[_Handle] = []
        self._timers: list[tuple[float, int, _Handle]] = []
        self._count = 0
        self._tasks: list[asyncio.Task[Any]] = []
        self.turns = 0
        self.pause_at: int | None = None
        self.trace = bytearray()
        self.complaints: list[str] = []
        self.before_time_passes: Callable[[], None] = lambda: None

    @property
    def _as_loop(self) -> asyncio.AbstractEventLoop:
        """It has what tasks and futures ask of a loop, and nothing else: no sockets, no signals, no threads."""
        return cast(asyncio.AbstractEventLoop, self)

    def time(self) -> float:
        return self._now

    def chance(self) -> float:
        """A number from 0 to 1 for whoever else needs one."""
        return self._chance()

    def call_soon(self, callback: Any, *args: Any, context: object = None) -> Any:
        handle = _Handle(callback, args, self._now)
        self._ready.append(handle)
        return handle

    def call_at(self, when: float, callback: Any, *args: Any, context: object = None) -> Any:
        handle = _Handle(callback, args, when)
        self._count += 1
        heapq.heappush(self._timers, (when, self._count, handle))
        return handle

    def call_later(self, delay: float, callback: Any, *args: Any, context: object = None) -> Any:
        return self.call_at(self._now + delay, callback, *args)

    def lasting(self, when: float, callback: Callable[..., object], *args: Any) -> None:
        """Call it at a time, whichever process lives then."""
        self.call_at(when, callback, *args).lasting = True

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self._as_loop)

    def create_task(self, coro: Any, *, name: str | None = None, context: object = None) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.Task(coro, loop=self._as_loop, name=name)
        self._tasks.append(task)
        return task

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Errors of futures whose waiter was killed; those of tasks: see ``complain``."""

    def run(self) -> bool:
        """Run until ``pause_at`` (True), or until nothing will ever happen again (False)."""
        ready, timers, trace, chance = self._ready, self._timers, self.trace, self._chance
        while self.pause_at is None or self.turns < self.pause_at:
            if not ready:
                if not timers:
                    return False
                self.before_time_passes()
                self._now = max(self._now, timers[0][0])
                while timers and timers[0][0] <= self._now:
                    ready.append(heapq.heappop(timers)[2])
            count = len(ready)
            if count > 1:
                chosen = int(chance() * count)
                trace.append(chosen & 255)
                handle = ready[chosen]
                ready[chosen] = ready[-1]
                ready.pop()
            else:
                handle = ready.pop()
            if handle.callback is not None:
                self.turns += 1
                handle.callback(*handle.args)
        return True

    def kill(self) -> None:
        """The process is gone, in mid step of whatever it did."""
        for task in self._tasks:
            if not task.done():
                coroutine = task.get_coro()
                assert isinstance(coroutine, Coroutine)
                try:
                    coroutine.close()
                except Exception as error:  # a bug in a ``finally``: said, as every other one
                    self.complaints.append(f"task {task.get_name()} could not be ended: {error!r}")
                # asyncio would complain that it was forgotten: so it was, by SIGKILL.
                task._log_destroy_pending = False  # type: ignore[attr-defined]
        self.complain()
        self._tasks.clear()
        self._ready[:] = [handle for handle in self._ready if handle.lasting]
        self._timers[:] = [timer for timer in self._timers if timer[2].lasting]
        heapq.heapify(self._timers)

    def complain(self) -> None:
        """Note the errors of tasks that nobody asked for; asyncio would log each as 'never retrieved'."""
        about_to_be_seen = {id(argument) for handle in self._ready for argument in handle.args}
        for task in self._tasks:
            if not task.done() or task.cancelled() or id(task) in about_to_be_seen:
                continue
            if task._log_traceback:
                self.complaints.append(f"task {task.get_name()} ended unseen: {task.exception()!r}")


@contextmanager
def running(loop: VirtualLoop) -> Iterator[None]:
    """Make it the loop that asyncio's functions find."""
    events._set_running_loop(loop._as_loop)
    try:
        yield
    finally:
        loop.kill()
        events._set_running_loop(None)
