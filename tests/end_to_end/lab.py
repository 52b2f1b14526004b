"""A whole lab for tests: the real daemon as a process on its own state, driven over HTTP, and killed for real."""

import asyncio
import json
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

REPOSITORY = Path(__file__).parents[2]
SAMPLES = REPOSITORY / "samples"
TINY = {
    "INTROEVAL_EMBEDDED_STT": "whisper-tiny.en",
    "INTROEVAL_EMBEDDED_LLM": "smollm2-135m-instruct",
    "INTROEVAL_LOG_FORMAT": "json",
    "INTROEVAL_GRADING_RUBRIC": str(Path(__file__).with_name("one_question.toml")),
}
USUAL_RUBRIC = {
    "INTROEVAL_GRADING_RUBRIC": str(REPOSITORY / "introeval" / "grading" / "rubrics" / "introduction.toml")
}
"""For a test that looks at what a model wrote, or needs it to write for some seconds."""
NO_TIMEOUT = aiohttp.ClientTimeout(total=None)


@dataclass
class Lab:
    """``process``: the daemon, if it runs. ``environment``: settings beyond the tiny models and the short rubric."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)
    process: asyncio.subprocess.Process | None = None
    url: str = ""
    log: list[str] = field(default_factory=list)
    _serving: asyncio.Event = field(default_factory=asyncio.Event)
    _lines: asyncio.Task[None] | None = None

    @property
    def state(self) -> Path:
        return self.root / "state"

    @property
    def database(self) -> Path:
        return self.state / "introeval.sqlite3"

    async def start(self) -> None:
        """Start the daemon; returns when it says that it serves."""
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "introeval", "serve", "--port", "0", "--state-dir", str(self.state),
            env=os.environ | TINY | self.environment, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        self._lines = asyncio.create_task(self._read(self.process.stderr))
        serving = asyncio.create_task(self._serving.wait())
        await asyncio.wait([serving, self._lines], return_when=asyncio.FIRST_COMPLETED)
        serving.cancel()
        assert self._serving.is_set(), "".join(self.log[-20:])
        self._serving.clear()

    async def _read(self, stream: asyncio.StreamReader | None) -> None:
        assert stream is not None
        async for line in stream:
            self.log.append(line.decode())
            if b'"event": "serving"' in line:
                self.url = json.loads(line)["url"]
                self._serving.set()

    async def kill(self) -> None:
        """As a power cut of the process: SIGKILL, nothing is said and nothing is cleaned up."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()

    async def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return await self.process.wait()

    @asynccontextmanager
    async def http(self) -> AsyncIterator[aiohttp.ClientSession]:
        """A client of the daemon."""
        async with aiohttp.ClientSession(self.url) as session:
            yield session

    async def submit(self, *files: Path, key: str | None = None) -> list[dict[str, Any]]:
        """Hand videos in; the stem is the roll number. Returns the answers' bodies."""
        bodies = []
        async with self.http() as http:
            for file in files:
                form = aiohttp.FormData({"roll_number": file.stem.replace("_", "-"), "name": "A Student"})
                headers = {"Idempotency-Key": key} if key else {}
                with file.open("rb") as content:
                    form.add_field("file", content, filename=file.name)
                    async with http.post("/api/v1/submissions", data=form, headers=headers) as response:
                        bodies.append(await response.json() | {"http": response.status})
        return bodies

    async def get(self, path: str) -> Any:
        """A JSON body."""
        async with self.http() as http, http.get(path) as response:
            return await response.json()

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Look into the tables as another process would."""
        connection = sqlite3.connect(self.database)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        """The live events, from the first one on."""
        async with self.http() as http, http.get("/api/v1/events?after=0", timeout=NO_TIMEOUT) as stream:
            async for line in stream.content:
                if line.startswith(b"data:"):
                    yield json.loads(line[5:])
        raise AssertionError("the event stream ended: " + "".join(self.log[-20:]))

    async def after(self, kind: str, target: str | None = None) -> None:
        """Follow the events until one of this kind (and target state) comes."""
        async for event in self.events():
            if event.get("kind") == kind and target in (None, event.get("target")):
                return

    async def statuses(self) -> AsyncIterator[dict[str, Any]]:
        """The status, again and again: for what changes without an event (a server's health)."""
        while True:
            yield await self.get("/api/v1/status")

    async def all_ended(self) -> None:
        """Follow the events until nothing waits and nothing runs."""
        async for _event in self.events():
            totals = (await self.get("/api/v1/status"))["totals"]
            if totals["stt"] == totals["llm"] == 0:
                return


@asynccontextmanager
async def running(lab: Lab) -> AsyncIterator[Lab]:
    """Start its daemon; at the end it must stop well, unless it has ended before."""
    await lab.start()
    try:
        yield lab
    finally:
        if lab.process is not None and lab.process.returncode is None:
            assert await lab.stop() == 0


def overlaps(lab: Lab) -> list[tuple[str, str]]:
    """Pairs of an STT span and a language-model span that met, from the tables' own events."""
    spans: dict[str, list[tuple[float, float, str]]] = {"stt": [], "llm": []}
    began: dict[str, tuple[float, str]] = {}
    for at, task_id, source, target in lab.rows("SELECT at, task_id, source, target FROM events ORDER BY id"):
        if target in ("stt/processing", "llm/processing"):
            began[task_id] = (at, target[:3])
        elif source in ("stt/processing", "llm/processing"):
            since, side = began.pop(task_id)
            spans[side].append((since, at, task_id))
    return [
        (first[2], second[2])
        for first in spans["stt"]
        for second in spans["llm"]
        if first[0] < second[1] and second[0] < first[1]
    ]
