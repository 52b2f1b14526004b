"""tus: a creation that brings its first bytes, and is cut or refused before all of them have come."""

import asyncio
import hashlib
from pathlib import Path

from yarl import URL

from introeval.web.context import UploadLimits
from tests.web.bodies import stored
from tests.web.running import VIDEO, Room, running, until
from tests.web.tusing import VERSION, Line, create, metadata, offset, patch, until_stored

LONG = VIDEO + bytes(range(256)) * 12_000
"""Three blocks of the writer, and not the same byte everywhere."""
DIGEST = hashlib.sha256(LONG).hexdigest()


async def creating(room: Room, **fields: str) -> Line:
    """A creation with ``LONG`` in its body, of which 1.5 MB have come."""
    url = room.client.make_url("/")
    line = Line(*await asyncio.open_connection(url.host, url.port))
    sent = VERSION | {
        "Host": url.authority,
        "Upload-Length": str(len(LONG)),
        "Upload-Metadata": metadata(**fields),
        "Content-Type": "application/offset+octet-stream",
        "Content-Length": str(len(LONG)),
    }
    lines = ["POST /files/ HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items()), "", ""]
    await line.send("\r\n".join(lines).encode() + LONG[:1_500_000])
    await until(lambda: any(path.stat().st_size > 1_000_000 for path in room.context.videos.iterdir()))
    return line


async def test_a_creation_that_is_cut(tmp_path: Path) -> None:
    """Nobody has heard its address: it goes. By its key and its digest the same creation finds it again: it stays."""
    async with running(tmp_path) as room:
        for fields in ({}, {"idempotency_key": "k"}, {"sha256": DIGEST}):
            (await creating(room, **fields)).abort()
            await until(lambda: room.files == [])
            assert await room.context.uploads.open() == []
        fields = {"idempotency_key": "k", "sha256": DIGEST}
        await (await creating(room, **fields)).end()
        again = await create(room, len(LONG), None, **fields)
        path, at = URL(again.headers["Location"]).path, 1_500_000
        await until_stored(room, path, at)
        answer = await patch(room, path, LONG[at:], at)
        assert stored(Path((await room.task(answer.headers["Introeval-Submission"])).video_path))[0] == LONG


async def test_a_creation_that_is_refused_in_its_body(tmp_path: Path) -> None:
    """The refusal says where it is, so that its client can go on there."""
    async with running(tmp_path, UploadLimits(idle_seconds=0.2, reserve_bytes=0)) as room:
        told = (await (await creating(room)).answer()).decode()
        assert " 408 " in told.splitlines()[0]
        (place,) = [line.split(": ")[1] for line in told.splitlines() if line.startswith("Location: ")]
        at = await offset(room, URL(place).path)
        assert at == 1_500_000
        assert (await patch(room, URL(place).path, LONG[at:], at)).status == 204
