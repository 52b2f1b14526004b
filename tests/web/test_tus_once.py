"""One finished upload makes one submission (or one refusal), whatever is lost: the last answer, or the process."""

import asyncio
import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from introeval.clock import SystemClock
from introeval.web.context import UploadLimits
from introeval.web.storage import StorageError, UploadRoom, part_of
from tests.web.bodies import problem, stored
from tests.web.running import VIDEO, Room, running, until
from tests.web.running import probe as real_probe
from tests.web.tusing import (
    FILES,
    VERSION,
    Line,
    begun,
    create,
    head,
    metadata,
    offset,
    patch,
    state,
    until_stored,
)

SHA256 = hashlib.sha256(VIDEO).hexdigest()


class Tomorrow(SystemClock):
    """Two days later."""

    def now(self) -> float:
        return super().now() + 2 * 86_400


async def submissions(room: Room) -> list[str]:
    """The ids of all submissions."""
    answer = await room.client.get("/api/v1/submissions")
    return [item["id"] for item in (await answer.json())["items"]]


async def test_the_last_answer_is_lost(tmp_path: Path) -> None:
    """The client vanishes after its last byte; whoever asks later is told of the one submission."""
    async with running(tmp_path) as room:
        path = await begun(room)
        line = await Line.patching(room, path, 0, len(VIDEO))
        await line.send(VIDEO)
        await line.end()
        await until_stored(room, path, len(VIDEO))
        answers = [await patch(room, path, b"", len(VIDEO)) for _ in range(3)]
        answers.append(await head(room, path))
        assert [answer.status for answer in answers] == [204, 204, 204, 200]
        assert {answer.headers["Introeval-Submission"] for answer in answers} == set(await submissions(room))
        assert len(room.woken) == 1


async def test_all_ask_at_once_while_it_is_looked_into(tmp_path: Path) -> None:
    """They wait for the one look, and hear the same."""
    looked: list[str] = []
    begun_to_look, may_end = asyncio.Event(), asyncio.Event()

    async def probe(path: Path, name: str) -> float:
        looked.append(name)
        begun_to_look.set()
        await may_end.wait()
        return await real_probe(path, name)

    async with running(tmp_path, probe=probe) as room:
        path = await begun(room)
        asked = [asyncio.ensure_future(patch(room, path, VIDEO))]
        await begun_to_look.wait()
        asked += [asyncio.ensure_future(head(room, path)) for _ in range(5)]
        asked += [asyncio.ensure_future(patch(room, path, b"", len(VIDEO))) for _ in range(3)]
        may_end.set()
        answers = await asyncio.gather(*asked)
        assert [answer.status for answer in answers] == [204] + [200] * 5 + [204] * 3
        assert {answer.headers["Introeval-Submission"] for answer in answers} == set(await submissions(room))
        assert len(looked) == 1


async def test_the_process_ends_before_the_submission_is_written(tmp_path: Path) -> None:
    """All bytes are there, the look into them never ended: the next start makes the submission, without its client."""
    begin = asyncio.Event()

    async def never(path: Path, name: str) -> float:
        begin.set()
        await asyncio.Event().wait()
        return 0.0

    async with running(tmp_path, probe=never) as room:
        path = await begun(room)
        line = await Line.patching(room, path, 0, len(VIDEO))
        await line.send(VIDEO)
        await begin.wait()
        line.abort()
    upload_id = path.rsplit("/", 1)[1]
    assert (tmp_path / "videos" / f"{upload_id}.part").read_bytes() == VIDEO
    # As a kill between the file's name and the row leaves it:
    (tmp_path / "videos" / f"{upload_id}.part").rename(tmp_path / "videos" / f"{upload_id}.bin")
    async with running(tmp_path) as room:
        while not await submissions(room):
            pass
        assert await submissions(room) == [upload_id]
        assert room.files == [f"{upload_id}.bin"]
        assert (await head(room, path)).headers["Introeval-Submission"] == upload_id


async def test_a_crash_in_mid_upload(tmp_path: Path) -> None:
    """What the row says is durable stays; bytes behind it are cut off; what no row speaks of is swept."""
    async with running(tmp_path) as room:
        path = await begun(room)
        await patch(room, path, VIDEO[:1000])
        unknown = await begun(room)
        part = room.context.videos / f"{path.rsplit('/', 1)[1]}.part"
        part.write_bytes(VIDEO[:1000] + b"torn" * 100)
        (room.context.videos / "0123.part").write_bytes(b"orphan")
    async with running(tmp_path) as room:
        assert room.files == [part.name]
        assert (await offset(room, path), await offset(room, unknown)) == (1000, 0)
        answer = await patch(room, path, VIDEO[1000:], 1000)
        task = await room.task(answer.headers["Introeval-Submission"])
        assert stored(Path(task.video_path))[0] == VIDEO
    async with running(tmp_path) as room:
        assert room.files == [f"{task.id}.bin"]


