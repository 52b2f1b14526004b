"""What a student's browser does on lab Wi-Fi: connections that break, and requests that are sent again."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from tests.faults.lab import ASSIGNMENT, FaultLab, fault_lab, notebook
from tests.models.fake_ollama import fake_ollama

pytestmark = [pytest.mark.timeout(120), pytest.mark.usefixtures("tiny_stt_dir")]
UPLOAD = "/api/v1/submissions"
RESET = struct.pack("ii", 1, 0)
"""``SO_LINGER`` for no time: closing sends a reset."""


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[FaultLab]:
    """A daemon with one well server."""
    async with fake_ollama() as server, fault_lab(tmp_path, server) as running:
        yield running


def form(student: int) -> aiohttp.FormData:
    """What a browser sends."""
    fields = aiohttp.FormData({"roll_number": f"R{student}", "name": "A", "assignment": ASSIGNMENT["id"]})
    fields.add_field("file", notebook(student), filename="work.ipynb")
    return fields


async def raw(lab: FaultLab, student: int, key: str) -> tuple[bytes, bytes]:
    """The same request as bytes: its head, and its body."""
    body = form(student)()
    content = await body.as_bytes()
    head = (
        f"POST {UPLOAD} HTTP/1.1\r\nHost: {lab.http._base_url.authority}\r\nIdempotency-Key: {key}\r\n"  # type: ignore[union-attr]
        f"Content-Type: {body.content_type}\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode(), content


async def connected(lab: FaultLab) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A bare connection."""
    url = lab.http._base_url
    assert url is not None
    return await asyncio.open_connection(url.host, url.port)


def files(lab: FaultLab) -> list[str]:
    """What lies in the folder of uploads."""
    return sorted(path.name for path in (lab.database.parent / "videos").iterdir())


async def test_reset_in_mid_body(lab: FaultLab) -> None:
    """Half a file and a reset: nothing is accepted, nothing stays on the disk, and the next try is taken."""
    head, content = await raw(lab, 1, "key-1")
    _, writer = await connected(lab)
    writer.write(head + content[: len(content) // 2])
    await writer.drain()
    while not files(lab):
        # Only an answer of the daemon lets it go on to read what has been sent.
        await lab.get("/healthz")
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()
    while files(lab):
        await lab.get("/healthz")
    assert lab.rows("SELECT count(*) FROM processing_tasks") == [(0,)]
    await lab.hand_in(1)
    await lab.nothing_lost()


async def test_slow_body(tmp_path: Path) -> None:
    """Half a file and then silence: cut with a reason that the client can read; its next try is taken."""
    async with (
        fake_ollama() as server,
        fault_lab(tmp_path, server, upload={"idle_seconds": 0.3}) as lab,
    ):
        head, content = await raw(lab, 1, "key-1")
        reader, writer = await connected(lab)
        writer.write(head + content[: len(content) // 2])
        answer = await reader.read(65_536)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"upload_stalled" in answer
        writer.close()
        assert files(lab) == []
        await lab.hand_in(1)
        await lab.nothing_lost()


async def test_parallel_requests_with_one_key(lab: FaultLab) -> None:
    """An impatient student's browser sends it eight times at once: one submission, and all hear of the same one."""

    async def send() -> tuple[int, str]:
        headers = {"Idempotency-Key": "key-1"}
        async with lab.http.post(UPLOAD, data=form(1), headers=headers) as answer:
            return answer.status, (await answer.json())["id"]

    answers = await asyncio.gather(*(send() for _ in range(8)))
    assert sorted(status for status, _ in answers) == [200] * 7 + [201]
    (accepted,) = {task_id for _, task_id in answers}
    lab.accepted.append(accepted)
    await lab.nothing_lost()
    assert len(files(lab)) == 1


async def test_lost_answer_and_retry(lab: FaultLab) -> None:
    """The whole request arrives, the answer is lost: sent again under its key, it is the same submission."""
    head, content = await raw(lab, 1, "key-1")
    _, writer = await connected(lab)
    writer.write(head + content)
    await writer.drain()
    while lab.rows("SELECT count(*) FROM processing_tasks") != [(1,)]:
        await lab.get("/healthz")
    writer.transport.abort()
    async with lab.http.post(UPLOAD, data=form(1), headers={"Idempotency-Key": "key-1"}) as answer:
        assert answer.status == 200
        lab.accepted.append((await answer.json())["id"])
    await lab.nothing_lost()
    assert len(files(lab)) == 1
