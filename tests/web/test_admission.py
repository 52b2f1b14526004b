"""Back-pressure: who is not read now is told when to come back, gets the answer whole, and is taken in in the end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest
from aiohttp import StreamReader
from aiohttp.base_protocol import BaseProtocol

from db.views import Filter
from introeval.listening import listen
from introeval.sections import WebSettings
from introeval.settings import Settings
from introeval.web.context import UploadLimits
from introeval.web.form import Patience
from introeval.web.pace import Pace
from introeval.web.places import PlaceLimits
from introeval.web.problems import ProblemError
from tests.web.bodies import FILE, NAME, ROLL, UPLOAD, multipart
from tests.web.crowd import Crowd, Kind, answer, mixed
from tests.web.running import VIDEO, Room, running
from tests.web.turns import Turns

SEED = 20260701
MOST = 600.0
BODY = multipart(ROLL, NAME, (FILE[0], VIDEO + bytes(400_000)))
"""Longer than what is read at a time, so that half of it holds the fields."""


def limits(**places: Any) -> UploadLimits:
    """``places``: as ``PlaceLimits``; nobody else is refused."""
    return UploadLimits(reserve_bytes=0, max_queue=10_000, places=PlaceLimits(**places))


def head(length: int, *more: str) -> bytes:
    """Of an upload, by hand."""
    lines = (
        f"POST {UPLOAD} HTTP/1.1",
        "Host: lab",
        "Content-Type: multipart/form-data; boundary=BOUND",
        f"Content-Length: {length}",
        *more,
    )
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode()


@asynccontextmanager
async def connection(room: Room) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A raw connection to the room."""
    reader, writer = await asyncio.open_connection(room.client.host, room.client.port)
    try:
        yield reader, writer
    finally:
        writer.close()
        await writer.wait_closed()


