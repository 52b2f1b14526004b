"""The door: as many connections as there is room for, nobody reset, nobody spinning."""

import asyncio
import resource
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from introeval import descriptors
from introeval.door import FAREWELLS, Door, DoorLimits, bind
from introeval.listening import door_limits
from introeval.sections import WebSettings
from scheduler.errors import ConfigurationError
from tests.ops.doorman import Answering

ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def door(limits: DoorLimits) -> AsyncIterator[tuple[Door, int]]:
    """One that answers, and its port."""
    listeners = bind("127.0.0.1", 0)
    made = Door(listeners, Answering, limits, asyncio.get_running_loop())
    try:
        yield made, listeners[0].getsockname()[1]
    finally:
        await made.close()


class Guest:
    """A connection of ours."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def come(cls, port: int, source: str = "127.0.0.1") -> "Guest":
        return cls(*await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0)))

    async def hear(self) -> bytes:
        """All that is said to one who says nothing."""
        said = await self._reader.read()
        self._writer.close()
        await self._writer.wait_closed()
        return said

    async def ask(self) -> bytes:
        """Say something, and return all that is answered."""
        self._writer.write(b"hello")
        said = await self._reader.read()
        self._writer.close()
        await self._writer.wait_closed()
        return said


async def opened(made: Door, count: int) -> None:
    """Give way until so many connections are open."""
    while made.open != count:  # noqa: ASYNC110 - a socket's arrival has no event to wait for
        await asyncio.sleep(0)


async def test_who_finds_no_room_waits_and_is_let_in() -> None:
    """Beyond the limit nobody is accepted and nobody is reset; each is served when somebody has left."""
    async with door(DoorLimits(connections=2, per_client=2)) as (made, port):
        guests = [await Guest.come(port) for _ in range(6)]
        await opened(made, 2)
        late = [asyncio.create_task(guest.ask()) for guest in guests[2:]]
        assert made.open == 2
        assert not any(task.done() for task in late)
        assert [await guest.ask() for guest in guests[:2]] == [b"hello"] * 2
        assert await asyncio.gather(*late) == [b"hello"] * 4
        await opened(made, 0)


async def test_one_client_leaves_room_for_others() -> None:
    """Beyond its share a client hears so, whole, whatever it had sent; another one is served."""
    async with door(DoorLimits(connections=5, per_client=2)) as (made, port):
        held = [await Guest.come(port) for _ in range(2)]
        await opened(made, 2)
        refused = await (await Guest.come(port)).ask()
        assert refused.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
        assert b"\r\nRetry-After: 5\r\n" in refused
        assert refused.endswith(b'"code":"busy"}')
        assert await (await Guest.come(port, "127.0.0.2")).ask() == b"hello"
        assert [await guest.ask() for guest in held] == [b"hello"] * 2
        assert await (await Guest.come(port)).ask() == b"hello"


async def test_who_is_sent_away_takes_nobodys_room() -> None:
    """A client that keeps coming back, as fast as it can, keeps nobody else out; all of it hears why."""
    async with door(DoorLimits(connections=5, per_client=2)) as (made, port):
        held = [await Guest.come(port) for _ in range(2)]
        await opened(made, 2)
        refused = [await (await Guest.come(port)).hear() for _ in range(FAREWELLS + 20)]
        # Those who were sent away linger; they are counted apart.
        assert made.open == 2
        assert made.leaving <= FAREWELLS
        assert {answer[:12] for answer in refused} == {b"HTTP/1.1 503"}
        assert {answer[-14:] for answer in refused} == {b'"code":"busy"}'}
        others = [await Guest.come(port, f"127.0.0.{host}") for host in (2, 3, 4)]
        await opened(made, 5)
        assert await asyncio.gather(*(guest.ask() for guest in others + held)) == [b"hello"] * 5
        await opened(made, 0)


def test_no_descriptor_left_is_survived(capfd: pytest.CaptureFixture[str]) -> None:
    """A process with 8 spare descriptors answers 40 connections that were opened at once, one after the other."""

    assert doormans_answers(8, 4096, 40) == [b"hello"] * 40
    assert capfd.readouterr().err.strip().splitlines()[0] == "no descriptor for a connection"


def test_a_share_under_uvloop(capfd: pytest.CaptureFixture[str]) -> None:
    """The daemon's own loop, whose transports are others: who is beyond the share is told so."""
    answers = doormans_answers(100, 3, 5)
    assert answers[:3] == [b"hello"] * 3
    assert [answer[:12] for answer in answers[3:]] == [b"HTTP/1.1 503"] * 2
    assert capfd.readouterr().err == ""


def doormans_answers(spare: int, per_client: int, guests: int) -> list[bytes]:
    """What so many connections hear that are opened one after the other and then ask, from a process of its own."""

    async def crowd(port: int) -> list[bytes]:
        there = [await Guest.come(port) for _ in range(guests)]
        return await asyncio.gather(*(guest.ask() for guest in there))

    command = [sys.executable, "-m", "tests.ops.doorman", str(spare), str(per_client)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as doorman:
        assert doorman.stdout is not None
        answers = asyncio.run(crowd(int(doorman.stdout.readline())))
        doorman.communicate(b"")
    assert doorman.returncode == 0
    return answers


def test_connections_follow_from_the_limit_of_descriptors(caplog: pytest.LogCaptureFixture) -> None:
    """The limit is raised as far as it may be; where that is too low, there are fewer, and the log says so."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
        limits = door_limits(WebSettings(max_connections=500, max_connections_per_client=400))
        assert (limits.connections, limits.per_client) == (500, 400)
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (500 + descriptors.RESERVE, hard)
        assert not caplog.records
        short = door_limits(WebSettings(max_connections=hard + 1, max_connections_per_client=hard + 1))
        assert short.connections == short.per_client == hard - descriptors.RESERVE
        assert "limit of open files is too low" in caplog.text
        share = door_limits(WebSettings(max_connections=4 * hard, max_connections_per_client=3 * hard))
        assert share.connections == hard - descriptors.RESERVE
        assert share.per_client == share.connections * 3 // 4
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert descriptors.connections_within(100, 4096) == 16
    assert descriptors.longest_backlog(1) == 1


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    """Said in a sentence; nothing stays open."""
    (listener,) = bind("127.0.0.1", 0)
    with listener, pytest.raises(ConfigurationError, match="Address already in use"):
        bind("127.0.0.1", listener.getsockname()[1])


def test_an_address_that_is_not_here() -> None:
    """Of no machine (TEST-NET-1, RFC 5737): said in a sentence; a name with several needs one that is."""
    with pytest.raises(ConfigurationError, match="Cannot assign requested address"):
        bind("192.0.2.1", 0)
    listeners = bind("localhost", 0)
    assert listeners
    for listener in listeners:
        listener.close()
