"""The whole daemon, with model servers that fail on demand; it is driven and looked at over HTTP alone.

The work is notebooks: two requests to a model for each, and no speech. What is asserted at the end of every story is
the same (``FaultLab.nothing_lost``): each accepted notebook has ended, in one result, after legal steps.
"""

import json
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from markupsafe import escape

from benchmarks.role_latency import smallest
from introeval.sd_notify import Notifier
from introeval.service import Daemon, daemon
from introeval.settings import load
from scheduler.ports import Clock, Transcriber
from scheduler.transitions import TASK_TRANSITIONS, TaskEvent
from tests.faults.clocks import HurriedClock
from tests.models.fake_ollama import FakeOllama
from tests.web.homework import NOTEBOOK

ASSIGNMENT = {"id": "rainfall", "kind": "notebook", "title": "Rainfall", "instructions": "Add up the rain."}
STEPS = {
    (str(state), event.value): str(target)
    for state, events in TASK_TRANSITIONS.items()
    for event, target in events.items()
}


def fitting(body: dict[str, Any]) -> str:
    """A reply that fits what was asked."""
    return json.dumps(smallest(body["format"]))


def notebook(student: int) -> bytes:
    """A small one of its own for each student: equal ones would be answered from what is kept."""
    return NOTEBOOK.replace(b"907", f"{907 + student}".encode())


@dataclass
class FaultLab:
    """A running daemon. ``accepted``: the ids that were answered with 201."""

    running: Daemon
    http: aiohttp.ClientSession
    database: Path
    accepted: list[str]

    async def hand_in(self, *students: int) -> list[str]:
        """Each hands in a notebook; returns the ids."""
        made = []
        for student in students:
            form = aiohttp.FormData(
                {"roll_number": f"R{student}", "name": "A Student", "assignment": ASSIGNMENT["id"]}
            )
            form.add_field("file", notebook(student), filename="work.ipynb")
            async with self.http.post("/api/v1/submissions", data=form) as answer:
                assert answer.status == 201, await answer.text()
                made.append(str((await answer.json())["id"]))
        self.accepted += made
        return made

    async def get(self, path: str) -> Any:
        """A JSON body."""
        async with self.http.get(path) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def page(self, path: str = "/") -> str:
        """A page, as a person's browser asks for it."""
        async with self.http.get(path, headers={"Accept": "text/html"}) as answer:
            return await answer.text()

    async def until(self, what: str, **wanted: Any) -> dict[str, Any]:
        """The first server named ``what``, once it looks like ``wanted``: health changes without an event."""
        while True:
            status = await self.get("/api/v1/status")
            (server,) = [one for one in status["servers"] if one["name"] == what]
            if wanted.items() <= server.items():
                return dict(server)

    async def idle_because(self, words: str) -> None:
        """Until nothing runs and the status says ``words``."""
        while True:
            status = await self.get("/api/v1/status")
            if words in status["why"] and not status["running"]:
                return

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        """The live events, from the first one on."""
        endless = aiohttp.ClientTimeout(total=None)
        async with self.http.get("/api/v1/events?after=0", timeout=endless) as stream:
            async for line in stream.content:
                if line.startswith(b"data:"):
                    yield json.loads(line[5:])

    async def ended(self) -> None:
        """Follow the events until nothing waits and nothing runs."""
        async for _ in self.events():
            totals = (await self.get("/api/v1/status"))["totals"]
            if totals["stt"] == totals["llm"] == 0:
                return

    async def nothing_lost(self, failed: Sequence[str] = ()) -> None:
        """Wait for the end; each accepted one has one result (those in ``failed``: a reason), after legal steps."""
        await self.ended()
        assert (await self.get("/api/v1/status"))["violations"] == 0
        assert self.rows("SELECT count(*) FROM processing_tasks") == [(len(self.accepted),)]
        for task_id in self.accepted:
            body = await self.get(f"/api/v1/submissions/{task_id}")
            results = self.rows("SELECT count(*) FROM results WHERE task_id = ?", task_id)
            if task_id in failed:
                assert (body["status"], results) == ("failed", [(0,)])
                assert body["error_message"]
                assert str(escape(body["error_message"][:40])) in await self.page(f"/s/{task_id}")
            else:
                assert (body["status"], results) == ("completed", [(1,)]), body["error_message"]
                assert "Grade" in await self.page(f"/s/{task_id}")
            self._legal(task_id)

    def _legal(self, task_id: str) -> None:
        steps = self.rows("SELECT kind, source, target FROM events WHERE task_id = ? ORDER BY id", task_id)
        kind, _, state = steps.pop(0)
        assert kind == "accepted"
        for kind, source, target in steps:
            if kind in set(TaskEvent):
                assert (source, STEPS[source, kind]) == (state, target)
                state = target
        assert state in ("completed/completed", "failed/failed")

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Look into the tables as another process would."""
        connection = sqlite3.connect(self.database)
        try:
            return connection.execute(sql, values).fetchall()
        finally:
            connection.close()


@asynccontextmanager
async def fault_lab(
    root: Path,
    *servers: FakeOllama,
    clock: Clock | None = None,
    transcriber: Transcriber | None = None,
    **settings: Any,
) -> AsyncIterator[FaultLab]:
    """A daemon whose language models these are; what they answer fits, unless the test says otherwise.

    ``transcriber``: who listens to recordings; not given: Whisper.
    """
    for server in servers:
        server.reply_for = server.reply_for or fitting
    given: dict[str, Any] = {
        "state_dir": root / "state",
        "port": 0,
        "models": "ollama",
        "ollama": {
            "servers": [
                {"name": f"server-{at}", "url": one.url, "model": one.model}
                for at, one in enumerate(servers, 1)
            ],
            "max_concurrent": 2,
            "timeout_seconds": 20.0,
        },
        "embedded": {"stt": "whisper-tiny.en"},
        "generation": {"first_token_seconds": 2.0, "idle_seconds": 1.0},
        "phases": {"handover_seconds": 3.0},
        "drain_seconds": 1.0,
    }
    async with (
        daemon(
            load(given | settings), Notifier({}), clock or HurriedClock(), transcriber=transcriber
        ) as running,
        aiohttp.ClientSession(running.url) as http,
    ):
        async with http.put(f"/api/v1/assignments/{ASSIGNMENT['id']}", json=ASSIGNMENT) as answer:
            assert answer.status in (200, 201), await answer.text()
        yield FaultLab(running, http, root / "state" / "introeval.sqlite3", [])
