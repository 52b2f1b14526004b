"""One full life of a daemon as its client lives it: uploads, transcripts, the hand-over, grades, the export, the end.

The client is a good one: it hands each file in under an Idempotency-Key, and when the daemon dies it waits for the next
one and does the step again. ``Ledger`` is what it may rely on: every file for which it has heard 201 (or 200).
"""

import asyncio
import hashlib
import io
import json
import random
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from scheduler.task import Stage
from tests.crash.lab import DiedError, Lab
from tests.crash.pieces import send_in_pieces
from tests.crash.watch import Call, Rule

NAME = "A Student"
ENDED = tuple(f"{stage}/{stage}" for stage in (Stage.COMPLETED, Stage.FAILED))
TROUBLE = (aiohttp.ClientError, ConnectionError, DiedError, EOFError)
"""What a client sees of a daemon that dies."""


@dataclass
class Ledger:
    """``files``: what is handed in, by key. ``accepted``: the submission that each key was told, once it was.

    ``offsets``: of those that go in pieces, how much the daemon has said that it has. ``names``: of students, by key.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    accepted: dict[str, str] = field(default_factory=dict)
    offsets: dict[str, int] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    def add(self, seed: int, size: int, pieces: bool = False) -> str:
        """A new file of this size; returns its key."""
        key = f"key-{len(self.files)}"
        if pieces:
            self.offsets[key] = 0
        self.files[key] = random.Random(seed * 1000 + len(self.files)).randbytes(size)
        return key

    def digest(self, key: str) -> str:
        """The file's SHA-256."""
        return hashlib.sha256(self.files[key]).hexdigest()

    def heard(self, key: str, task_id: str) -> None:
        """The daemon has said yes. A key that was told another submission before is a broken promise."""
        assert self.accepted.setdefault(key, task_id) == task_id, f"{key} became two submissions"


async def submit(
    http: aiohttp.ClientSession, key: str, content: bytes, name: str = NAME
) -> tuple[int, dict[str, Any]]:
    """Hand a file in; returns the status and the body."""
    form = aiohttp.FormData({"roll_number": key, "name": name})
    form.add_field("file", io.BytesIO(content), filename="video.mp4")
    headers = {"Idempotency-Key": key}
    async with http.post("/api/v1/submissions", data=form, headers=headers) as answer:
        return answer.status, await answer.json()


@asynccontextmanager
async def following(
    http: aiohttp.ClientSession, after: int | None = None
) -> AsyncIterator[AsyncIterator[str]]:
    """The events after this one (not given: those from now on): the id of each submission as it ends.

    The iterator raises ``EOFError`` when the stream ends.
    """
    path = "/api/v1/events" if after is None else f"/api/v1/events?after={after}"
    async with (
        http.get(path, timeout=aiohttp.ClientTimeout(total=None)) as stream,
        aclosing(_ends(stream.content)) as ends,
    ):
        yield ends


async def _ends(lines: aiohttp.StreamReader) -> AsyncGenerator[str]:
    async for line in lines:
        if line.startswith(b"data:"):
            event = json.loads(line[5:])
            if event.get("target") in ENDED:
                yield event["task_id"]
    raise EOFError("the event stream ended")


async def all_ended(http: aiohttp.ClientSession, tasks: set[str]) -> None:
    """Follow the events until each of these submissions has ended."""
    left = set(tasks)
    async with following(http, after=0) as ends:
        while left:
            left.discard(await anext(ends))


async def export(http: aiohttp.ClientSession, tasks: set[str]) -> None:
    """Read back what a teacher would: the list, each submission, its results and its file."""
    paths = [
        f"/api/v1/submissions/{task}{part}" for task in sorted(tasks) for part in ("", "/results", "/video")
    ]
    for path in ("/api/v1/submissions", *paths):
        async with http.get(path) as answer:
            assert answer.status == 200, (path, answer.status)
            await answer.read()


class Life:
    """Runs the steps on a lab; starts it again whenever it has died. ``killed``: the calls at which it was."""

    def __init__(self, lab: Lab, ledger: Ledger) -> None:
        self.lab = lab
        self.ledger = ledger
        self.killed: list[Call] = []
        self._rules: list[Rule] = []

    async def live(self, *rules: Rule) -> None:
        """From the first start to a clean end. ``rules``: of the first starts; the later ones are left alone."""
        self._rules = list(rules)
        await self._start()
        for key in self.ledger.files:
            await self._step(lambda http, key=key: self._submit(http, key))  # type: ignore[misc]
        tasks = set(self.ledger.accepted.values())
        await self._step(lambda http: all_ended(http, tasks))
        await self._step(lambda http: export(http, tasks))
        while await self.lab.stop() != 0:
            # Killed while it ended: the next one finds all done and ends properly.
            await self._again()

    async def _submit(self, http: aiohttp.ClientSession, key: str) -> None:
        content = self.ledger.files[key]
        if key in self.ledger.offsets:
            self.ledger.heard(key, await send_in_pieces(http, key, content, self.ledger.offsets))
            return
        status, body = await submit(http, key, content, self.ledger.names.get(key, NAME))
        assert status in (200, 201), (status, body)
        self.ledger.heard(key, body["id"])

    async def _step(self, step: Callable[[aiohttp.ClientSession], Awaitable[None]]) -> None:
        while True:
            try:
                async with self.lab.http() as http:
                    return await step(http)
            except TROUBLE:
                # Only a daemon that is gone is started again: an error of one that lives is a failure of the test.
                async with asyncio.timeout(10):
                    await self.lab.gone()
                await self._again()

    async def _start(self) -> None:
        rule = self._rules.pop(0) if self._rules else None
        try:
            await self.lab.start(rule)
        except DiedError:
            await self._again()

    async def _again(self) -> None:
        watcher, self.lab.watcher = self.lab.watcher, None
        assert watcher is not None and watcher.killed, "it died by itself:\n" + self.lab.log[-3000:]  # noqa: PT018
        self.killed.append(watcher.killed)
        await self._start()
