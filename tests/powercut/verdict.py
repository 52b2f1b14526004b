"""Opens what a power cut left, as a start of the daemon does, and compares it with what was promised.

The rules:

1. Production code opens, recovers and sweeps; then every promise must be there, with the bytes that were sent.
2. Nothing may be torn: SQLite's own check, foreign keys, counters, each task's chain of events, and rows and files.
"""

import hashlib
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from db.database import FILE_NAME, Database
from db.intake import Intake
from db.sessions import Sessions
from db.store import SqliteStore
from db.uploads import Uploads
from introeval.clock import SystemClock
from introeval.web.resumable.shelf import Shelf
from introeval.web.storage import UploadRoom
from scheduler.errors import IntroevalError
from scheduler.task import Stage, Status, TaskState
from scheduler.transitions import TaskEvent, next_task_state
from stt.transcript import read_transcript
from tests.powercut.ledger import Promise
from tests.powercut.pieces import uploads

_EXPIRE_SECONDS = 86_400.0
_COUNTERS = """
SELECT (SELECT count(*) FROM processing_tasks WHERE current_phase = 'stt' AND status IN ('pending', 'retry')),
       (SELECT count(*) FROM processing_tasks WHERE current_phase = 'llm' AND status IN ('pending', 'retry')),
       (SELECT count(*) FROM processing_tasks WHERE status = 'processing')
"""


async def verdict(state: Path, promises: Sequence[Promise]) -> list[str]:
    """What is wrong after a start on ``state``; empty when nothing is."""
    try:
        async with Database.open(state) as database:
            found = _tables(state, promises)
            store = SqliteStore(database)
            await store.recover(time.time())
            if await store.recover(time.time()):
                found.append("a second recovery found work in hands")
            await store.snapshot(30)
            videos = UploadRoom(state / "videos", 0)
            shelf = Shelf(Uploads(database), videos, SystemClock(), _EXPIRE_SECONDS)
            await videos.sweep(await Intake(database).known_files() | await shelf.known_files())
            await UploadRoom(state / "images", 0).sweep(await Sessions(database).known_files())
            return found + _after(state, promises)
    except (IntroevalError, sqlite3.Error, OSError, ValueError) as error:
        # What a damaged table or folder makes of our own reading is a finding too.
        return [f"UNREADABLE: {type(error).__name__}: {error}"]


def _tables(state: Path, promises: Sequence[Promise]) -> list[str]:
    """Before the recovery: the tables as the power cut left them."""
    with closing(sqlite3.connect(state / FILE_NAME)) as connection:
        found = [
            f"integrity: {row[0]}" for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"
        ]
        found += [f"foreign key: {row}" for row in connection.execute("PRAGMA foreign_key_check")]
        events = _events(connection)
        found += _counters(connection)
        for task_id, stage, status in connection.execute(
            "SELECT id, current_phase, status FROM processing_tasks"
        ):
            found += _chain(task_id, TaskState(Stage(stage), Status(status)), events.get(task_id, []))
        promised: dict[str, list[str]] = {}
        for promise in promises:
            if promise.kind == "event":
                promised.setdefault(promise.id, []).append(promise.value)
            if promise.kind == "batch":
                query = "SELECT count(*) FROM processing_tasks WHERE batch_id = ?"
                if connection.execute(query, (promise.id,)).fetchone()[0] != int(promise.value):
                    found.append(f"LOST: batch {promise.id}")
        for task_id, kinds in promised.items():
            there = [
                kind for kind, _, _ in events.get(task_id, []) if kind not in ("accepted", TaskEvent.RELEASED)
            ]
            if there[: len(kinds)] != kinds:
                found.append(f"LOST: task {task_id} was told {kinds}, the tables have {there}")
    return found


def _events(connection: sqlite3.Connection) -> dict[str, list[tuple[str, str | None, str | None]]]:
    events: dict[str, list[tuple[str, str | None, str | None]]] = {}
    query = "SELECT task_id, kind, source, target FROM events WHERE task_id IS NOT NULL ORDER BY id"
    for task_id, kind, source, target in connection.execute(query):
        events.setdefault(task_id, []).append((kind, source, target))
    return events


def _counters(connection: sqlite3.Connection) -> list[str]:
    said = "SELECT stt_queue_count, llm_queue_count, active_workers FROM system_state"
    counted, told = (connection.execute(query).fetchone() for query in (_COUNTERS, said))
    return [] if counted == told else [f"TORN: counters say {told}, the tables {counted}"]


def _chain(task_id: str, state: TaskState, events: Sequence[tuple[str, str | None, str | None]]) -> list[str]:
    if not events or events[0][0] != "accepted":
        return [f"TORN: task {task_id} has no event of its acceptance"]
    at = _state(events[0][2])
    for kind, source, target in events[1:]:
        if source != str(at) or str(next_task_state(at, TaskEvent(kind))) != target:
            return [f"TORN: task {task_id} was {at}, then {kind} from {source} to {target}"]
        at = _state(target)
    return [] if at == state else [f"TORN: task {task_id} is {state}, its events say {at}"]


def _state(text: str | None) -> TaskState:
    stage, _, status = (text or "").partition("/")
    return TaskState(Stage(stage), Status(status))


def _after(state: Path, promises: Sequence[Promise]) -> list[str]:
    """After recovery and sweep: rows with their files, and every promised submission and image."""
    with closing(sqlite3.connect(state / FILE_NAME)) as connection:
        rows = connection.execute("SELECT id, sha256, video_path FROM processing_tasks").fetchall()
        images = connection.execute("SELECT id, sha256, path FROM images").fetchall()
        sessions = {row[0] for row in connection.execute("SELECT id FROM sessions")}
        found = _counters(connection)
        found += _results(connection, state)
        found += uploads(connection, state / "videos", promises)
    for row_id, sha256, path in rows + images:
        found += _file(row_id, sha256, state / path)
    there = {"submission": {row[0]: row[1] for row in rows}, "image": {row[0]: row[1] for row in images}}
    for promise in promises:
        if promise.kind in there and there[promise.kind].get(promise.id) != promise.value:
            found.append(f"LOST: {promise.kind} {promise.id}")
        if promise.kind == "session" and promise.id not in sessions:
            found.append(f"LOST: session {promise.id}")
    return found


def _file(row_id: str, sha256: str, path: Path) -> Iterator[str]:
    if not path.is_file():
        yield f"LOST: row {row_id} has no file"
    elif hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        yield f"TORN: the file of row {row_id} has other bytes"


def _results(connection: sqlite3.Connection, state: Path) -> list[str]:
    query = "SELECT t.id FROM processing_tasks t LEFT JOIN results r ON r.task_id = t.id WHERE {}"
    odd = "(t.current_phase = 'completed') != (r.task_id IS NOT NULL)"
    found = [f"TORN: task {row[0]} and its result" for row in connection.execute(query.format(odd))]
    held = "SELECT id, transcript_path FROM processing_tasks WHERE transcript_path IS NOT NULL"
    for task_id, path in connection.execute(held):
        try:
            read_transcript(state / path)
        except IntroevalError as error:
            found.append(f"TORN: the transcript of task {task_id}: {error}")
    missing = "SELECT id FROM processing_tasks WHERE current_phase IN ('llm', 'completed') AND transcript_path IS NULL"
    return found + [f"TORN: task {row[0]} has no transcript" for row in connection.execute(missing)]
