"""States of every earlier schema: real databases, made by the old scripts and filled with rows, then opened.

Everything is there afterwards, and everything goes on: what waited is worked on, what was graded is shown.
"""

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from db.assignments import Assignments
from db.database import FILE_NAME, Database
from db.keeping import Keeping
from db.migrations import migrations
from db.requests import Requests
from db.sessions import Sessions
from db.store import SqliteStore
from db.views import Filter, Views
from introeval.clock import SystemClock
from introeval.keeping.backup import make_backup
from introeval.keeping.check import check_backup
from introeval.keeping.purge import Policy, Purger
from introeval.keeping.shelf import Shelf
from introeval.library import AssignmentLibrary
from scheduler.task import Stage
from tests.keeping.shelves import AT_ONCE
from tests.keeping.states import DAY, THEN, Lab, rows

OLDER = range(1, max(migrations()))

TASK = """
INSERT INTO processing_tasks (id, user_id, roll_number, video_path, transcript_path, current_phase, status, priority,
    created_at, updated_at, completed_at, error_message, retry_count, student_name, file_name, size_bytes, sha256,
    media_seconds, idempotency_key, batch_id, lease, error_code)
VALUES (:id, 'u', :roll, 'videos/' || :id || '.bin', :transcript, :phase, :status, 0, :then, :then, :ended, :error, 0,
    'Asha Rao', 'a.mp4', 9, :sha256, 30.0, 'key-' || :id, :batch, :lease, NULL)"""

RESULT = """
INSERT INTO results (task_id, score, max_score, report, model, server, prompt_hash, tokens_in, tokens_out, latency_ms,
    raw_reply, created_at)
VALUES ('graded', 31.5, 40, '{"summary": "good"}', 'm', 's', 'h', 1, 2, 3, 'raw', 1)"""

STATES = {
    "graded": ("completed", "completed", 1),
    "waiting": ("stt", "pending", None),
    "running": ("stt", "processing", 2),
    "transcribed": ("llm", "pending", 2),
    "again": ("llm", "retry", 2),
    "failed": ("failed", "failed", 1),
}


def old_state(root: Path, version: int) -> list[tuple[object, ...]]:
    """A state of that schema; returns its tasks, by the columns that every schema has."""
    root.mkdir()
    with closing(sqlite3.connect(root / FILE_NAME, isolation_level=None)) as old:
        old.execute("PRAGMA journal_mode = WAL")
        for number in range(1, version + 1):
            old.executescript(f"BEGIN; {migrations()[number]} PRAGMA user_version = {number}; COMMIT;")
        old.execute("PRAGMA foreign_keys = ON")
        old.executemany(
            "INSERT INTO batches (id, state, size, created_at, updated_at) VALUES (?, ?, 2, 0, 0)",
            [(1, "done"), (2, "transcribing")],
        )
        for name, (phase, status, batch) in STATES.items():
            _task(root, old, name, phase, status, batch)
        old.execute(RESULT)
        old.execute(
            "INSERT INTO events (at, kind, task_id, target) VALUES (1, 'accepted', 'graded', 'stt/pending')"
        )
        old.execute("INSERT INTO switchovers VALUES (1, 'stt', 'llm', 1, 2, 3)")
        if version >= 2:
            _second(old)
        assert old.execute("PRAGMA user_version").fetchone() == (version,)
        return old.execute(
            "SELECT id, roll_number, current_phase, status, lease FROM processing_tasks"
        ).fetchall()


def _task(root: Path, old: sqlite3.Connection, name: str, phase: str, status: str, batch: int | None) -> None:
    for folder, ending in (("videos", ".bin"), ("transcripts", ".jsonl")):
        (root / folder).mkdir(exist_ok=True)
        (root / folder / f"{name}{ending}").write_text(f"{folder} of {name}")
    values = {
        "id": name,
        "roll": f"R-{name}",
        "sha256": hashlib.sha256(f"videos of {name}".encode()).hexdigest(),
        "transcript": None if phase == "stt" else f"transcripts/{name}.jsonl",
        "phase": phase,
        "status": status,
        "then": THEN,
        "ended": THEN if phase in ("completed", "failed") else None,
        "error": "no sound" if phase == "failed" else None,
        "batch": batch,
        "lease": 3 if status == "processing" else 1,
    }
    old.execute(TASK, values)


