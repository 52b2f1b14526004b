"""What must be true of a state folder after a life with crashes in it, read by another process's eyes.

1. Every acknowledged file is on the disk, byte for byte, and its submission has ended in exactly one result.
2. Nothing was transcribed, evaluated or graded twice; each task's events are a path through the transition table.
3. No model was asked again for a grade that was kept: at most one request more for each crash.
4. No file is left that no row speaks of, and each row's files are there. The tables are whole.
"""

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from itertools import pairwise
from pathlib import Path

from scheduler.task import Stage, Status, TaskState
from scheduler.transitions import TASK_TRANSITIONS, TaskEvent
from tests.crash.lab import Lab
from tests.crash.life import Ledger
from tests.crash.paper import spoken_name
from tests.scheduler.invariants import broken

SLOTS = 4
"""Evaluations that a crash can interrupt at most."""
FOLDERS = ("videos", "transcripts", "audio", "images", "pages")


def faults(lab: Lab, ledger: Ledger, crashes: int = 1) -> list[str]:
    """What is wrong; nothing is right. The daemon has ended."""
    with closing(sqlite3.connect(lab.database)) as tables:
        found = [f"integrity: {row[0]}" for row in tables.execute("PRAGMA integrity_check") if row[0] != "ok"]
        found += broken(tables, set(ledger.accepted.values()))
        found += files_of(tables, lab.folder, ledger, ledger.accepted)
        found += results_of(tables, ledger.accepted)
        found += _paths(tables)
        found += _asked(tables, lab.fake.prompts, crashes)
    return found + orphans(lab)


def files_of(
    tables: sqlite3.Connection, state: Path, ledger: Ledger, accepted: Mapping[str, str]
) -> list[str]:
    """Of these, by key: which are not on the disk, byte for byte."""
    rows = {row[0]: row[1:] for row in tables.execute("SELECT id, video_path, sha256 FROM processing_tasks")}
    found = []
    for key, task in accepted.items():
        path, digest = rows.get(task, ("", ""))
        file = state / path
        if not path or not file.is_file():
            found.append(f"{key}: acknowledged, and its file is not there")
        elif not ledger.digest(key) == digest == hashlib.sha256(file.read_bytes()).hexdigest():
            found.append(f"{key}: acknowledged, and its file has other bytes")
    return found


def results_of(tables: sqlite3.Connection, accepted: Mapping[str, str]) -> list[str]:
    """Of these, by key: which have not exactly one result; and keys with more than one submission."""
    count = Counter(row[0] for row in tables.execute("SELECT task_id FROM results"))
    found = [f"{key}: {count[task]} results" for key, task in accepted.items() if count[task] != 1]
    rows = tables.execute("SELECT idempotency_key FROM processing_tasks WHERE idempotency_key IS NOT NULL")
    keys = Counter(row[0] for row in rows)
    return found + [f"{key}: {times} submissions" for key, times in keys.items() if times != 1]


def _paths(tables: sqlite3.Connection) -> list[str]:
    """Events that the table of transitions does not have, or that do not join."""
    events: dict[str, list[tuple[str, str | None, str]]] = {}
    for task, *event in tables.execute(
        "SELECT task_id, kind, source, target FROM events WHERE task_id IS NOT NULL ORDER BY id"
    ):
        events.setdefault(task, []).append((event[0], event[1], event[2]))
    found = []
    for task, path in events.items():
        if path[0][0] != "accepted" or path[0][1] is not None:
            found.append(f"{task} began with {path[0]}")
        for before, (kind, source, target) in pairwise(path):
            if source != before[2] or str(TASK_TRANSITIONS[_state(source)].get(TaskEvent(kind))) != target:
                found.append(f"{task}: {kind} from {source} to {target} after {before}")
    return found


def _state(text: str) -> TaskState:
    stage, _, status = text.partition("/")
    return TaskState(Stage(stage), Status(status))


def _asked(tables: sqlite3.Connection, prompts: list[str], crashes: int) -> list[str]:
    tasks = [row[0] for row in tables.execute("SELECT id FROM processing_tasks")]
    count = {task: sum(spoken_name(task) in prompt for prompt in prompts) for task in tasks}
    found = [f"{task}: asked {times} times" for task, times in count.items() if not 1 <= times <= 1 + crashes]
    if len(prompts) > len(tasks) + crashes * SLOTS:
        found.append(f"{len(prompts)} requests for {len(tasks)} tasks and {crashes} crashes")
    return found


def orphans(lab: Lab) -> list[str]:
    """Files that no row speaks of, and rows whose files are not there."""
    with closing(sqlite3.connect(lab.database)) as tables:
        known = {row[0] for row in tables.execute("SELECT video_path FROM processing_tasks")}
        known |= {row[0] for row in tables.execute("SELECT transcript_path FROM processing_tasks")}
    there = {
        str(path.relative_to(lab.folder))
        for folder in FOLDERS
        for path in (lab.folder / folder).rglob("*")
        if path.is_file()
    }
    known.discard(None)
    return [f"orphan: {name}" for name in sorted(there - known)] + [
        f"missing: {name}" for name in known - there
    ]
