"""Requests that wait for a limit while they hold a server's slot, and what becomes of that server meanwhile."""

import asyncio

import pytest

from models.errors import ServerStatusError
from models.worker import Generation
from scheduler.errors import NoServerError
from scheduler.ports import unwatched
from tests.models.fake_ollama import Mood
from tests.models.test_pool import REQUEST, Rig, rig


class Barrier:
    """A ``Gate`` that holds everybody until ``opened``. ``waiting``: how many came. ``used``: what was settled."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()
        self.came = asyncio.Event()
        self.waiting = 0
        self.used: list[int] = []

    async def admit(self, tokens: int) -> None:
        self.waiting += 1
        self.came.set()
        await self.opened.wait()

    def settle(self, reserved: int, used: int) -> None:
        self.used.append(used)

    async def until(self, waiting: int) -> None:
        """Wait until so many stand before it."""
        while self.waiting < waiting:
            self.came.clear()
            await self.came.wait()


def ask(it: Rig, barrier: Barrier) -> asyncio.Task[Generation[str]]:
    """One request that has to pass the barrier."""
    return asyncio.create_task(it.pool.generate(REQUEST, unwatched, gate=barrier))


async def test_waiting_requests_leave_a_server_that_wants_to_be_left_alone() -> None:
    """It said so (429) while they waited: they are not sent there, pay nothing, and go to the other one."""
    async with rig() as it:
        barrier = Barrier()
        waiting = [ask(it, barrier) for _ in range(4)]
        await barrier.until(4)
        it.first.script = [Mood.LIMITED]
        await it.ask()
        barrier.opened.set()
        results = await asyncio.gather(*waiting)
        assert {result.server for result in results} == {"llama3"}
        assert len(it.first.prompts) == 1
        assert barrier.used.count(0) == 2
        assert [status.in_flight for status in it.pool.statuses()] == [0, 0]


async def test_without_another_server_they_wait_and_were_never_asked() -> None:
    """Nobody is left: no attempt is counted, and nothing was sent."""
    async with rig() as it:
        await it.second.kill()
        await it.probe_all()
        barrier = Barrier()
        waiting = ask(it, barrier)
        await barrier.until(1)
        it.first.script = [Mood.LIMITED]
        with pytest.raises(NoServerError):
            await it.ask()
        barrier.opened.set()
        with pytest.raises(NoServerError) as nobody:
            await waiting
        assert (nobody.value.asked, len(it.first.prompts)) == (False, 1)


async def test_server_that_came_back_meanwhile_is_asked_in_its_new_life() -> None:
    """A server that failed and came back during the wait is asked, and what it does counts for its new life."""
    async with rig() as it:
        await it.second.kill()
        await it.probe_all()
        barrier = Barrier()
        waiting = ask(it, barrier)
        await barrier.until(1)
        it.first.script = [Mood.ERROR, Mood.ERROR]
        with pytest.raises(ServerStatusError):
            await it.ask()
        await it.probe_all()
        assert it.pool.statuses()[0].healthy
        barrier.opened.set()
        with pytest.raises(ServerStatusError):
            await waiting
        assert (it.pool.statuses()[0].healthy, it.pool.statuses()[0].strikes) == (False, 2)
