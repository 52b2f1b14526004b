"""A crowd's virtual time: it stands still while a student talks, and jumps to the next one when all wait."""

import asyncio

from tests.web.turns import Turns


async def test_who_waits_less_is_first_and_nobody_is_passed_over() -> None:
    """Those of one second come together; a student who only talks holds the time up, an idler does not."""
    time, seen, said, idled = Turns(), list[str](), asyncio.Event(), asyncio.Event()

    async def student(name: str, *waits: float) -> None:
        with time.student():
            for number, seconds in enumerate(waits):
                await time.wait(seconds)
                seen.append(f"{name}{number}")

    async def talker() -> None:
        with time.student():
            await said.wait()

    async def idler() -> None:
        await time.idle(2.0)
        idled.set()

    talking, idling = asyncio.create_task(talker()), asyncio.create_task(idler())
    students = [
        asyncio.create_task(student(name, *waits)) for name, waits in {"a": (3, 1), "b": (1, 2)}.items()
    ]
    for _ in range(10):
        await asyncio.sleep(0)
    assert not seen
    assert not idled.is_set()
    said.set()
    await asyncio.gather(talking, idling, *students)
    assert (seen[0], set(seen[1:3]), seen[3]) == ("b0", {"a0", "b1"}, "a1")


async def test_who_gives_up_waiting_does_not_stop_the_time() -> None:
    """A cancelled student is counted once."""
    time = Turns()

    async def student(seconds: float) -> None:
        with time.student():
            await time.wait(seconds)
            await time.wait(seconds)

    holding = time.student()
    with holding:
        leaving, staying = asyncio.create_task(student(1)), asyncio.create_task(student(5))
        await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
        assert not staying.done()
    async with asyncio.timeout(60):
        await staying
