"""What must hold at every commit, by a second account of the tables that shares nothing with the code under test.

It keeps its own copy of every task, moves it by the events of each commit (``laws``), and compares it with the rows.
What a commit has not written is not read again (its statements say which tables they write); at the end all is.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from scheduler.task import Task
from tests.simulator.laws import BATCHES, ENDED, LAWS, MAX_RETRIES, PHASES
from tests.simulator.tables import Tables

_TASKS = """SELECT id, current_phase || '/' || status, lease, retry_count, batch_id, error_code, assignment_version
    FROM processing_tasks"""
_NOTES = "SELECT task_id, group_concat(assignment_version || ' ' || code) FROM failures GROUP BY task_id"
_EVENTS = """SELECT id, at, kind, task_id, batch_id, source, target, detail FROM events
    WHERE id > ? ORDER BY id"""
_STATE = "SELECT current_phase, stt_queue_count, llm_queue_count, active_workers FROM system_state"
_OF_TASKS = {"processing_tasks", "failures"}
_OF_STATE = {"events", "system_state"}
_GRADING = ("evaluated", "regrade")
_RESULTS = "SELECT task_id, assignment_version, prompt_hash FROM results"


@dataclass(slots=True)
class Shadow:
    """A task as the events have it. ``grades``: version to the lease under which it was given. ``note``: of a regrade
    that ended without a grade."""

    state: str
    lease: int = 0
    retries: int = 0
    batch: int | None = None
    version: int = 1
    code: str | None = None
    grades: dict[int, int] = field(default_factory=dict)
    note: str | None = None


@dataclass
class Oracle:
    """``wrong``: the first law that was broken. ``look``: called after each commit that broke none. ``events``: all."""

    tables: Tables
    look: Callable[[], None] = lambda: None
    wrong: str | None = None
    tasks: dict[str, Shadow] = field(default_factory=dict)
    batches: dict[int, str] = field(default_factory=dict)
    phase: str = "stt"
    events: list[tuple[Any, ...]] = field(default_factory=list)
    _counts: tuple[int, int, int] = (0, 0, 0)
    _noted: bool = False
    _leases: set[tuple[str, int]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._cursor = self.tables.file.cursor()
        self._cursor.row_factory = None

    def _read(self, sql: str, parameters: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        """What the last commit left. Not while a transaction is open."""
        return self._cursor.execute(sql, parameters).fetchall()

    def broken(self, law: str, what: str) -> None:
        """Remember the first law that was broken; its text before the colon names it."""
        self.wrong = self.wrong or f"{law}: {what}"

    def committed(self) -> None:
        """Look at a commit. Called before anything else can run. What it cannot have changed is not read again."""
        written, self.tables.written = self.tables.written, set()
        moved = graded = False
        if "events" in written:
            last = self.events[-1][0] if self.events else 0
            events = self._read(_EVENTS, (last,))
            self.events += events
            for _, _, kind, task, *rest in events:
                moved = moved or task is not None
                graded = graded or kind.startswith(_GRADING)
                self._event(kind, task, *rest)
        self._noted = self._noted or "failures" in written
        if moved or not written.isdisjoint(_OF_TASKS):
            self.check_tasks()
        elif not written.isdisjoint(_OF_STATE):
            self._check_state()
        if graded:
            self.check_results()
        if self.wrong is None:
            self.look()

    def handed_out(self, task: Task, side: str) -> None:
        """A side was given this piece of work."""
        shadow = self.tasks[task.id]
        if (task.id, task.lease) in self._leases:
            self.broken("a lease is handed out once", f"{task.id} under lease {task.lease}")
        self._leases.add((task.id, task.lease))
        current = (shadow.state, shadow.lease) == (f"{side}/processing", task.lease)
        if not current and shadow.code != "cancelled" and shadow.state not in ENDED:
            self.broken(
                "state is committed before it is acted upon",
                f"{task.id} is {shadow.state} when {side} begins",
            )

    def in_stt(self, batch: int | None) -> bool:
        """Whether a task of the batch is still in STT."""
        return any(task.batch == batch and task.state.startswith("stt/") for task in self.tasks.values())

    def _event(
        self,
        kind: str,
        task: str | None,
        batch: int | None,
        source: str | None,
        target: str | None,
        detail: str,
    ) -> None:
        match kind:
            case "phase":
                if (source, target) not in PHASES or source != self.phase:
                    self.broken("legal chain of phases", f"{self.phase}: {source} -> {target}")
                self.phase = str(target)
            case "batch" if batch is not None:
                if (source, target) not in BATCHES or source != self.batches[batch]:
                    self.broken("legal chain of batches", f"{batch}: {source} -> {target}")
                self.batches[batch] = str(target)
            case "batch_closed" if batch is not None:
                self.batches[batch] = "waiting"
            case "violation":
                self.broken("no violation is recorded", "one is")
            case "accepted" if task is not None:
                self.tasks[task] = Shadow(str(target))
            case _ if task is not None:
                self._transition(kind, task, str(source), str(target), detail)

    def _transition(self, kind: str, name: str, source: str, target: str, detail: str) -> None:
        task = self.tasks[name]
        if LAWS.get(kind, {}).get(source) != target or task.state != source:
            self.broken("legal chain of events", f"{name} is {task.state}: {kind}, {source} -> {target}")
        task.state = target
        match kind:
            case "started":
                self._started(name, task)
            case "attempt_failed":
                task.retries += 1
            case "evaluated":
                task.grades[task.version] = task.lease
            case "regraded":
                task.retries, task.batch, task.note = 0, None, None
                task.lease = (task.lease // 1_000 + 1) * 1_000
                task.version = json.loads(detail)["version"]
            case "gave_up" | "cancelled" | "regrade_failed" | "regrade_cancelled":
                self._without_a_result(kind, name, task, json.loads(detail)["error"])
        if kind == "attempt_failed" and task.retries > MAX_RETRIES:
            self.broken("at most so many retries", f"{name} has had {task.retries}")

    def _without_a_result(self, kind: str, name: str, task: Shadow, code: str) -> None:
        """It failed or, when it has a grade, that one stays and a note tells of the regrade."""
        if bool(task.grades) != kind.startswith("regrade"):
            self.broken("a grade that was given stays", f"{name}, {task.grades}: {kind}")
        elif task.grades:
            task.note, task.version = f"{task.version} {code}", max(task.grades)
        if code not in ("rejected", "cancelled") and task.retries < MAX_RETRIES:
            self.broken("retried before it is given up", f"{name} after {task.retries} retries")

    def _started(self, name: str, task: Shadow) -> None:
        side = task.state[:3]
        task.lease += 1
        if self.phase != side:
            self.broken("work is started in its own phase", f"{name}, {side} in {self.phase}")
        if task.batch is None:
            self.broken("work is started in a batch", name)
        if side == "llm" and self.in_stt(task.batch):
            self.broken("a batch finishes STT before it is evaluated", f"{name} of batch {task.batch}")
        other = "stt" if side == "llm" else "llm"
        if any(found.state == f"{other}/processing" for found in self.tasks.values()):
            self.broken("one kind of work at a time", f"{name} is started beside {other} work")
        earlier = [
            found.batch for found in self.tasks.values() if found.state.startswith("stt/") and found.batch
        ]
        if side == "stt" and earlier and task.batch is not None and min(earlier) < task.batch:
            self.broken("batches go through STT in turn", f"{name} of {task.batch} before {min(earlier)}")

    def check_tasks(self) -> None:
        """The rows are what the events say, and the counters what the rows say."""
        stt = llm = active = 0
        rows, notes = self._read(_TASKS), dict(self._read(_NOTES)) if self._noted else {}
        if len(rows) != len(self.tasks):
            self.broken("an event for each row", f"{len(rows)} rows, {len(self.tasks)} accepted")
        for name, state, lease, retries, batch, code, version in rows:
            task, note = self.tasks[name], notes.get(name)
            if state != task.state or lease != task.lease:
                self.broken("an event for each change", f"{name} is {state}, its events say {task.state}")
            if retries != task.retries:
                self.broken("a retry counts once", f"{name} has {retries}, not {task.retries}")
            stt += state in ("stt/pending", "stt/retry")
            llm += state in ("llm/pending", "llm/retry")
            active += state.endswith("/processing")
            if batch != task.batch:
                self._batch(name, task, batch)
            task.code = code
            if version != task.version or note != task.note:
                found = f"{version}, {note}, not {task.version}, {task.note}"
                self.broken("a grade that was given stays", f"{name}: {found}")
            if (state == "failed/failed") != (code is not None) and state in ENDED:
                self.broken("who failed is told why", f"{name} {state} {code}")
        self._counts = (stt, llm, active)
        self._check_state()

    def _check_state(self) -> None:
        (found,), expected = self._read(_STATE), (self.phase, *self._counts)
        if found != expected:
            self.broken("counters true at every commit", f"{found}, not {expected}")

    def _batch(self, name: str, task: Shadow, batch: int | None) -> None:
        """A task joins a batch that was just closed, and stays in it until somebody wants it graded anew."""
        if task.batch is not None or self.batches.get(batch or 0) not in ("waiting", "evaluating"):
            self.broken("a task stays in its batch", f"{name} goes from {task.batch} to {batch}")
        task.batch = batch

    def check_results(self) -> None:
        """Each evaluation has left one result, from the lease under which it was done."""
        rows = self._read(_RESULTS)
        have = {(task, version): prompt_hash for task, version, prompt_hash in rows}
        expected = sum(len(task.grades) for task in self.tasks.values())
        if len(rows) != expected:
            self.broken("one result for each evaluation", f"{len(rows)} results, {expected} evaluations")
        for name, task in self.tasks.items():
            if (task.state == "completed/completed") != ((name, task.version) in have):
                self.broken("a result if and only if completed", f"{name} {task.state}")
            for version, lease in task.grades.items():
                if have.get((name, version)) != str(lease):
                    result = have.get((name, version))
                    self.broken("a late answer changes nothing", f"{name}: lease {result}, not {lease}")

    def unended(self) -> list[str]:
        """The tasks that have not ended."""
        return [f"{name} {task.state}" for name, task in self.tasks.items() if task.state not in ENDED]