async def test_lost_bytes_are_asked_for_again(tmp_path: Path) -> None:
    """When a file is shorter than its row says, the client goes on where the file ends."""
    async with running(tmp_path) as room:
        path = await begun(room)
        await patch(room, path, VIDEO[:1000])
        (room.context.videos / f"{path.rsplit('/', 1)[1]}.part").write_bytes(VIDEO[:400])
        assert await problem(await patch(room, path, VIDEO[1000:], 1000)) == (409, "upload_offset")
        assert await offset(room, path) == 400
        assert "Introeval-Submission" in (await patch(room, path, VIDEO[400:], 400)).headers


async def test_a_refusal_is_told_again(tmp_path: Path) -> None:
    """A file that is none of a video's: the reason, no file, and the same reason whenever somebody asks."""
    async with running(tmp_path) as room:
        path = await begun(room, 11)
        assert await problem(await patch(room, path, b"no video!!!")) == (415, "not_a_video")
        assert room.files == []
        assert await problem(await patch(room, path, b"", 11)) == (415, "not_a_video")
        assert (await head(room, path)).status == 415
        told = await state(room, path)
        assert (told["submission"], told["refusal"]["code"]) == (None, "not_a_video")
        assert await problem(await create(room, 3, b"abc")) == (415, "not_a_video")
        assert await problem(await create(room, len(VIDEO), VIDEO, sha256="0" * 64)) == (
            422,
            "digest_mismatch",
        )
        assert await submissions(room) == []


async def test_creation_is_idempotent(tmp_path: Path) -> None:
    """With a key and a digest, a client that lost the first answer goes on where it was, or hears of the submission."""
    async with running(tmp_path) as room:
        fields: dict[str, Any] = {"sha256": SHA256, "idempotency_key": "k1"}
        path = await begun(room, **fields)
        await patch(room, path, VIDEO[:9])
        again = await create(room, **fields)
        assert (again.status, again.headers["Upload-Offset"]) == (201, "9")
        assert again.headers["Location"].endswith(path)
        other = await create(room, **fields | {"name": "Somebody Else"})
        assert not other.headers["Location"].endswith(path)
        done = await patch(room, path, VIDEO[9:], 9)
        known = await create(room, **fields)
        assert known.headers["Introeval-Submission"] == done.headers["Introeval-Submission"]
        assert known.headers["Upload-Offset"] == str(len(VIDEO))
        refused = await create(room, **fields | {"sha256": "0" * 64})
        assert await problem(refused) == (422, "key_reused")


async def test_one_key_in_both_doors(tmp_path: Path) -> None:
    """What came by the form and comes in pieces again is one submission; other content under the key is refused."""
    async with running(tmp_path) as room:
        task_id = await room.accepted(key="k1")
        same = await create(room, len(VIDEO), VIDEO, idempotency_key="k1")
        assert (same.status, same.headers["Introeval-Submission"]) == (201, task_id)
        other = await create(room, len(VIDEO) + 1, VIDEO + b"!", idempotency_key="k1")
        assert await problem(other) == (422, "key_reused")
        assert room.files == [f"{task_id}.bin"]
        headers = VERSION | {"Idempotency-Key": "k2", "Upload-Length": str(len(VIDEO))}
        kind = {"Content-Type": "application/offset+octet-stream", "Upload-Metadata": metadata()}
        made = await room.client.post(FILES, data=VIDEO, headers=headers | kind)
        again = await room.hand_in(key="k2")
        assert (again.status, (await again.json())["id"]) == (200, made.headers["Introeval-Submission"])


async def test_what_stands_still_is_forgotten(tmp_path: Path) -> None:
    """410 when its time is over; then row and file go. A submission that came in pieces stays."""
    async with running(tmp_path, UploadLimits(expire_seconds=1e-9, reserve_bytes=0)) as room:
        assert (await head(room, await begun(room))).status == 410
    async with running(tmp_path) as room:
        path = await begun(room)
        await patch(room, path, VIDEO[:1000])
        done = await create(room, len(VIDEO), VIDEO)
    async with running(tmp_path, clock=Tomorrow()) as room:
        await until(lambda: len(room.files) == 1)
        assert room.files == [f"{done.headers['Introeval-Submission']}.bin"]
        assert (await head(room, path)).status == 404
        while await room.context.uploads.expired(Tomorrow().now()):
            pass


async def test_uploads_that_are_begun_and_left(tmp_path: Path) -> None:
    """One address cannot begin without end; what is handed in makes room again."""
    async with running(tmp_path, UploadLimits(open_per_client=2, reserve_bytes=0)) as room:
        first, _ = await begun(room), await begun(room)
        refused = await create(room)
        assert await problem(refused) == (429, "too_many_uploads")
        assert int(refused.headers["Retry-After"]) > 0
        await patch(room, first, VIDEO)
        await begun(room)


async def test_a_failed_sync_ends_the_file(tmp_path: Path) -> None:
    """It is marked as broken by a real error of the kernel, and every later call knows."""
    room = UploadRoom(tmp_path, 0)
    async with room.piece("a") as draft:
        await draft.reopen(0)
        await draft.write(b"x" * 2_000_000)
        os.close(draft._file._handle)
        with pytest.raises(StorageError):
            await draft.sync()
        assert draft.broken
        draft._file._handle = -1
        await draft.discard()
    assert not part_of(tmp_path, "a").exists()
