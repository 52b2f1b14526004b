"""Several servers behind one door: turns, failover, and the return of a server."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from models.config import ServerConfig
from models.errors import EmptyReplyError, RequestRefusedError, ServerStatusError
from models.pool import ModelPool
from models.task import ask
from models.worker import Generation
from scheduler.errors import NoServerError
from scheduler.ports import unwatched
from tests.models.clocks import EagerClock
from tests.models.fake_ollama import FakeOllama, Mood, fake_ollama

REQUEST = ask("Grade this.", {}, str)


def configs(fakes: Sequence[FakeOllama], slots: int = 4) -> list[ServerConfig]:
    """The configuration of these servers, with probes that give up soon."""
    return [
        ServerConfig(
            name=fake.model.removesuffix(":latest"),
            url=fake.url,
            model=fake.model,
            max_concurrent=slots,
            probe_seconds=0.5,
            first_token_seconds=5,
        )
        for fake in fakes
    ]


class Rig:
    """Two fakes and a pool that has entered its phase. ``change`` is set at each ``on_change``."""

    def __init__(self, first: FakeOllama, second: FakeOllama, slots: int) -> None:
        self.first, self.second = first, second
        self.change = asyncio.Event()
        self.clock = EagerClock()
        self.pool = ModelPool(configs((first, second), slots), self.clock, on_change=self.change.set)

    def ask(self) -> asyncio.Task[Generation[str]]:
        return asyncio.create_task(self.pool.generate(REQUEST, unwatched))

    async def until_up(self, servers: int) -> None:
        """Wait, told by ``on_change`` alone, until so many servers are healthy."""
        while self.pool.servers_up != servers:
            self.change.clear()
            await self.change.wait()

    async def probe_all(self) -> None:
        """One probe of every server, whatever its back-off."""
        self.clock.time += 100
        await self.pool.probe()

    @property
    def graded(self) -> list[int]:
        return [status.graded for status in self.pool.statuses()]


@asynccontextmanager
async def rig(slots: int = 4) -> AsyncIterator[Rig]:
    """A rig in its phase; everything is closed at the end."""
    async with fake_ollama("mistral") as first, fake_ollama("llama3") as second:
        rig = Rig(first, second, slots)
        await rig.pool.enter()
        try:
            yield rig
        finally:
            await rig.pool.close()


async def test_thirty_requests_are_shared_equally() -> None:
    """30 students over two equal servers: 15 each, give or take 2, and never more than the slots at once."""
    async with rig() as it:
        await asyncio.gather(*(it.ask() for _ in range(30)))
        assert sum(it.graded) == 30
        assert abs(it.graded[0] - it.graded[1]) <= 4
        assert it.pool.free_slots == 8


async def test_slots_are_the_limit() -> None:
    """A full pool has no free slot; who comes anyway waits and is served."""
    async with rig(slots=1) as it:
        it.first.mood = it.second.mood = Mood.HELD
        tasks = [it.ask() for _ in range(3)]
        await it.first.asked.wait()
        await it.second.asked.wait()
        assert it.pool.free_slots == 0
        assert [status.in_flight for status in it.pool.statuses()] == [1, 1]
        assert len(it.first.prompts) + len(it.second.prompts) == 2
        it.first.gate.set()
        it.second.gate.set()
        await asyncio.gather(*tasks)
        assert sum(it.graded) == 3


async def test_unfinished_requests_of_a_dead_server_go_to_the_other() -> None:
    """A server killed in the middle of its requests costs nobody a result."""
    async with rig() as it:
        it.first.mood = Mood.HELD
        tasks = [it.ask() for _ in range(8)]
        await it.first.asked.wait()
        await it.first.kill()
        results = await asyncio.gather(*tasks)
        assert {result.server for result in results} == {"llama3"}
        assert it.graded == [0, 8]
        dead = it.pool.statuses()[0]
        assert (dead.healthy, dead.loaded, dead.in_flight) == (False, False, 0)
        assert dead.last_error is not None


async def test_both_down_is_no_server_and_the_return_is_told() -> None:
    """With nobody left the task is to wait; when a server is back, loaded again, ``on_change`` says so."""
    async with rig() as it:
        it.first.mood = it.second.mood = Mood.HELD
        tasks = [it.ask() for _ in range(4)]
        await it.first.asked.wait()
        await it.second.asked.wait()
        await it.first.kill()
        await it.second.kill()
        for task in tasks:
            with pytest.raises(NoServerError, match=r"mistral.*llama3"):
                await task
        assert (it.pool.servers_up, it.pool.free_slots) == (0, 0)
        it.second.mood = Mood.WELL
        await it.second.start()
        probing = asyncio.create_task(it.pool.run())
        await it.until_up(1)
        probing.cancel()
        assert it.second.in_memory
        assert it.pool.statuses()[1].loaded
        assert (await it.ask()).server == "llama3"


async def test_returned_server_takes_its_turn_again() -> None:
    """After a restart both servers are used as before."""
    async with rig() as it:
        await it.first.kill()
        await asyncio.gather(*(it.ask() for _ in range(4)))
        assert it.graded == [0, 4]
        await it.first.start()
        probing = asyncio.create_task(it.pool.run())
        await it.until_up(2)
        probing.cancel()
        await asyncio.gather(*(it.ask() for _ in range(4)))
        assert it.graded == [2, 6]


async def test_server_that_cannot_load_is_not_used() -> None:
    """A server that answers probes but cannot load its model stays out, with its reason."""
    async with rig() as it:
        await it.first.kill()
        await asyncio.gather(*(it.ask() for _ in range(2)))
        await it.first.start()
        it.first.loads = False
        for _ in range(3):
            await it.probe_all()
        status = it.pool.statuses()[0]
        assert not status.healthy
        assert "out of memory" in (status.last_error or "")


async def test_request_that_fails_everywhere_counts_as_an_attempt() -> None:
    """Living servers that all fail on one request: it may be the request, so it must not go round for ever."""
    async with rig() as it:
        it.first.mood = it.second.mood = Mood.ERROR
        with pytest.raises(ServerStatusError):
            await it.ask()
        assert len(it.first.prompts) == len(it.second.prompts) == 1


async def test_a_request_that_is_too_large_takes_no_server_from_others() -> None:
    """A proxy's 413 fails the one request; the servers stay in use."""
    async with rig() as it:
        it.first.script = it.second.script = [Mood.TOO_LARGE]
        with pytest.raises(RequestRefusedError):
            await it.ask()
        assert it.pool.servers_up == 2
        await asyncio.gather(it.ask(), it.ask())


