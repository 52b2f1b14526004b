"""``Fault``: a rule that makes chosen state calls fail while it is armed; and a daemon under it."""

import errno
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from tests.crash.lab import Lab, Nursery, lab
from tests.crash.life import submit
from tests.crash.watch import Call, Fail, Kill, Short

CONTENT = bytes(range(256)) * 4096
"""1 MiB: a block that is written at once."""
PROBLEM = "application/problem+json"
QUIET = {
    "INTROEVAL_BATCH_SIZE": "100",
    "INTROEVAL_BATCH_AGE_SECONDS": "3600",
    "INTROEVAL_UPLOAD_RESERVE_BYTES": "0",
}
"""Settings under which nothing but the upload touches the state."""


def on(name: str, *paths: str) -> Callable[[Call], bool]:
    """Calls of this name on a path that begins and ends like one of ``paths`` (``"videos/*.part"``)."""

    def match(call: Call) -> bool:
        return call.name == name and any(
            call.path.startswith(path.partition("*")[0]) and Path(call.path).match(path) for path in paths
        )

    return match


def everything(call: Call) -> bool:
    """Whatever would change anything in the state."""
    return call.changes


@dataclass
class Fault:
    """``times``: how often it happens while it is armed (``None``: always). ``hits``: where it did."""

    match: Callable[[Call], bool]
    action: Fail | Short | Kill
    times: int | None = 1
    armed: bool = False
    hits: list[Call] = field(default_factory=list)

    def __call__(self, call: Call) -> Fail | Short | Kill | None:
        if (
            not self.armed
            or not self.match(call)
            or (self.times is not None and len(self.hits) >= self.times)
        ):
            return None
        self.hits.append(call)
        return self.action


@asynccontextmanager
async def faulty(nursery: Nursery, root: Path, fault: Fault, **settings: str) -> AsyncIterator[Lab]:
    """A daemon that serves, under ``fault`` (not armed yet)."""
    async with lab(nursery, root, **(QUIET | settings)) as made:
        await made.start(fault)
        yield made


async def refused(made: Lab, key: str) -> tuple[int, str]:
    """Hand ``CONTENT`` in, which must be refused as a whole problem; returns the status and the code."""
    async with made.http() as http:
        return await refused_by(http, key)


async def refused_by(http: aiohttp.ClientSession, key: str) -> tuple[int, str]:
    """As ``refused``, by a client that there is already."""
    status, body = await submit(http, key, CONTENT)
    assert status >= 400, (status, body)
    assert {"type", "title", "status", "detail", "code"} <= set(body), body
    assert body["status"] == status
    return status, body["code"]


async def accepted(made: Lab, key: str) -> str:
    """Hand ``CONTENT`` in; returns the submission's id after a 201."""
    async with made.http() as http:
        status, body = await submit(http, key, CONTENT)
    assert status == 201, (status, body)
    return str(body["id"])


def kept(made: Lab) -> dict[str, bytes]:
    """What is in the folder of uploads, whatever its name."""
    return {path.name: path.read_bytes() for path in (made.folder / "videos").iterdir()}


def rows(made: Lab, sql: str = "SELECT id FROM processing_tasks") -> list[str]:
    """A column, as another process reads it."""
    with closing(sqlite3.connect(made.database)) as tables:
        return [str(row[0]) for row in tables.execute(sql)]


def error(name: str) -> Fail:
    """By the error's symbol, as in ``ENOSPC``."""
    return Fail(getattr(errno, name))
