"""The daemon as systemd runs it: it reports to the notification socket, and SIGTERM ends it in the stated time."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from introeval.listening import WEB_SHUTDOWN_SECONDS
from tests.end_to_end.lab import NO_TIMEOUT, USUAL_RUBRIC, Lab

pytestmark = [pytest.mark.timeout(120), pytest.mark.usefixtures("tiny_stt_dir", "tiny_llm_gguf")]
DRAIN_SECONDS = 1
ENDING_SECONDS = 4
"""For what comes after the drain: processes that end, tables that close, an interpreter that exits."""


@asynccontextmanager
async def service_manager(path: Path) -> AsyncIterator[list[str]]:
    """What systemd's end of ``NOTIFY_SOCKET`` receives, message by message."""
    messages: list[str] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as datagrams:
        datagrams.bind(str(path))
        datagrams.setblocking(False)

        async def receive() -> None:
            while True:
                messages.append((await asyncio.get_running_loop().sock_recv(datagrams, 4096)).decode())

        receiving = asyncio.create_task(receive())
        try:
            yield messages
        finally:
            receiving.cancel()
            await asyncio.gather(receiving, return_exceptions=True)


async def _stream_to_its_end(lab: Lab) -> None:
    async with lab.http() as http, http.get("/api/v1/events?after=0", timeout=NO_TIMEOUT) as stream:
        async for _line in stream.content:
            pass


async def test_sigterm_in_mid_evaluation(tmp_path: Path, clips: list[Path]) -> None:
    """READY, STATUS, WATCHDOG, STOPPING; the work is given back in time, open streams end, the next start goes on."""
    environment = {
        "NOTIFY_SOCKET": str(tmp_path / "notify"),
        "WATCHDOG_USEC": "1500000",
        "INTROEVAL_DRAIN_SECONDS": str(DRAIN_SECONDS),
        "INTROEVAL_BATCH_SIZE": "2",
    }
    lab = Lab(tmp_path, environment | USUAL_RUBRIC)
    async with service_manager(tmp_path / "notify") as messages:
        await lab.start()
        await lab.submit(*clips[:2])
        reader = asyncio.create_task(_stream_to_its_end(lab))
        await lab.after("started", "llm/processing")
        began = time.monotonic()
        assert await lab.stop() == 0
        assert time.monotonic() - began < DRAIN_SECONDS + WEB_SHUTDOWN_SECONDS + ENDING_SECONDS
        await reader
    assert messages.count(f"READY=1\nSTATUS=serving on {lab.url}") == 1
    assert messages.count("STOPPING=1\nSTATUS=draining") == 1
    assert messages.count("WATCHDOG=1") >= 2
    assert {"STATUS=stt", "STATUS=switching", "STATUS=llm"} <= {text.partition(":")[0] for text in messages}

    rows = lab.rows("SELECT current_phase, status, retry_count FROM processing_tasks")
    assert rows == [("llm", "pending", 0)] * 2
    await lab.start()
    await lab.all_ended()
    assert lab.rows("SELECT current_phase FROM processing_tasks") == [("completed",)] * 2
    assert lab.rows("SELECT count(*) FROM events WHERE kind = 'transcribed'") == [(2,)]
    assert await lab.stop() == 0
