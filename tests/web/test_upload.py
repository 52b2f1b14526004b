"""``POST /api/v1/submissions``: what is accepted, what is refused, and that a refusal leaves nothing behind."""

import asyncio
import hashlib
import io
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from introeval.web.context import UploadLimits
from introeval.web.problems import PROBLEMS
from tests.web.bodies import FILE, NAME, ROLL, UPLOAD, multipart, problem, send, stored
from tests.web.running import VIDEO, running, until


async def test_accepted_file_is_stored_under_a_server_name(tmp_path: Path) -> None:
    """After 201 the bytes are on disk, private, under our name; the row speaks of them; the daemon was woken."""
    async with running(tmp_path) as room:
        answer = await room.hand_in()
        body = await answer.json()
        task = await room.task(body["id"])
        content, mode = await asyncio.to_thread(stored, Path(task.video_path))
        assert (answer.status, answer.headers["Location"]) == (201, f"{UPLOAD}/{body['id']}")
        assert room.files == [f"{body['id']}.bin"]
        assert (content, mode) == (VIDEO, 0o600)
        assert task.media_seconds == len(VIDEO) / 1024
        assert len(room.woken) == 1


async def test_fields_may_come_after_the_file(tmp_path: Path) -> None:
    """The order of the parts is the client's."""
    async with running(tmp_path) as room:
        body = multipart(FILE, NAME, ROLL)
        headers = {"Content-Type": "multipart/form-data; boundary=BOUND"}
        answer = await room.client.post(UPLOAD, data=body, headers=headers)
        assert (answer.status, (await answer.json())["roll_number"]) == (201, "R-17")


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ((ROLL, NAME), (422, "no_file")),
        ((ROLL, NAME, ('Content-Disposition: form-data; name="file"; filename=""', b"")), (422, "no_file")),
        ((ROLL, NAME, (FILE[0], b"")), (422, "empty_file")),
        ((ROLL, NAME, (FILE[0], b"#!/bin/sh\nrm -rf /")), (415, "not_a_video")),
        ((NAME, FILE), (422, "bad_field")),
        ((ROLL, FILE), (422, "bad_field")),
        (((ROLL[0], b" "), NAME, FILE), (422, "bad_field")),
        (((ROLL[0], b"=cmd()"), NAME, FILE), (422, "bad_field")),
        (((ROLL[0], b"9" * 33), NAME, FILE), (422, "bad_field")),
        (((ROLL[0], b"9" * 5000), NAME, FILE), (422, "bad_field")),
        ((ROLL, (NAME[0], b"a\x00b"), FILE), (422, "bad_field")),
        ((ROLL, (NAME[0], "a\u202eb".encode()), FILE), (422, "bad_field")),
        ((ROLL, (NAME[0], b"\xff\xfe"), FILE), (422, "bad_field")),
        ((ROLL, (ROLL[0], b"R-18"), NAME, FILE), (422, "bad_field")),
        ((ROLL, NAME, FILE, FILE), (422, "bad_field")),
        ((ROLL, NAME, (FILE[0] + "\r\nContent-Encoding: gzip", VIDEO)), (400, "malformed_body")),
        (
            (ROLL, NAME, (FILE[0] + "\r\nContent-Type: multipart/mixed; boundary=X", VIDEO)),
            (400, "malformed_body"),
        ),
        (
            tuple((f'Content-Disposition: form-data; name="x{n}"', b"1") for n in range(40)),
            (400, "malformed_body"),
        ),
        ((('Content-Disposition: form-data; name="_charset_"', b"x" * 90), FILE), (400, "malformed_body")),
    ],
)
async def test_refused(
    tmp_path: Path, parts: tuple[tuple[str, bytes], ...], expected: tuple[int, str]
) -> None:
    """Each refusal has its code, and nothing stays on the disk or in the tables."""
    async with running(tmp_path) as room:
        assert await send(room, multipart(*parts)) == expected
        assert room.files == []
        assert await room.context.intake.waiting() == 0


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        (b"{}", "application/json", (415, "not_multipart")),
        (b"", "multipart/form-data", (400, "malformed_body")),
        (b"", "multipart/form-data; boundary=BOUND", (400, "malformed_body")),
        (b"nonsense" * 9000, "multipart/form-data; boundary=BOUND", (400, "malformed_body")),
        (multipart(ROLL, NAME, FILE), "multipart/form-data; boundary=" + "x" * 80, (400, "malformed_body")),
        (
            multipart(ROLL, NAME, FILE, end=b""),
            "multipart/form-data; boundary=BOUND",
            (400, "malformed_body"),
        ),
        (multipart(ROLL, NAME, FILE)[:-2000], "multipart/form-data; boundary=BOUND", (400, "malformed_body")),
        (
            b"--BOUND\r\nnot a header\r\n\r\nx\r\n",
            "multipart/form-data; boundary=BOUND",
            (400, "malformed_body"),
        ),
        (b"--BOUND\r\n" + b"A: b\r\n" * 500, "multipart/form-data; boundary=BOUND", (400, "malformed_body")),
    ],
)
async def test_malformed_body(
    tmp_path: Path, body: bytes, content_type: str, expected: tuple[int, str]
) -> None:
    """No body, however broken, is answered with 500 or accepted in part."""
    async with running(tmp_path) as room:
        assert await send(room, body, content_type) == expected
        assert room.files == []