def _second(old: sqlite3.Connection) -> None:
    """What schema 2 brought."""
    call = "('k', 'graded', 'grade', 'm', 's', 'h', 1, 2, 3, 0, 1, 'reply', 1)"
    message = "(1, 'evt_1', 'submission.graded', 'graded', '{\"id\": \"graded\"}', 1, 0, 1, NULL, NULL, NULL)"
    for statement in (
        "INSERT INTO ratings VALUES ('graded', 1, 'm', 1, 's', 31.5, 40, '{}', 1)",
        f"INSERT INTO model_calls VALUES {call}",
        "INSERT INTO failures VALUES (1, 'graded', 1, 'c', 'stage', 'place', 'message', 'advice', 1)",
        "INSERT INTO page_texts VALUES ('graded', 1, 'ocr', 0.5, '[]', 1)",
        f"INSERT INTO outbox VALUES {message}",
        "INSERT INTO sessions VALUES ('s1', 'Midterm', '[]', 1, 1)",
        "INSERT INTO prompts VALUES ('rubric', 'Look at {x}', 1)",
    ):
        old.execute(statement)


@pytest.mark.parametrize("version", OLDER)
async def test_everything_is_there_and_goes_on(tmp_path: Path, version: int) -> None:
    """Rows, counters and files; then the daemon's own steps on them."""
    root = tmp_path / "state"
    before = old_state(root, version)
    async with Database.open(root) as database:
        same = rows(root, "SELECT id, roll_number, current_phase, status, lease FROM processing_tasks")
        assert same == before
        await AssignmentLibrary(Assignments(database), SystemClock()).introductions(None)
        views, store = Views(database), SqliteStore(database)
        graded = await views.submission("graded")
        assert graded is not None
        assert (graded.score, graded.report, graded.delete_after) == (31.5, {"summary": "good"}, None)
        assert await views.count(Filter(kind="intro_video")) == len(STATES)
        machine = await views.machine()
        assert (machine.stt_queue, machine.llm_queue, machine.active) == (1, 2, 1)
        assert await store.recover(THEN + 1) == 1
        open_ = {task.id: task for task in (await store.snapshot(30)).tasks}
        assert set(open_) == {"running", "transcribed", "again"}
        lab = Lab(database)
        await lab.transcribe("waiting")
        for name in ("waiting", "transcribed"):
            await lab.grade(name)
        await Requests(database).regrade("graded", 2, THEN)
        assert (await lab.task("graded")).state.stage is Stage.LLM
        if version >= 2:
            assert len(await views.failures("graded", 1)) == 1
            assert await Sessions(database).find("s1") is not None


@pytest.mark.parametrize("version", OLDER)
async def test_retention_works_on_what_it_did_not_know(tmp_path: Path, version: int) -> None:
    """An old state is backed up as it is, gets its dates when it is opened, and is forgotten with its backup."""
    root = tmp_path / "state"
    old_state(root, version)
    shelf = Shelf(tmp_path / "backups")
    made = make_backup(root, shelf, keep=3, now=THEN, pace=AT_ONCE)
    assert check_backup(made.folder) == []
    assert rows(made.folder, "PRAGMA user_version") == [(version,)]
    async with Database.open(root) as database:
        await AssignmentLibrary(Assignments(database), SystemClock()).introductions(None)
        done = await Purger(database, shelf, Policy(days=30)).round(THEN + 31 * DAY)
        assert (done.submissions, done.backups) == (2, 1)
        assert set(await Keeping(database).forgotten()) == {"graded", "failed"}
    assert check_backup(made.folder) == []
    assert {path.stem for path in made.folder.glob("videos/*")} == set(STATES) - {"graded", "failed"}


async def test_a_migration_that_was_cut_off_is_repeated(tmp_path: Path) -> None:
    """Of three scripts two are committed; the third begins again, on a whole database."""
    root = tmp_path / "state"
    before = old_state(root, 1)
    with closing(sqlite3.connect(root / FILE_NAME, isolation_level=None)) as cut:
        cut.executescript(f"BEGIN; {migrations()[2]} PRAGMA user_version = 2;")
        assert cut.in_transaction
    async with Database.open(root) as database:
        assert (await Views(database).submission("graded")) is not None
    assert rows(root, "SELECT id, roll_number, current_phase, status, lease FROM processing_tasks") == before
    assert rows(root, "PRAGMA user_version") == [(max(migrations()),)]
