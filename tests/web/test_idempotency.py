"""``Idempotency-Key``, parallel uploads, and what a crash leaves behind."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from introeval.web.storage import NoRoomError, UploadRoom
from tests.web.bodies import FILE, NAME, ROLL, multipart, problem
from tests.web.running import VIDEO, running

UPLOAD = "/api/v1/submissions"


def names(folder: Path) -> list[str]:
    """What lies in a folder."""
    return sorted(path.name for path in folder.iterdir())


async def test_same_key_same_content(tmp_path: Path) -> None:
    """A repeated request gives the submission that the first one made; nothing is stored twice."""
    async with running(tmp_path) as room:
        first = await room.hand_in(key="k1")
        again = await room.hand_in(key="k1")
        assert (first.status, again.status) == (201, 200)
        assert first.headers["Location"] == again.headers["Location"]
        assert (await first.json())["id"] == (await again.json())["id"]
        assert len(room.files) == 1


@pytest.mark.parametrize(("content", "roll_number"), [(VIDEO + b"!", "R-17"), (VIDEO, "R-18")])
async def test_same_key_other_content(tmp_path: Path, content: bytes, roll_number: str) -> None:
    """A key belongs to one file of one student."""
    async with running(tmp_path) as room:
        await room.accepted(key="k1")
        assert await problem(await room.hand_in(content, "k1", roll_number=roll_number)) == (
            422,
            "key_reused",
        )
        assert len(room.files) == 1


async def test_parallel_requests_with_one_key(tmp_path: Path) -> None:
    """Of many at once, one is accepted and all hear of it."""
    async with running(tmp_path) as room:
        answers = await asyncio.gather(*(room.hand_in(key="k1") for _ in range(8)))
        ids = {(await answer.json())["id"] for answer in answers}
        assert sorted(answer.status for answer in answers) == [200] * 7 + [201]
        assert len(ids) == len(room.files) == len(room.woken) == 1


async def test_known_key_is_answered_before_the_file(tmp_path: Path) -> None:
    """With roll number and digest before the file, a repeat does not have to be uploaded."""
    digest = 'Content-Disposition: form-data; name="sha256"', hashlib.sha256(VIDEO).hexdigest().encode()
    released = asyncio.Event()

    async def never_ends() -> AsyncIterator[bytes]:
        yield multipart(ROLL, NAME, digest, (FILE[0], b""), end=b"")[:-2]
        while not released.is_set():
            yield VIDEO
            await asyncio.sleep(0)

    async with running(tmp_path) as room:
        task_id = await room.accepted(key="k1")
        headers = {"Content-Type": "multipart/form-data; boundary=BOUND", "Idempotency-Key": "k1"}
        answer = await room.client.post(UPLOAD, data=never_ends(), headers=headers)
        assert (answer.status, (await answer.json())["id"]) == (200, task_id)
        released.set()


async def test_a_full_queue_still_answers_known_keys(tmp_path: Path) -> None:
    """A client that lost our 201 hears it again, also when there is no place for others."""
    async with running(tmp_path) as room:
        await room.accepted(key="k1")
    limits = room.context.limits.__class__(max_queue=1, reserve_bytes=0)
    async with running(tmp_path, limits) as room:
        assert (await room.hand_in(key="k1")).status == 200
        assert (await room.hand_in(key="k2")).status == 429


async def test_unusable_key(tmp_path: Path) -> None:
    """A key has bounds."""
    async with running(tmp_path) as room:
        assert await problem(await room.hand_in(key="x" * 256)) == (400, "bad_key")


async def test_crash_leaves_no_orphans(tmp_path: Path) -> None:
    """At start, parts and files without a row go; accepted files stay."""
    async with running(tmp_path) as room:
        task_id = await room.accepted()
        (room.context.videos / "dead.part").write_bytes(b"half")
        (room.context.videos / "renamed-but-not-committed.bin").write_bytes(b"whole")
    async with running(tmp_path) as room:
        assert room.files == [f"{task_id}.bin"]


async def test_draft_is_discarded_unless_confirmed(tmp_path: Path) -> None:
    """Also a file that has its final name goes, while no row speaks of it."""
    room = UploadRoom(tmp_path, 0)
    async with room.draft("a") as draft:
        await draft.write(b"x" * 3_000_000)
        assert await draft.seal() == hashlib.sha256(b"x" * 3_000_000).hexdigest()
        assert await draft.keep() == tmp_path / "a.bin"
    assert (room.open_drafts, names(tmp_path)) == (0, [])
    async with room.draft("b") as draft:
        await draft.seal()
        await draft.keep()
        draft.confirm()
    assert names(tmp_path) == ["b.bin"]


async def test_cancelled_draft_leaves_nothing(tmp_path: Path) -> None:
    """A cancellation in the middle of a write waits for that write and then removes the file."""
    room = UploadRoom(tmp_path, 0)

    async def upload() -> None:
        async with room.draft("a") as draft:
            while True:
                await draft.write(b"x" * 1_500_000)

    for turns in range(1, 12):
        task = asyncio.create_task(upload())
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert names(tmp_path) == []


async def test_room_counts_uploads_under_way(tmp_path: Path) -> None:
    """What others have announced is no longer free."""
    room = UploadRoom(tmp_path, 0)
    await room.require_room(1000)
    async with room.draft("a", expected=2**62):
        with pytest.raises(NoRoomError):
            await room.require_room(1000)


@pytest.mark.parametrize("header", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.example"}])
async def test_a_page_of_another_site_hands_nothing_in(tmp_path: Path, header: dict[str, str]) -> None:
    """Nor stops or regrades anything; the same headers of this site's own pages are welcome."""
    async with running(tmp_path) as room:
        form = aiohttp.FormData({"roll_number": "R1", "name": "A"})
        form.add_field("file", VIDEO, filename="v.mp4")
        answer = await room.client.post("/api/v1/submissions", data=form, headers=header)
        assert await problem(answer) == (403, "cross_site")
        stop = "/api/v1/assignments/introductions/cancel"
        assert await problem(await room.client.post(stop, headers=header)) == (403, "cross_site")
        own = {"Origin": str(room.client.make_url("")).rstrip("/"), "Sec-Fetch-Site": "same-origin"}
        assert (await room.client.post(stop, headers=own)).status == 200
