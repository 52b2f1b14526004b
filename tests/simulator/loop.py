"""``VirtualLoop``: an event loop in which time is a number, and chance picks the next of the callbacks that are ready.

The rules:

1. One callback at a time; among those that are ready the seed chooses. Nothing else is random, so a seed replays.
2. Time stands still while anything is ready, and then jumps to the next timer.
3. A process can be killed between any two callbacks: its tasks never run again, and what is ``lasting`` goes on.

It is asyncio's own ``Task``, ``Future``, ``Event``, ``Lock``, ``timeout``, ``shield`` and ``wait`` that run in it.
"""

import asyncio
import heapq
import sys
from asyncio import events
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any, cast


class _Handle:
    """A callback that somebody may cancel, ready or in its time. ``lasting``: not of the process, but of the world."""

    __slots__ = ("args", "callback", "lasting", "time")

    def __init__(
        self, callback: Callable[..., object], args: tuple[Any, ...], time: float, lasting: bool = False
    ) -> None:
        self.callback: Callable[..., object] | None = callback
        self.args = args
        self.time = time
        self.lasting = lasting

    def cancel(self) -> None:
        self.callback = None

    def cancelled(self) -> bool:
        return self.callback is None

    def when(self) -> float:
        return self.time


_Bare = tuple[Callable[..., object], tuple[Any, ...]]
"""A callback that is ready and that nobody can cancel: of a task or a future, as nine of ten are."""


class VirtualLoop:
    """``now``: seconds. ``turns``: callbacks run so far. ``trace``: the choices made.

    ``before_time_passes``: called when nothing more can happen at this moment. ``chance``: a number from 0 to 1 for
    whoever else needs one.
    """

    def __init__(self, seed: int) -> None:
        self.chance: Callable[[], float] = Random(seed).random
        self.now = 0.0
        self._ready: list[_Bare | _Handle] = []
        self._timers: list[tuple[float, int, _Handle]] = []
        self._count = 0
        self._tasks: list[asyncio.Task[Any]] = []
        self.turns = 0
        self._pause_at = 0
        self._pausing = False
        self.trace = bytearray()
        self.complaints: list[str] = []
        self.before_time_passes: Callable[[], None] = lambda: None
        # It has what tasks and futures ask of a loop, and nothing else: no sockets, no signals, no threads.
        self.as_loop = cast(asyncio.AbstractEventLoop, self)

    def time(self) -> float:
        return self.now

    @property
    def others_may_come(self) -> bool:
        """Whether a turn given up now may go to somebody else, or may be the last one before a pause."""
        return bool(self._ready) or self._pausing

    def pause(self, turns: int = 0) -> None:
        """Let ``run`` return after so many further callbacks."""
        self._pause_at = self.turns + turns
        self._pausing = True

    def call_soon(self, callback: Any, *args: Any, context: object = None) -> Any:
        if context is not None:  # from a task or a future, which keep no handle
            self._ready.append((callback, args))
            return None
        handle = _Handle(callback, args, self.now)
        self._ready.append(handle)
        return handle

    def call_at(self, when: float, callback: Any, *args: Any, context: object = None) -> Any:
        return self._push(_Handle(callback, args, when))

    def call_later(self, delay: float, callback: Any, *args: Any, context: object = None) -> Any:
        return self._push(_Handle(callback, args, self.now + delay))

    def lasting(self, when: float, callback: Callable[..., object], *args: Any) -> None:
        """Call it at a time, whichever process lives then."""
        self._push(_Handle(callback, args, when, lasting=True))

    def _push(self, handle: _Handle) -> _Handle:
        self._count += 1
        heapq.heappush(self._timers, (handle.time, self._count, handle))
        return handle

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self.as_loop)

    def create_task(self, coro: Any, *, name: str | None = None, context: object = None) -> asyncio.Task[Any]:
        # asyncio would number those without a name, across all loops: another process would name them otherwise.
        task: asyncio.Task[Any] = asyncio.Task(coro, loop=self.as_loop, name=name or "unnamed")
        self._tasks.append(task)
        return task

    get_debug = staticmethod(bool)
    """``bool()`` is ``False``; asked by every task and future, and quicker than a function of ours."""

    def is_running(self) -> bool:
        return True

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Errors of futures whose waiter was killed; those of tasks: see ``complain``."""

    def run(self, most: int = sys.maxsize) -> bool:
        """Run until a pause or the turn ``most`` (True), or until nothing will ever happen again (False)."""
        ready, timers, trace, chance = self._ready, self._timers, self.trace, self.chance
        self._pause_at, self._pausing = most, False
        while self.turns < self._pause_at:
            if not ready:
                if not timers:
                    return False
                self.before_time_passes()
                self.now = max(self.now, timers[0][0])
                while timers and timers[0][0] <= self.now:
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
            callback, args = handle if isinstance(handle, tuple) else (handle.callback, handle.args)
            if callback is not None:
                self.turns += 1
                callback(*args)
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
        self._ready[:] = [ready for ready in self._ready if isinstance(ready, _Handle) and ready.lasting]
        self._timers[:] = [timer for timer in self._timers if timer[2].lasting]
        heapq.heapify(self._timers)

    def complain(self) -> None:
        """Note the errors of tasks that nobody asked for; asyncio would log each as 'never retrieved'."""
        all_arguments = (ready.args if isinstance(ready, _Handle) else ready[1] for ready in self._ready)
        about_to_be_seen = {id(argument) for arguments in all_arguments for argument in arguments}
        for task in self._tasks:
            if not task.done() or task.cancelled() or id(task) in about_to_be_seen:
                continue
            if task._log_traceback:
                self.complaints.append(f"task {task.get_name()} ended unseen: {task.exception()!r}")


@contextmanager
def running(loop: VirtualLoop) -> Iterator[None]:
    """Make it the loop that asyncio's functions find. Only ``asyncio.all_tasks``, which nobody asks, does not work."""
    events._set_running_loop(loop.as_loop)
    register: Any = getattr(asyncio.tasks, "_all_tasks", None)  # so called in Python 3.11
    if register is not None:
        register.add = id  # does nothing with a task, where the register makes weak references
    try:
        yield
    finally:
        if register is not None:
            del register.add
        loop.kill()
        events._set_running_loop(None)