async def test_busy_servers_are_no_attempt() -> None:
    """503 from all is "later", not a failure of the request."""
    async with rig() as it:
        it.first.mood = it.second.mood = Mood.BUSY
        with pytest.raises(NoServerError):
            await it.ask()


async def test_bad_reply_is_not_taken_to_another_server() -> None:
    """What the model did wrong fails the attempt; the server stays in use."""
    async with rig() as it:
        it.first.mood = Mood.EMPTY
        with pytest.raises(EmptyReplyError):
            await it.ask()
        assert it.pool.servers_up == 2
        assert [status.failures for status in it.pool.statuses()] == [1, 0]


async def test_cancelled_request_frees_its_slot() -> None:
    """A cancelled request is closed at the server, and its slot is free."""
    async with rig() as it:
        it.first.mood = Mood.HELD
        task = it.ask()
        await it.first.asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await it.first.given_up.wait()
        assert it.pool.free_slots == 8


async def test_dead_server_is_probed_ever_more_slowly() -> None:
    """The pool's own loop waits longer after each failed probe, up to its cap."""
    clock = EagerClock()
    async with fake_ollama() as fake:
        pool = ModelPool(configs([fake]), clock)
        await fake.kill()
        probing = asyncio.create_task(pool.run())
        await clock.reached(8)
        probing.cancel()
        await pool.close()
    assert clock.waits[:8] == [1, 2, 4, 8, 16, 30, 30, 30]
