"""The event stream: what the parser makes of lines, and following a daemon through changes and cuts."""

import asyncio
from pathlib import Path

from introeval.client import UnreachableError, connect
from introeval.client.follow import Rhythm, Seen, View, follow
from introeval.client.sse import EventParser, StreamEvent
from tests.web.running import Room, running


def fed(*lines: str) -> list[StreamEvent]:
    """The events of these lines."""
    parser = EventParser()
    return [event for line in lines if (event := parser.feed(line))]


def test_an_event_ends_at_an_empty_line() -> None:
    """Data lines are joined, one blank after the colon is no data, the id stays for later events."""
    assert fed("id: 7", "event: task", "data: a", "data:  b", "", "data:c", "") == [
        StreamEvent("task", "a\n b", "7"),
        StreamEvent("message", "c", "7"),
    ]


def test_heartbeats_and_unknown_fields_are_no_events() -> None:
    """Comments keep the line alive and say nothing."""
    assert fed(": still here", "", "retry: 2000", "", "id: 3", "", "strange") == []


async def test_events_are_resumed_from_the_last_id(tmp_path: Path) -> None:
    """What happened after the given event is sent at once."""
    async with running(tmp_path / "state") as room:
        await room.accepted()
        await room.accepted(roll_number="R-18")
        async with connect(address(room)) as api:
            events = api.events("1")
            first = await anext(events)
            await events.aclose()
    assert first.id == "2"


async def test_following_sees_each_change_without_waiting_for_the_poll(tmp_path: Path) -> None:
    """A change arrives through the stream: the poll is an hour away."""
    async with running(tmp_path / "state") as room, connect(address(room)) as api:
        task_id = await room.accepted()
        seen: list[str] = []
        changing: list[asyncio.Task[None]] = []

        def on_seen(now: Seen) -> bool:
            assert isinstance(now, View)
            seen.append(now.submissions[0].current_phase)
            if not changing:
                changing.append(asyncio.create_task(room.transcribe(task_id, [])))
            return seen[-1] == "llm"

        await follow(api, on_seen, submissions=True, rhythm=Rhythm(gap=0, poll=3600))
        await changing[0]
    assert (seen[0], seen[-1]) == ("stt", "llm")


async def test_a_daemon_that_is_away_is_waited_for(tmp_path: Path, unused_tcp_port: int) -> None:
    """The look says why there is nothing to see, and following goes on."""
    seen: list[Seen] = []

    def on_seen(now: Seen) -> bool:
        seen.append(now)
        return len(seen) == 2

    async with connect(f"http://127.0.0.1:{unused_tcp_port}") as api:
        await follow(api, on_seen, rhythm=Rhythm(gap=0, poll=0, reconnect=0))
    assert [type(now) for now in seen] == [UnreachableError, UnreachableError]


def address(room: Room) -> str:
    """Where the room serves."""
    return str(room.client.make_url("")).rstrip("/")
