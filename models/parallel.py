"""``as_they_end``: many jobs, some at once, each result as it comes.

The rules:

1. At most ``workers`` jobs are at work. A job that has only its bookkeeping left says so (``release``), and the next
   one begins; there are never more than twice ``workers`` unfinished jobs.
2. However slowly the results are taken, the work goes on.
3. An exception of a job ends all: the others are cancelled and waited for, then it is raised, after the results so far.
   What is to be a result although it failed, the job returns as one.
4. Closing the generator, or cancelling whoever reads it, cancels what runs, and waits for its end.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import TypeVar

J = TypeVar("J")
R = TypeVar("R")
Release = Callable[[], None]
Work = Callable[[int, J, Release], Awaitable[R]]


async def as_they_end(jobs: Sequence[J], work: Work[J, R], workers: int) -> AsyncGenerator[R, None]:
    """Each job's result: ``work`` gets its index, the job, and what to call when another one may begin.

    Close it with ``contextlib.aclosing`` where it may be left early. Raises ``ValueError`` without a worker.
    """
    if workers < 1:
        raise ValueError("at least one worker is needed")
    ended: asyncio.Queue[tuple[R] | None] = asyncio.Queue()
    feeding = asyncio.create_task(_feed(jobs, work, workers, ended))
    feeding.add_done_callback(lambda _: ended.put_nowait(None))
    try:
        while (item := await ended.get()) is not None:
            yield item[0]
        feeding.result()
    finally:
        feeding.cancel()
        await asyncio.gather(feeding, return_exceptions=True)


async def _feed(
    jobs: Sequence[J], work: Work[J, R], workers: int, ended: "asyncio.Queue[tuple[R] | None]"
) -> None:
    at_work, unfinished = asyncio.Semaphore(workers), asyncio.Semaphore(2 * workers)

    async def one(index: int, job: J, place: _Place) -> None:
        try:
            ended.put_nowait((await work(index, job, place.release),))
        finally:
            place.release()
            unfinished.release()

    try:
        async with asyncio.TaskGroup() as group:
            for index, job in enumerate(jobs):
                await unfinished.acquire()
                await at_work.acquire()
                group.create_task(one(index, job, _Place(at_work)))
    except BaseExceptionGroup as several:
        raise several.exceptions[0] from None


class _Place:
    """A job's place among those at work; giving it back twice is giving it back."""

    def __init__(self, places: asyncio.Semaphore) -> None:
        self._places: asyncio.Semaphore | None = places

    def release(self) -> None:
        places, self._places = self._places, None
        if places is not None:
            places.release()
