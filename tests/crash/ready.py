"""How long the real command takes until it serves, on a state folder with 1,000 submissions that wait.

Nothing is forked from a warm process here: ``python -m introeval serve`` from its ``exec`` to ``/readyz`` saying yes.
The folder is that of a daemon that was killed: its write-ahead log is there, and one task is in a dead process's hands.
"""

import asyncio
import hashlib
import json
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from db.database import Database
from db.intake import Intake, NewTask
from db.store import SqliteStore
from introeval.clock import SystemClock
from introeval.paths import StateLayout

QUEUED = 1_000
TOO_SLOW = 30.0


@dataclass(frozen=True)
class Ready:
    """Seconds from ``exec`` to the first yes: by the clock on the wall, and the processor's."""

    wall: float
    cpu: float


async def fill(state: Path, count: int = QUEUED) -> None:
    """Make the folder: ``count`` accepted files, of which the first is being worked on."""
    layout = StateLayout(state)
    for folder in layout.folders:
        folder.mkdir(parents=True, exist_ok=True)
    async with Database.open(state) as database:
        intake, now = Intake(database), SystemClock().now()
        for at in range(count):
            content = f"video {at}".encode()
            task = _task(at, content)
            await asyncio.to_thread((state / task.video_path).write_bytes, content)
            await intake.accept(task, now)
        store = SqliteStore(database)
        waiting = (await store.snapshot(30)).unbatched
        await store.close_batch(waiting, now)
        await store.start((await store.snapshot(30)).tasks[0], now)
        # As a killed process leaves it: copied while it is open, the log with it.
        for name in ("introeval.sqlite3", "introeval.sqlite3-wal"):
            await asyncio.to_thread(_copy, state / name, state / f"{name}.killed")
    for name in ("introeval.sqlite3", "introeval.sqlite3-wal"):
        (state / f"{name}.killed").replace(state / name)


async def measure(state: Path, environment: dict[str, str], queued: int) -> Ready:
    """Start the real command on it, and kill it again. ``queued``: how many it must find."""
    began = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "introeval", "serve", "--port", "0", "--state-dir", str(state),
        env=os.environ | environment | {"INTROEVAL_LOG_FORMAT": "json"}, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(TOO_SLOW):
            url = await _serving(process)
        async with aiohttp.ClientSession(url) as http, http.get("/readyz") as answer:
            assert answer.status == 200, await answer.text()
        wall, cpu = time.monotonic() - began, _cpu_seconds(process.pid)
        async with aiohttp.ClientSession(url) as http, http.get("/api/v1/status") as answer:
            totals = (await answer.json())["totals"]
            assert totals["stt"] == queued, totals
    finally:
        process.send_signal(signal.SIGKILL)
        await process.wait()
    return Ready(wall, cpu)


async def _serving(process: asyncio.subprocess.Process) -> str:
    """The URL, once it says that it serves."""
    assert process.stderr is not None
    said = []
    async for line in process.stderr:
        said.append(line.decode())
        if b'"event": "serving"' in line:
            return str(json.loads(line)["url"])
    raise AssertionError("".join(said))


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _copy(source: Path, target: Path) -> None:
    target.write_bytes(source.read_bytes())


def _task(at: int, content: bytes) -> NewTask:
    name = hashlib.sha256(content).hexdigest()[:24]
    return NewTask(
        id=name,
        user_id=f"r-{at}",
        roll_number=f"r-{at}",
        student_name="A Student",
        file_name="video.mp4",
        video_path=f"videos/{name}.bin",
        size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        media_seconds=40.0,
        idempotency_key=f"key-{at}",
    )