async def test_too_large_is_refused_by_its_length_and_by_counting(tmp_path: Path) -> None:
    """A stated length is refused at once, an unstated one as soon as the limit is passed."""
    limits = UploadLimits(max_bytes=100_000, notebook_bytes=100_000, pages_bytes=100_000, reserve_bytes=0)

    async def chunked() -> Any:
        yield multipart(ROLL, NAME, (FILE[0], VIDEO + b"x" * 200_000))

    async with running(tmp_path, limits) as room:
        assert await problem(await room.hand_in(VIDEO + b"x" * 300_000)) == (413, "too_large")
        headers = {"Content-Type": "multipart/form-data; boundary=BOUND"}
        answer = await room.client.post(UPLOAD, data=chunked(), headers=headers)
        assert await problem(answer) == (413, "too_large")
        assert room.files == []


async def test_disk_reserve(tmp_path: Path) -> None:
    """Uploads never take the reserve: 507 before anything is written."""
    async with running(tmp_path, UploadLimits(reserve_bytes=2**60)) as room:
        answer = await room.hand_in()
        assert await problem(answer) == (507, "disk_full")
        assert "tell your teacher" in (await answer.json())["detail"]
        assert room.files == []
        ready = await room.client.get("/readyz")
        assert (ready.status, (await ready.json())["checks"]["storage"]) == (503, "disk_full")


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """The kernel itself refuses to let a file grow past ``size``."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_write_that_the_system_refuses(tmp_path: Path) -> None:
    """No room in the middle of a file: 507, the part is gone, and the next upload works."""
    async with running(tmp_path) as room:
        with largest_file(2_000_000):
            assert await problem(await room.hand_in(VIDEO + b"x" * 4_000_000)) == (507, "disk_full")
        assert room.files == []
        assert (await room.hand_in()).status == 201


async def test_full_queue(tmp_path: Path) -> None:
    """Beyond the queue's limit: 429 and when to come back."""
    async with running(tmp_path, UploadLimits(max_queue=1, reserve_bytes=0)) as room:
        await room.accepted()
        answer = await room.hand_in()
        assert await problem(answer) == (429, "queue_full")
        assert int(answer.headers["Retry-After"]) > 0


async def test_wrong_digest(tmp_path: Path) -> None:
    """A file that is not what the client says it sent is refused."""
    async with running(tmp_path) as room:
        assert await problem(await room.hand_in(sha256="0" * 64)) == (422, "digest_mismatch")
        assert (await room.hand_in(sha256=hashlib.sha256(VIDEO).hexdigest())).status == 201


async def test_connection_cut_in_mid_upload(tmp_path: Path) -> None:
    """A client that goes away in the middle leaves nothing."""
    async with running(tmp_path) as room:
        url = room.client.make_url("/")
        reader, writer = await asyncio.open_connection(url.host, url.port)
        body = multipart(ROLL, NAME, (FILE[0], VIDEO + b"x" * 3_000_000))
        head = f"POST {UPLOAD} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
        writer.write(
            head.encode() + b"Content-Type: multipart/form-data; boundary=BOUND\r\n\r\n" + body[:2_000_000]
        )
        await writer.drain()
        await until(lambda: bool(room.files))
        writer.transport.abort()
        await until(lambda: not room.files)
        assert await reader.read() == b""
        assert await room.context.intake.waiting() == 0


async def test_silent_client_is_cut(tmp_path: Path) -> None:
    """A body that stands still is ended with 408."""
    async with running(tmp_path, UploadLimits(idle_seconds=0.05, reserve_bytes=0)) as room:
        url = room.client.make_url("/")
        reader, writer = await asyncio.open_connection(url.host, url.port)
        head = f"POST {UPLOAD} HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n"
        writer.write(head.encode() + b"Content-Type: multipart/form-data; boundary=BOUND\r\n\r\n--BOUND\r\n")
        answer = await reader.readuntil(b"}")
        writer.close()
        assert b" 408 " in answer
        assert b"upload_stalled" in answer


async def test_expectation_is_not_invited_when_refused(tmp_path: Path) -> None:
    """With Expect: 100-continue a refusal comes before the body is sent."""
    async with running(
        tmp_path, UploadLimits(max_bytes=1000, notebook_bytes=1000, pages_bytes=1000, reserve_bytes=0)
    ) as room:
        form = aiohttp.FormData({"roll_number": "1"})
        form.add_field("file", io.BytesIO(b"x" * 900_000), filename="a")
        answer = await room.client.post(UPLOAD, data=form, expect100=True)
        assert await problem(answer) == (413, "too_large")


async def test_browser_form(tmp_path: Path) -> None:
    """A page's form goes on to the student's page; a refusal comes back as the form with its reason."""
    async with running(tmp_path) as room:
        accepted = await room.hand_in(accept="text/html", idempotency_key="abc")
        again = await room.hand_in(accept="text/html", idempotency_key="abc")
        assert accepted.status == again.status == 303
        assert accepted.headers["Location"] == again.headers["Location"]
        assert accepted.headers["Location"].startswith("/s/")
        refused = await room.hand_in(b"no video", accept="text/html")
        assert (refused.status, refused.content_type) == (415, "text/html")
        text = await refused.text()
        assert "This file is not a video." in text
        assert 'value="Asha Rao"' in text


def test_every_code_has_an_error_status() -> None:
    """The table of problems holds refusals only."""
    assert {kind.status // 100 for kind in PROBLEMS.values()} == {4, 5}
