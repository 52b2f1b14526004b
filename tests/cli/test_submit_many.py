"""Handing several files in: repeats, refusals, and how many at once."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from introeval.cli.submit import Ending, submit_all
from introeval.client import connect
from introeval.client.upload import Patience, send
from introeval.web.context import UploadLimits
from tests.cli.uploads import videos
from tests.web.running import VIDEO, Room, running


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    """The real web application with real tables."""
    async with running(tmp_path / "state") as opened:
        yield opened


def url_of(room: Room) -> str:
    """Where the room serves."""
    return str(room.client.make_url("")).rstrip("/")


async def test_a_repeated_command_sends_only_what_is_missing(room: Room, tmp_path: Path) -> None:
    """After a cut, what is there is recognised, the rest is sent, and nothing comes twice."""
    chosen = videos(tmp_path / "v", "a.mp4", "b.mp4", "c.mp4")
    async with connect(url_of(room)) as api:
        first = await submit_all(api, chosen[:2], 2)
        again = await submit_all(api, chosen, 2)
        assert len(await api.submissions()) == 3
    assert [outcome.ending for outcome in first] == [Ending.ACCEPTED, Ending.ACCEPTED]
    assert [o.ending for o in again] == [Ending.ALREADY, Ending.ALREADY, Ending.ACCEPTED]
    assert [outcome.detail for outcome in again[:2]] == [outcome.detail for outcome in first]
    assert len(room.files) == 3


async def test_a_known_file_is_not_uploaded_again(room: Room, tmp_path: Path) -> None:
    """The daemon answers a known key before the body has crossed the line."""
    (entry,) = videos(tmp_path / "v", "big.mp4", content=VIDEO + bytes(32 << 20))
    async with connect(url_of(room)) as api:
        await send(api, entry)
        read: list[int] = []
        receipt = await send(api, entry, on_bytes=read.append)
    assert not receipt.created
    assert max(read) < (32 << 20)


async def test_a_refused_file_does_not_hold_up_the_others(room: Room, tmp_path: Path) -> None:
    """Its problem's detail is its outcome."""
    folder = tmp_path / "v"
    good = videos(folder, "a.mp4", "c.mp4")
    (bad,) = videos(folder, "b.mp4", content=b"text")
    async with connect(url_of(room)) as api:
        outcomes = await submit_all(api, [good[0], bad, good[1]], 1)
    assert [o.ending for o in outcomes] == [Ending.ACCEPTED, Ending.REFUSED, Ending.ACCEPTED]
    assert outcomes[1].detail == "This file is not a video."


async def test_a_file_that_vanished_is_told(room: Room, tmp_path: Path) -> None:
    """Between the listing and the sending a file can go."""
    (entry,) = videos(tmp_path / "v", "a.mp4")
    entry.path.unlink()
    async with connect(url_of(room)) as api:
        (outcome,) = await submit_all(api, [entry], 1)
    assert (outcome.ending, outcome.detail) == (
        Ending.NOT_SENT,
        "it cannot be read: No such file or directory",
    )


async def test_a_full_queue_is_waited_for(tmp_path: Path) -> None:
    """The refusal comes before the body is sent; when there is room, the same file is accepted."""
    limits = UploadLimits(max_queue=1, reserve_bytes=0)
    first, second = videos(tmp_path / "v", "a.mp4", "b.mp4")
    pauses: list[float] = []
    read: list[int] = []
    async with running(tmp_path / "state", limits) as room, connect(url_of(room)) as api:
        earlier = await send(api, first)

        async def end_the_first(seconds: float) -> None:
            pauses.append(seconds)
            assert set(read) == {0}
            await room.transcribe(earlier.id, [])
            await room.grade(earlier.id, {"score": 1.0})

        receipt = await send(api, second, on_bytes=read.append, sleep=end_the_first)
    assert receipt.created
    assert len(pauses) == 1
    assert pauses[0] >= 5


async def test_when_nobody_is_there_the_rest_is_not_tried(tmp_path: Path, unused_tcp_port: int) -> None:
    """One unreachable daemon is not found out thirty times."""
    chosen = videos(tmp_path / "v", "a.mp4", "b.mp4", "c.mp4")
    async with connect(f"http://127.0.0.1:{unused_tcp_port}") as api:
        outcomes = await submit_all(api, chosen, 1, patience=Patience(attempts=1))
    assert {outcome.ending for outcome in outcomes} == {Ending.NOT_SENT}
    assert "introeval serve" in outcomes[2].detail


async def test_jobs_bound_the_uploads_at_once(tmp_path: Path) -> None:
    """With two jobs, a third upload begins only when one has ended."""
    inside, most, full = 0, 0, asyncio.Event()

    async def slow(request: web.Request) -> web.StreamResponse:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        if inside == 2:
            full.set()
        await full.wait()
        await request.read()
        inside -= 1
        return web.json_response({"id": "t"}, status=201)

    app = web.Application()
    app.router.add_post("/api/v1/submissions", slow)
    async with TestServer(app) as server, connect(str(server.make_url(""))) as api:
        await submit_all(api, videos(tmp_path / "v", *(f"{n}.mp4" for n in range(6))), 2)
    assert most == 2
