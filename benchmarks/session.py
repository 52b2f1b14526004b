"""One whole lab session for a benchmark: a real daemon, the real ``submit`` command, and what the tables say after."""

import asyncio
import json
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path

from db.database import FILE_NAME
from introeval.client.api import Api, connect
from introeval.demo.daemon import DemoDaemon

POLL_SECONDS = 2.0
Span = tuple[float, float]


@dataclass(frozen=True)
class Session:
    """A finished session. ``flow``: seconds from acceptance to grade, per student; ``spans``: work by side.

    ``stt``, ``llm``: seconds of work, summed. ``hand_overs``: seconds each. ``graded``: results per server.
    """

    ended: Mapping[str, int]
    violations: int
    makespan: float
    flow: tuple[float, ...]
    stt: float
    llm: float
    hand_overs: tuple[float, ...]
    graded: Mapping[str, int]
    spans: Mapping[str, tuple[Span, ...]]

    @property
    def mean_flow(self) -> float:
        """Mean flow time in seconds."""
        return sum(self.flow) / len(self.flow)

    @property
    def overlap(self) -> float:
        """Seconds in which an STT span and a language-model span met, by the tables' own events; must be 0."""
        return sum(
            max(0.0, min(stt[1], llm[1]) - max(stt[0], llm[0]))
            for stt in self.spans["stt"]
            for llm in self.spans["llm"]
        )


Meanwhile = Callable[[Api], Coroutine[None, None, None]]
"""Something that happens while the session runs."""


async def nothing(_: Api) -> None:
    """Leave the session alone."""


async def run(
    home: Path,
    videos: Path,
    count: int,
    environment: Mapping[str, str],
    cache: Path,
    meanwhile: Meanwhile = nothing,
) -> Session:
    """Hand in the first ``count`` videos of a folder's manifest and wait for the last result."""
    files = _files(home, videos, count)
    daemon = DemoDaemon(home, cache, 0, environment)
    await daemon.start()
    try:
        submit = ("-m", "introeval", "submit", "--url", daemon.url)
        process = await asyncio.create_subprocess_exec(sys.executable, *submit, *files)
        if await process.wait():
            raise RuntimeError("submit failed; see above")
        async with connect(daemon.url) as api:
            await meanwhile(api)
            violations = await _ended(api)
    finally:
        await daemon.stop()
    return read(home / "state" / FILE_NAME, violations)


def _files(home: Path, videos: Path, count: int) -> tuple[str, ...]:
    """Make the session's folder; the arguments of ``submit``: the whole folder, or the first of its manifest."""
    home.mkdir(parents=True)
    rows = json.loads((videos / "manifest.json").read_text())
    return (
        ("--dir", str(videos))
        if count >= len(rows)
        else tuple(str(videos / row["file"]) for row in rows[:count])
    )


async def _ended(api: Api) -> int:
    while True:
        status = await api.status()
        if status.totals["stt"] == status.totals["llm"] == 0:
            return status.violations
        await asyncio.sleep(POLL_SECONDS)


def read(database: Path, violations: int) -> Session:
    """The session as its tables tell it."""
    connection = sqlite3.connect(database)
    connection.row_factory = sqlite3.Row
    try:
        tasks = connection.execute("SELECT * FROM processing_tasks").fetchall()
        events = connection.execute("SELECT * FROM events ORDER BY id").fetchall()
        results = connection.execute(
            "SELECT server, latency_ms FROM results WHERE server IS NOT NULL"
        ).fetchall()
        switches = connection.execute("SELECT leave_seconds + enter_seconds FROM switchovers").fetchall()
    finally:
        connection.close()
    transcribed = [json.loads(event["detail"]) for event in events if event["kind"] == "transcribed"]
    return Session(
        ended=Counter(task["current_phase"] for task in tasks),
        violations=violations,
        makespan=max(task["completed_at"] for task in tasks) - min(task["created_at"] for task in tasks),
        flow=tuple(task["completed_at"] - task["created_at"] for task in tasks),
        stt=sum(detail["compute_seconds"] for detail in transcribed),
        llm=sum(result["latency_ms"] for result in results) / 1000,
        hand_overs=tuple(row[0] for row in switches),
        graded=Counter(result["server"] for result in results),
        spans=_spans(events),
    )


def _spans(events: list[sqlite3.Row]) -> dict[str, tuple[Span, ...]]:
    began: dict[str, float] = {}
    spans: dict[str, list[Span]] = {"stt": [], "llm": []}
    for event in events:
        if (event["target"] or "").endswith("/processing"):
            began[event["task_id"]] = event["at"]
        elif (event["source"] or "").endswith("/processing"):
            spans[event["source"][:3]].append((began.pop(event["task_id"]), event["at"]))
    return {side: tuple(found) for side, found in spans.items()}
