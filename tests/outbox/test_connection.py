"""Addresses are checked where the connection is made: names that lie, change or hang gain nothing."""

import asyncio
import re
import socket
import threading
from pathlib import Path

import pytest
from aiohttp import AddrInfoType

from introeval.outbox.connection import CheckedResolver, Lookup
from introeval.outbox.decision import Attempt
from introeval.outbox.sender import Sender
from tests.outbox.college import College, college
from tests.outbox.rig import Rig, rig


def info(address: str, port: int) -> AddrInfoType:
    """As ``getaddrinfo`` gives it."""
    if ":" in address:
        return (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (address, port, 0, 0))
    return (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))


def naming(*rounds: tuple[str, ...]) -> Lookup:
    """A name server that gives these addresses, one tuple for each lookup."""
    left = iter(rounds)
    return lambda host, port: [info(address, port) for address in next(left)]


async def send(made: Rig, url: str, lookup: Lookup | None = None, allow_private: bool = False) -> Attempt:
    """One try at one message."""
    resolver = CheckedResolver(allow_private, *((lookup,) if lookup else ()))
    receiver = made.receiver(url=url, allow_private=allow_private)
    await made.tell("a")
    (message,) = await made.outbox.due(made.clock.now(), 1)
    async with Sender(receiver, made.clock, resolver) as sender:
        return await sender.send(message)


def at(school: College, host: str) -> str:
    """The college under another name."""
    return f"http://{host}:{school.port}/hooks"


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "017700000001",
        "0",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:ffff:7f00:0001]",
        "[64:ff9b::7f00:1]",
        "[fe80::1%25lo]",
        "localhost",
        "LocalHost",
        "127。0。0。1",
        "①②⑦.0.0.1",
    ],
)
async def test_this_machine_cannot_be_called(tmp_path: Path, host: str) -> None:
    """However its address is written, looked up by the machine's own name service; nothing arrives."""
    async with college() as school, rig(tmp_path, school) as made:
        attempt = await send(made, at(school, host))
        assert (attempt.status, school.heard) == (None, [])
        assert re.search(r" is (loopback|unspecified|link-local|not valid): ", attempt.reason)


async def test_a_refused_address_says_what_to_do(tmp_path: Path) -> None:
    """The name, the address, its kind, and the setting; for a metadata service there is no setting."""
    async with college() as school, rig(tmp_path, school) as made:
        private = await send(made, at(school, "results.example"), naming(("127.0.0.1",)))
        assert private.reason == (
            "results.example stands for 127.0.0.1, which is loopback: correct webhook.url, or set "
            "webhook.allow_private if the receiver is inside your own network."
        )
        never = await send(made, at(school, "results.example"), naming(("169.254.169.254",)), True)
        assert never.reason.endswith("which is a metadata service of a cloud: correct webhook.url.")


@pytest.mark.parametrize(
    "addresses",
    [("93.184.216.34", "127.0.0.1"), ("127.0.0.1", "93.184.216.34"), ("2606:4700::1", "::ffff:127.0.0.1")],
)
async def test_one_bad_address_spoils_the_name(tmp_path: Path, addresses: tuple[str, ...]) -> None:
    """A name that stands for the Internet and for this machine is refused as a whole."""
    async with college() as school, rig(tmp_path, school) as made:
        attempt = await send(made, at(school, "results.example"), naming(addresses))
        assert "webhook.allow_private" in attempt.reason
        assert school.heard == []


async def test_a_name_that_changes_is_checked_again(tmp_path: Path) -> None:
    """DNS rebinding: allowed at the first connection, refused at the second, because each is looked up and checked."""
    rounds = (("127.0.0.1",), ("169.254.169.254",), ("127.0.0.1",))
    resolver = CheckedResolver(True, naming(*rounds))
    async with college() as school, rig(tmp_path, school) as made:
        await made.tell("a")
        (message,) = await made.outbox.due(made.clock.now(), 1)
        receiver = made.receiver(url=at(school, "results.example"))
        async with Sender(receiver, made.clock, resolver) as sender:
            attempts = [await sender.send(message) for _ in rounds]
        assert [attempt.status for attempt in attempts] == [204, None, 204]
        assert [heard.headers["Host"] for heard in school.heard] == [f"results.example:{school.port}"] * 2


async def test_the_checked_address_is_the_one_that_is_called(tmp_path: Path) -> None:
    """The name stands for nothing in the machine's own name service: only the checked answer leads anywhere."""
    async with college() as school, rig(tmp_path, school) as made:
        attempt = await send(made, at(school, "results.invalid"), naming(("127.0.0.1",)), True)
        assert attempt.status == 204
        assert (await send(made, at(school, "results.invalid"), None, True)).reason == (
            "The receiver's name cannot be looked up."
        )


async def test_a_private_receiver_is_reached_when_allowed(tmp_path: Path) -> None:
    """By address and by name."""
    async with college() as school, rig(tmp_path, school) as made:
        assert (await send(made, at(school, "127.0.0.1"), None, True)).status == 204
        assert (await send(made, at(school, "localhost"), naming(("127.0.0.1",)), True)).status == 204


async def test_a_name_server_that_hangs_holds_one_thread(tmp_path: Path) -> None:
    """The try ends in its time; a second one shares the open lookup; what others look up goes on."""
    release, asked = threading.Event(), list[str]()

    def hang(host: str, port: int) -> list[AddrInfoType]:
        asked.append(host)
        release.wait()
        return []

    resolver = CheckedResolver(True, hang)
    async with college() as school, rig(tmp_path, school) as made:
        await made.tell("a")
        (message,) = await made.outbox.due(made.clock.now(), 1)
        receiver = made.receiver(url=at(school, "results.example"), connect_seconds=0.05)
        async with Sender(receiver, made.clock, resolver) as sender:
            attempts = await asyncio.gather(*(sender.send(message) for _ in range(3)))
        assert {attempt.reason for attempt in attempts} == {"The receiver did not answer in time."}
        assert asked == ["results.example"]
        assert await asyncio.get_running_loop().getaddrinfo("127.0.0.1", 80)
    release.set()
