"""The virtual loop: time that only jumps, chance that replays, tasks that a kill ends for good."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from tests.simulator.loop import VirtualLoop, running


def run(seed: int, body: Coroutine[Any, Any, None]) -> VirtualLoop:
    """Run a coroutine to its end, and everything that it started."""
    loop = VirtualLoop(seed)
    with running(loop):
        task = loop.create_task(body)
        assert not loop.run()
        task.result()
    return loop


def test_hours_pass_at_once() -> None:
    """Time stands still while anything is ready and then jumps to the next timer; time-outs come when they are due."""
    seen: list[tuple[str, float]] = []

    async def body() -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(3600.0):
                await asyncio.Future()
        except TimeoutError:
            seen.append(("over", loop.time()))
        await asyncio.sleep(60.0)
        seen.append(("slept", loop.time()))

    run(1, body())
    assert seen == [("over", 3600.0), ("slept", 3660.0)]


def test_asyncio_s_own_parts_work_in_it() -> None:
    """Events, locks, shields, gathers and waits, whatever the order in which callbacks are taken."""

    async def body() -> None:
        event, lock, order = asyncio.Event(), asyncio.Lock(), list[int]()

        async def worker(number: int) -> int:
            await event.wait()
            async with lock:
                order.append(number)
                await asyncio.sleep(1.0)
            return number

        workers = [asyncio.create_task(worker(number)) for number in range(4)]
        shielded = asyncio.shield(workers[0])
        done, _ = await asyncio.wait(workers, timeout=5.0)
        assert done == set()
        event.set()
        shielded.cancel()
        assert await asyncio.gather(*workers) == [0, 1, 2, 3]
        assert sorted(order) == [0, 1, 2, 3]

    for seed in range(30):
        run(seed, body())


def orders(seed: int) -> list[int]:
    """In which order eight tasks got on that were ready at once."""
    order: list[int] = []

    async def worker(number: int) -> None:
        await asyncio.sleep(0)
        order.append(number)

    async def body() -> None:
        await asyncio.gather(*(worker(number) for number in range(8)))

    run(seed, body())
    return order


def test_the_seed_chooses_who_is_next() -> None:
    """Other seeds, other orders; the same seed, the same one."""
    assert len({tuple(orders(seed)) for seed in range(20)}) == 20
    assert orders(3) == orders(3)


def test_a_kill_ends_tasks_and_leaves_the_world() -> None:
    """What was not ``lasting`` never runs again, and nobody's error is forgotten."""
    happened: list[str] = []

    async def body() -> None:
        await asyncio.sleep(5.0)
        happened.append("the dead worked")

    async def broken() -> None:
        raise KeyError("unseen")

    loop = VirtualLoop(1)
    with running(loop):
        tasks = [loop.create_task(body()), loop.create_task(broken(), name="broken")]
        loop.lasting(9.0, happened.append, "the world went on")
        loop.lasting(1.0, loop.pause)
        assert loop.run()
        loop.kill()
        assert not loop.run()
    assert happened == ["the world went on"]
    assert loop.complaints == ["task broken ended unseen: KeyError('unseen')"]
    assert [task.done() for task in tasks] == [False, True]
