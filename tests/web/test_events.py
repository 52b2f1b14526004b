"""``GET /api/v1/events``: resumable, anonymous, ends at shutdown."""

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from introeval.web.status_schema import EventBody
from tests.web.bodies import problem
from tests.web.running import Room, running

EVENTS = "/api/v1/events"


async def take(answer: aiohttp.ClientResponse, count: int) -> list[dict[str, Any]]:
    """The next events of a stream."""
    found: list[dict[str, Any]] = []
    while len(found) < count:
        block = (await answer.content.readuntil(b"\n\n")).decode()
        fields = dict(line.split(": ", 1) for line in block.strip().split("\n"))
        if "data" in fields:
            body = json.loads(fields["data"])
            assert body["id"] == int(fields["id"])
            EventBody.model_validate(body)
            found.append(body)
    return found


async def stream(room: Room, query: str = "", **headers: str) -> aiohttp.ClientResponse:
    """Open a stream."""
    answer = await room.client.get(EVENTS + query, headers=headers)
    assert (answer.status, answer.content_type) == (200, "text/event-stream")
    return answer


async def test_live_events(tmp_path: Path) -> None:
    """Without an id, a stream begins now; it tells of what is committed, without names."""
    async with running(tmp_path) as room:
        await room.accepted(name="Earlier Person")
        answer = await stream(room)
        task_id = await room.accepted(name="Asha Rao")
        await room.transcribe(task_id, [])
        events = await take(answer, 3)
        assert [event["kind"] for event in events] == ["accepted", "started", "transcribed"]
        assert {event["task_id"] for event in events} == {task_id}
        assert "Asha" not in json.dumps(events)


async def test_resume(tmp_path: Path) -> None:
    """A client that says what it saw last misses nothing and sees nothing twice."""
    async with running(tmp_path) as room:
        ids = [await room.accepted() for _ in range(5)]
        everything = await take(await stream(room, "?after=0"), 5)
        header = await take(await stream(room, "?after=0", **{"Last-Event-ID": str(everything[2]["id"])}), 2)
        assert [event["task_id"] for event in everything] == ids
        assert header == everything[3:]


async def test_other_students_stay_unknown(tmp_path: Path) -> None:
    """A student's page hears that something happened, not to whom."""
    async with running(tmp_path) as room:
        mine, other = await room.accepted(), await room.accepted()
        events = await take(await stream(room, f"?after=0&submission={mine}"), 2)
        assert [event["task_id"] for event in events] == [mine, None]
        assert other not in json.dumps(events)


async def test_heartbeat(tmp_path: Path) -> None:
    """A quiet stream says that it is still there."""
    async with running(tmp_path, heartbeat_seconds=0.0) as room:
        answer = await stream(room)
        assert await answer.content.readuntil(b"\n\n") == b"retry: 2000\n\n"
        assert await answer.content.readuntil(b"\n\n") == b": still here\n\n"


async def test_stop_ends_streams(tmp_path: Path) -> None:
    """Shutdown never waits for a browser; later requests are told to come back."""
    async with running(tmp_path) as room:
        answers = [await stream(room) for _ in range(3)]
        room.context.stop.set()
        for answer in answers:
            assert (await answer.read()).startswith(b"retry")
        assert await problem(await room.client.get(EVENTS)) == (503, "stopping")
        assert await problem(await room.hand_in()) == (503, "stopping")


async def test_head_is_not_offered(tmp_path: Path) -> None:
    """A HEAD would never end."""
    async with running(tmp_path) as room:
        assert (await room.client.head(EVENTS)).status == 405


async def test_a_client_that_leaves_is_forgotten(tmp_path: Path) -> None:
    """No subscription outlives its connection."""
    async with running(tmp_path) as room:
        answer = await stream(room)
        assert len(room.context.commits) == 1
        answer.close()
        while len(room.context.commits):
            await room.accepted()
            await asyncio.sleep(0)


@pytest.mark.parametrize("query", ["?after=-1", "?after=x", "?after=99999999999999999999"])
async def test_wrong_position(tmp_path: Path, query: str) -> None:
    """A position is a whole number."""
    async with running(tmp_path) as room:
        assert await problem(await room.client.get(EVENTS + query)) == (400, "bad_parameter")
        answer = await room.client.get(EVENTS, headers={"Last-Event-ID": "x1"})
        assert await problem(answer) == (400, "bad_parameter")
