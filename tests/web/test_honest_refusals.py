"""What an answer says of what was stored is true: of a form, of an upload in pieces, and behind the commit."""

import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from db.database import FILE_NAME
from db.errors import UncertainCommitError
from introeval.client import Api, connect
from introeval.client.upload import Entry, send
from introeval.web.context import UploadLimits
from introeval.web.problems import PIECES, UNCERTAIN, WHOLE, body_of
from scheduler.errors import NoRoomError, StateError
from tests.web.bodies import problem
from tests.web.running import VIDEO, Room, running
from tests.web.tusing import begun, create, offset, patch

FULL = UploadLimits(reserve_bytes=2**60)
KEY = "asha-1"


async def test_a_full_disk_keeps_what_arrived(tmp_path: Path) -> None:
    """507: of a form nothing is stored, of an upload in pieces all that was told; the sentences say so."""
    async with running(tmp_path) as room:
        path = await begun(room)
        assert (await patch(room, path, VIDEO[:1000])).status == 204
    async with running(tmp_path, FULL) as room:
        for answer in (await patch(room, path, VIDEO[1000:], 1000), await create(room)):
            assert (answer.status, (await answer.json())["detail"]) == (507, PIECES.full)
        assert await offset(room, path) == 1000
        answer = await room.hand_in()
        assert (answer.status, (await answer.json())["detail"]) == (507, WHOLE.full)
        assert room.files == [f"{path.rsplit('/', 1)[1]}.part"]
    async with running(tmp_path) as room:
        assert (await patch(room, path, VIDEO[1000:], 1000)).status == 204


def test_words() -> None:
    """Nothing is promised of a commit that nobody knows the end of."""
    assert body_of(NoRoomError("x"), PIECES).detail == PIECES.full
    assert body_of(StateError("x"), PIECES).detail == PIECES.later
    assert body_of(StateError("x"), WHOLE).detail == WHOLE.later
    assert body_of(UncertainCommitError("x"), WHOLE).detail == UNCERTAIN
    assert "othing" not in body_of(StateError("x")).detail + body_of(NoRoomError("x")).detail


def sabotage(room: Room) -> Callable[[], None]:
    """From the next commit on a table is missing that a submission is read with; call what is returned to mend it."""
    path = room.context.state_dir / FILE_NAME
    armed = [True]

    def rename(old: str, new: str) -> None:
        with sqlite3.connect(path) as connection:
            connection.execute(f"ALTER TABLE {old} RENAME TO {new}")
        connection.close()

    def committed() -> None:
        if armed and armed.pop():
            rename("failures", "failures_hidden")

    room.database.on_commit(committed)
    return lambda: rename("failures_hidden", "failures")


async def test_what_was_committed_is_answered_as_accepted(tmp_path: Path) -> None:
    """The tables cannot be read behind the commit: 201 and where it is, with what is known of it."""
    async with running(tmp_path) as room:
        mend = sabotage(room)
        answer = await room.hand_in(key=KEY)
        body = await answer.json()
        assert answer.status == 201
        assert answer.headers["Location"] == f"/api/v1/submissions/{body['id']}"
        assert (body["roll_number"], body["current_phase"], body["status"]) == ("R-17", "stt", "pending")
        assert room.files == [f"{body['id']}.bin"]
        # A repeat knows less of it: what became of it meanwhile. Where it is, it knows.
        again = await room.hand_in(key=KEY)
        assert await problem(again) == (503, "unavailable")
        assert again.headers["Location"] == answer.headers["Location"]
        assert f"is stored, as {body['id']}" in (await again.json())["detail"]
        mend()
        assert (await room.hand_in(key=KEY)).status == 200
        found = await (await room.client.get(answer.headers["Location"])).json()
        assert {name: found[name] for name in ("id", "created_at", "file_name")} == {
            name: body[name] for name in ("id", "created_at", "file_name")
        }


@pytest.mark.parametrize("size", [3000, 5_000_000])
async def test_the_command_waits_for_room_on_the_disk(tmp_path: Path, size: int) -> None:
    """507 is no refusal for good: in one request and in pieces it waits as it is asked to, and hands in then."""
    file = tmp_path / "intro.mp4"
    file.write_bytes(VIDEO[:12] + bytes(size))
    disk = tmp_path / "disk"
    rooms = [UploadLimits(reserve_bytes=2**60), UploadLimits(reserve_bytes=0)]
    waits: list[tuple[float, str]] = []
    async with running(disk, rooms[0]) as full, running(disk, rooms[1]) as room:
        urls = [str(each.client.make_url("")).rstrip("/") for each in (full, room)]
        async with connect(urls[0]) as api:

            async def made_room(seconds: float) -> None:
                api.base_url = urls[1]

            await _handed_in(api, file, waits, made_room)
        assert len(room.files) == 1
    assert [seconds for seconds, _ in waits] == [60.0]
    assert "disk is full" in waits[0][1]


async def _handed_in(
    api: Api, file: Path, waits: list[tuple[float, str]], sleep: Callable[[float], Awaitable[None]]
) -> None:
    await send(
        api,
        Entry(path=file, roll_number="R-17"),
        on_wait=lambda seconds, reason: waits.append((seconds, reason)),
        sleep=sleep,
    )