@asynccontextmanager
async def reading(room: Room, lines: tuple[str, ...] = ()) -> AsyncIterator[asyncio.StreamWriter]:
    """An upload in the middle of its body: it has a place, for the server has begun its file."""
    before = len(room.files)
    async with connection(room) as (_, writer):
        writer.write(head(len(BODY), *lines) + BODY[: len(BODY) // 2])
        while len(room.files) == before:  # noqa: ASYNC110 - a folder has no event to wait for
            await asyncio.sleep(0)
        yield writer


@asynccontextmanager
async def invited(room: Room) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """An upload that was told to go on. A place is free again a moment after its last holder has left."""
    while True:
        async with connection(room) as (reader, writer):
            writer.write(head(len(BODY), "Expect: 100-continue"))
            if (await answer(reader))[0] == "100":
                yield reader, writer
                return


async def standing(room: Room, count: int) -> None:
    """Give way until so many stand in the line."""
    while f"introeval_uploads_waiting {count}.0" not in await (await room.client.get("/metrics")).text():
        pass


async def test_no_place_and_no_line(tmp_path: Path) -> None:
    """503 with a time, before the body is read; pages and events are served meanwhile; then there is a place."""
    async with running(tmp_path, limits(places=1, line=0)) as room:
        async with reading(room):
            refused = await room.hand_in()
            assert (refused.status, (await refused.json())["code"]) == (503, "busy")
            assert 1 <= int(refused.headers["Retry-After"]) <= 300
            for path in ("/", "/submit", "/api/v1/status", "/healthz", "/readyz", "/metrics"):
                assert (await room.client.get(path)).status == 200
            async with room.client.get("/api/v1/events") as events:
                assert (events.status, await events.content.readline()) == (200, b"retry: 2000\n")
            lines = (await (await room.client.get("/metrics")).text()).splitlines()
            assert 'introeval_refusals_total{code="busy"} 1.0' in lines
            assert {"introeval_uploads_reading 1.0", "introeval_uploads_waiting 0.0"} <= set(lines)
        # The one in mid body has gone, and leaves nothing behind.
        while (await room.hand_in()).status != 201:
            pass
        assert len(room.files) == 1


async def test_a_place_is_waited_for(tmp_path: Path) -> None:
    """Whoever stands in the line is read when a place is free, and hears nothing of having waited."""
    async with running(tmp_path, limits(places=1, line=1, line_per_client=1, line_seconds=MOST)) as room:
        async with reading(room) as first:
            second = asyncio.create_task(room.hand_in(roll_number="R-18"))
            await standing(room, 1)
            assert (await room.hand_in(roll_number="R-19")).status == 503
            assert not second.done()
            first.write(BODY[len(BODY) // 2 :])
            assert (await second).status == 201
        assert len(room.files) == 2


async def test_the_line_ends_with_the_service(tmp_path: Path) -> None:
    """Nobody waits for a place in a service that stops: 503, and when to come back."""
    small = limits(places=1, line=1, line_per_client=1, line_seconds=MOST)
    async with running(tmp_path, small) as room, reading(room):
        second = asyncio.create_task(room.hand_in(roll_number="R-18"))
        await standing(room, 1)
        room.context.stop.set()
        refused = await second
        assert (refused.status, (await refused.json())["code"]) == (503, "stopping")
        assert int(refused.headers["Retry-After"]) >= 15


async def test_who_asks_first_need_not_send(tmp_path: Path) -> None:
    """``Expect: 100-continue``: the refusal instead of the invitation; the place is held from the invitation on."""
    async with running(tmp_path, limits(places=1, line=0)) as room:
        async with reading(room), connection(room) as (reader, writer):
            writer.write(head(len(BODY), "Expect: 100-continue"))
            assert (await answer(reader))[0] == "503"
        async with invited(room) as (reader, writer):
            assert (await room.hand_in(roll_number="R-18")).status == 503
            writer.write(BODY)
            assert (await answer(reader))[0] == "201"
        async with invited(room):
            pass
        # It left after the invitation: its place is free again.
        while (await room.hand_in(roll_number="R-18")).status != 201:
            pass


async def test_who_is_sending_already_gets_the_answer(tmp_path: Path) -> None:
    """A program that writes all of 30 MB before it reads finds the whole refusal, not a reset."""
    small = limits(places=1, line=0)
    async with running(tmp_path, small) as room, reading(room), connection(room) as (reader, writer):
        large = 30_000_000
        writer.write(head(large))
        for _ in range(large // 100_000):
            writer.write(b"x" * 100_000)
            await writer.drain()
        status, headers, body = await answer(reader)
        assert (status, b'"code":"busy"' in body) == ("503", True)
        assert int(headers["retry-after"]) >= 1


async def test_a_roll_number_has_its_share(tmp_path: Path) -> None:
    """A script that hands in again and again meets 429, others do not."""
    async with running(tmp_path, limits(places=9, per_client=9, per_student=1)) as room:
        async with reading(room):
            # From the moment on in which the first one's roll number was read.
            while (refused := await room.hand_in()).status == 201:
                pass
            assert (refused.status, (await refused.json())["code"]) == (429, "too_many_uploads")
            assert int(refused.headers["Retry-After"]) >= 1
            assert (await room.hand_in(roll_number="R-18")).status == 201
        while (await room.hand_in()).status != 201:
            pass


async def test_a_large_document_needs_a_place(tmp_path: Path) -> None:
    """It is held whole until it is understood; a small one is read while uploads are at their limit."""
    kind = {"Content-Type": "application/json"}
    async with running(tmp_path, limits(places=1, line=0)) as room:
        for _ in range(2):
            too_large = await room.client.post("/sessions", data=b" " * 600_000, headers=kind)
            assert too_large.status == 413
        async with reading(room):
            refused = await room.client.post("/sessions", data=b" " * 100_000, headers=kind)
            assert (refused.status, (await refused.json())["code"]) == (503, "busy")
            assert (await room.client.post("/sessions", data=b"{}", headers=kind)).status == 201


async def test_a_body_that_trickles_is_cut() -> None:
    """Every chunk comes in time, and still not enough of them."""
    reader = StreamReader(BaseProtocol(asyncio.get_running_loop()), 2**16)
    patience = Patience(reader, MOST, Pace(1e12, window=1e-9))
    reader.feed_data(b"x" * 10)
    with pytest.raises(ProblemError, match="too slowly") as caught:
        async with patience.reading():
            await reader.readany()
    assert (caught.value.problem, caught.value.headers) == ("upload_stalled", {"Connection": "close"})


async def test_a_full_disk_says_so(tmp_path: Path) -> None:
    """507 with a sentence and a time, without a byte being read; the pages are served."""
    async with running(tmp_path, UploadLimits(reserve_bytes=2**60)) as room:
        async with connection(room) as (reader, writer):
            writer.write(head(len(BODY), "Expect: 100-continue"))
            status, headers, body = await answer(reader)
        assert (status, b"The server's disk is full" in body) == ("507", True)
        assert int(headers["retry-after"]) >= 1
        assert (await room.client.get("/")).status == 200


async def test_a_crowd_is_taken_in(tmp_path: Path) -> None:
    """150 clients at once, slow, leaving and slowloris ones among them, at a door for 60 and places for 6.

    Each student's work is accepted exactly once, many after having been told to come back; none meets a reset. The
    seed is printed.
    """
    print(f"seed {SEED}")
    small = limits(places=6, per_client=4, line=12, line_per_client=8, line_seconds=0.2)
    async with running(tmp_path, small) as room, AsyncExitStack() as stack:
        web = WebSettings(max_connections=60, max_connections_per_client=50, head_seconds=0.5)
        port = int((await listen(stack, Settings(port=0, web=web), room.context)).rsplit(":", 1)[1])
        files = tuple((f"{n}.mp4", VIDEO + bytes([n]) * 30_000 * n) for n in range(1, 6))
        sources = ("127.0.0.1", "127.0.0.1", "127.0.0.2")
        crowd = Crowd(
            host="127.0.0.1",
            port=port,
            files=files,
            seed=SEED,
            time=Turns(),
            pieces=4,
            sources=sources,
        )
        kinds = mixed(150, Random(SEED))
        tally = await crowd.come(kinds, until_cut=True)
        students = {f"R-{at:05d}" for at, kind in enumerate(kinds) if kind is not Kind.SLOTH}
        page = await room.context.views.submissions(Filter(), 1000, 0)
        assert tally.resets == []
        assert tally.ids.keys() == students
        assert {found.task.roll_number: found.task.id for found in page} == tally.ids
        assert len(page) == len(students)
        assert room.files == sorted(f"{task_id}.bin" for task_id in tally.ids.values())
        assert tally.answers["503"] > 0
        assert tally.cut_sloths > 0
        for found in page:
            content = await asyncio.to_thread(Path(found.task.video_path).read_bytes)
            assert content == files[int(found.task.roll_number[2:]) % len(files)][1]
