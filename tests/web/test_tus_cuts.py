"""tus over a bad line: what arrived before a cut counts, the newer connection goes on, and bytes never mix."""

import asyncio
import hashlib
from pathlib import Path

from introeval.web.context import UploadLimits
from tests.web.bodies import problem, stored
from tests.web.running import VIDEO, Room, running, until
from tests.web.test_upload import largest_file
from tests.web.tusing import Line, begun, head, offset, patch, state, until_stored

LONG = VIDEO + bytes(range(256)) * 12_000
"""Three blocks of the writer, and not the same byte everywhere."""


async def finished(room: Room, path: str, at: int) -> bytes:
    """Send what is missing; the file of the submission that it became."""
    answer = await patch(room, path, LONG[at:], at)
    assert answer.status == 204, await answer.text()
    task = await room.task(answer.headers["Introeval-Submission"])
    return (await asyncio.to_thread(stored, Path(task.video_path)))[0]


async def test_every_byte_before_a_goodbye_counts(tmp_path: Path) -> None:
    """Wherever the body ends too early: in the first packet, in a block, between two, one byte before the end."""
    async with running(tmp_path) as room:
        path = await begun(room, len(LONG))
        at = 0
        for size in (1, 70_000, 1_048_576, 1_200_001, len(LONG) - 2_318_580):
            line = await Line.patching(room, path, at, len(LONG) - at)
            await line.send(LONG[at : at + size])
            await line.end()
            at += size
            await until_stored(room, path, at)
            assert await offset(room, path) == at
        assert at == len(LONG) - 2
        assert await finished(room, path, at) == LONG


async def test_a_reset_connection(tmp_path: Path) -> None:
    """The kernel may throw away what was not read yet; what was read counts, and the file is right in the end."""
    async with running(tmp_path) as room:
        path = await begun(room, len(LONG))
        line = await Line.patching(room, path, 0, len(LONG))
        await line.send(LONG[:2_000_000])
        await until_stored(room, path, 1)
        line.abort()
        at = await offset(room, path)
        assert 0 < at <= 2_000_000
        assert await finished(room, path, at) == LONG


async def test_the_newer_connection_takes_over(tmp_path: Path) -> None:
    """A client whose old connection hangs asks for the offset on a new one and goes on there at once."""
    async with running(tmp_path) as room:
        path = await begun(room, len(LONG))
        hanging = await Line.patching(room, path, 0, len(LONG))
        await hanging.send(LONG[:1_500_000])
        await until_stored(room, path, 1_500_000)
        assert await offset(room, path) == 1_500_000
        assert await finished(room, path, 1_500_000) == LONG
        told = await hanging.answer()
        assert b" 423 " in told.splitlines()[0]
        assert b"upload_busy" in told


async def test_many_writers_at_once(tmp_path: Path) -> None:
    """Of those who write at one place, what one wrote is the file; the others hear that they are late."""
    async with running(tmp_path) as room:
        path = await begun(room, len(LONG))
        bodies = [LONG[:1000] + bytes([number]) * 200_000 for number in range(8)]
        answers = await asyncio.gather(*(patch(room, path, body) for body in bodies))
        statuses = sorted(answer.status for answer in answers)
        assert set(statuses) <= {204, 409, 423}
        at = await offset(room, path)
        content = (room.context.videos / f"{path.rsplit('/', 1)[1]}.part").read_bytes()
        assert len(content) == at
        assert sum(body.startswith(content) and at > 0 for body in bodies) >= 1


async def test_unverified_bytes_do_not_count(tmp_path: Path) -> None:
    """A body with a checksum that breaks off cannot be verified, so none of it is kept."""
    async with running(tmp_path) as room:
        path = await begun(room, len(LONG))
        await patch(room, path, LONG[:10])
        line = await Line.patching(room, path, 10, len(LONG) - 10, {"Upload-Checksum": "sha1 AAAA"})
        await line.send(LONG[10:2_000_000])
        part = room.context.videos / f"{path.rsplit('/', 1)[1]}.part"
        await until(lambda: part.stat().st_size > 1_000_000)
        assert await offset(room, path) == 10
        await line.end()
        assert await offset(room, path) == 10
        assert await finished(room, path, 10) == LONG


async def test_a_silent_client_is_cut(tmp_path: Path) -> None:
    """408, and what came before counts."""
    async with running(tmp_path, UploadLimits(idle_seconds=0.2, reserve_bytes=0)) as room:
        path = await begun(room, len(LONG))
        line = await Line.patching(room, path, 0, len(LONG))
        await line.send(LONG[:3000])
        told = await line.answer()
        assert b" 408 " in told.splitlines()[0]
        assert await offset(room, path) == 3000


async def test_a_full_disk(tmp_path: Path) -> None:
    """507 in the middle; what fitted counts, and the upload goes on when there is room again."""
    async with running(tmp_path) as room:
        path = await begun(room, len(LONG))
        with largest_file(1_500_000):
            assert await problem(await patch(room, path, LONG)) == (507, "disk_full")
            assert await offset(room, path) == 1_500_000
        assert await finished(room, path, 1_500_000) == LONG


async def test_checkpoints_count_while_a_long_body_comes(tmp_path: Path) -> None:
    """Of a long body most counts before it ends: a kill costs a client a few megabytes, not all."""
    content = VIDEO + bytes(20_000_000)
    async with running(tmp_path) as room:
        path = await begun(room, len(content))
        line = await Line.patching(room, path, 0, len(content))
        await line.send(content[:-1])
        found = None
        while found is None or found.received < 16_000_000:
            found = await room.context.uploads.find(path.rsplit("/", 1)[1])
        await line.send(content[-1:])
        await line.end()
        while (answer := await state(room, path))["submission"] is None:
            pass
        task = await room.task(answer["submission"])
        kept = await asyncio.to_thread(stored, Path(task.video_path))
        assert hashlib.sha256(kept[0]).digest() == hashlib.sha256(content).digest()
        assert (await head(room, path)).headers["Introeval-Submission"] == task.id
