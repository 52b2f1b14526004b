"""A place is not yet leave to hand in: the queue is asked whatever a body says it is, and none is held for nothing."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from introeval.web.context import UploadLimits
from introeval.web.resumable.headers import OFFSET_TYPE
from tests.web.bodies import UPLOAD
from tests.web.crowd import answer
from tests.web.running import VIDEO, running
from tests.web.test_admission import BODY, connection, limits
from tests.web.tusing import FILES, VERSION, Line, begun, create, metadata, offset, patch, until_stored


@pytest.mark.parametrize("kind", ["text/plain", "application/json", "multipart/form-dataX", OFFSET_TYPE])
async def test_a_place_is_no_leave_to_hand_in(tmp_path: Path, kind: str) -> None:
    """A body of unknown length takes a place whatever it says it is; the full queue is asked all the same."""

    async def body() -> AsyncIterator[bytes]:
        yield BODY

    sent = VERSION | {"Content-Type": kind, "Upload-Length": "100", "Upload-Metadata": metadata()}
    async with running(tmp_path, UploadLimits(reserve_bytes=0, max_queue=0)) as room:
        for path in (FILES, UPLOAD):
            refused = await room.client.post(path, data=body(), headers=sent)
            assert (refused.status, (await refused.json())["code"]) == (429, "queue_full")
        assert await room.context.uploads.open() == []


async def test_only_the_type_itself_is_a_form(tmp_path: Path) -> None:
    """Not whatever begins like it."""
    headers = {"Content-Type": "multipart/form-dataX; boundary=BOUND"}
    async with running(tmp_path) as room:
        refused = await room.client.post(UPLOAD, data=BODY, headers=headers)
        assert (refused.status, (await refused.json())["code"]) == (415, "not_multipart")


async def test_who_sends_pieces_counts_while_they_come(tmp_path: Path) -> None:
    """An upload in pieces takes nobody's turn between two of them, and ends also when the queue is full by then."""
    async with running(tmp_path, UploadLimits(reserve_bytes=0, max_queue=1)) as room:
        path = await begun(room)
        line = await Line.patching(room, path, 0, len(VIDEO))
        await line.send(VIDEO[:1000])
        await until_stored(room, path, 1000)
        assert (await create(room)).status == 429
        line.abort()
        at = await offset(room, path)
        assert (await room.hand_in(roll_number="R-18")).status == 201
        assert (await create(room)).status == 429
        assert (await patch(room, path, VIDEO[at:], at)).status == 204
        assert len(room.files) == 2


@pytest.mark.parametrize("kind", ["multipart/form-data", OFFSET_TYPE, "text/plain"])
async def test_a_type_that_is_not_read_is_not_held(tmp_path: Path, kind: str) -> None:
    """Refused before its body has come; these types need no place, so nothing else would bound how many are held."""
    lines = (
        "POST /sessions HTTP/1.1",
        "Host: lab",
        f"Content-Type: {kind}",
        "Content-Length: 500000",
        "",
        "",
    )
    async with running(tmp_path, limits(places=1, line=0)) as room, connection(room) as (reader, writer):
        writer.write("\r\n".join(lines).encode() + b"x")
        status, _, body = await answer(reader)
        assert (status, b'"code":"unknown_type"' in body) == ("415", True)
