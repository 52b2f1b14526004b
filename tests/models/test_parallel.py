"""Many jobs, some at once, in virtual time: bounded, complete, and ended together when one breaks."""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.parallel import Release, as_they_end
from tests.models.loops import run


@dataclass
class Bench:
    """Jobs that take (work, bookkeeping) seconds; how many were ever at work, and unfinished, at once."""

    at_work: int = 0
    unfinished: int = 0
    most_at_work: int = 0
    most_unfinished: int = 0
    cancelled: list[int] = field(default_factory=list)

    async def job(self, index: int, seconds: tuple[float, float], release: Release) -> int:
        self.at_work, self.unfinished = self.at_work + 1, self.unfinished + 1
        self.most_at_work = max(self.most_at_work, self.at_work)
        self.most_unfinished = max(self.most_unfinished, self.unfinished)
        working = True
        try:
            await asyncio.sleep(seconds[0])
            working, self.at_work = False, self.at_work - 1
            release()
            release()
            await asyncio.sleep(seconds[1])
        except asyncio.CancelledError:
            self.cancelled.append(index)
            raise
        finally:
            self.at_work -= working
            self.unfinished -= 1
        return index


JOBS = st.lists(st.tuples(st.floats(0, 3), st.floats(0, 3)), max_size=25)


@given(jobs=JOBS, workers=st.integers(1, 6))
def test_all_are_done_within_the_bounds(jobs: list[tuple[float, float]], workers: int) -> None:
    """Each result once; never more than the workers at work, nor twice as many unfinished."""
    bench = Bench()

    async def main() -> list[int]:
        return [result async for result in as_they_end(jobs, bench.job, workers)]

    assert sorted(run(main())) == list(range(len(jobs)))
    assert bench.most_at_work == min(workers, len(jobs))
    assert bench.most_unfinished <= 2 * workers


def test_bookkeeping_holds_nobody_up() -> None:
    """Ten jobs of 1 s and 0.9 s of bookkeeping, two at once: the work alone, and the last bookkeeping."""

    async def main() -> float:
        jobs = [(1.0, 0.9)] * 10
        async for _ in as_they_end(jobs, Bench().job, 2):
            pass
        return asyncio.get_running_loop().time()

    assert run(main()) == pytest.approx(5.9, abs=1e-4)


def test_slow_reader_does_not_slow_the_work() -> None:
    """The results wait for whoever takes them; the work does not."""
    bench = Bench()

    async def main() -> None:
        async with aclosing(as_they_end([(1.0, 0.0)] * 8, bench.job, 2)) as results:
            await anext(results)
            await asyncio.sleep(10)
            assert bench.unfinished == 0
            assert [await anext(results) for _ in range(7)] == list(range(1, 8))

    run(main())


@pytest.mark.parametrize("leave", ["close", "cancel"])
def test_leaving_cancels_what_runs(leave: str) -> None:
    """After it nothing is unfinished, and what had not begun never does."""
    bench = Bench()

    async def read() -> None:
        async with aclosing(as_they_end([(1.0 + n, 0.0) for n in range(6)], bench.job, 3)) as results:
            assert await anext(results) == 0
            if leave == "cancel":
                await asyncio.sleep(100)

    async def main() -> None:
        reading = asyncio.create_task(read())
        await asyncio.sleep(1.5)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        assert bench.unfinished == 0
        assert len(bench.cancelled) == 3

    run(main())


def test_exception_of_one_ends_all_after_the_results_so_far() -> None:
    """It comes as it was raised, not in a group; the others are cancelled first."""
    bench = Bench()

    async def job(index: int, seconds: tuple[float, float], release: Release) -> int:
        if index == 3:
            await asyncio.sleep(1.5)
            raise KeyError(index)
        return await bench.job(index, seconds, release)

    done = []

    async def read() -> None:
        async for result in as_they_end([(1.0 + n, 0.0) for n in range(9)], job, 4):
            done.append(result)

    async def main() -> None:
        with pytest.raises(KeyError):
            await read()
        assert bench.unfinished == 0

    run(main())
    assert done == [0]
