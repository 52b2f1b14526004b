"""What is forgotten, when, and what is left of it."""

import asyncio
from pathlib import Path

import pytest

from db.keeping import Keeping
from db.outbox import Outbox
from db.requests import Requests
from db.store import SqliteStore
from db.views import Filter, Views
from introeval.keeping.errors import KeepingBusyError
from introeval.keeping.lock import alone
from introeval.keeping.purge import Policy, Purger
from introeval.keeping.shelf import Shelf
from scheduler.errors import IllegalTransitionError, StateError
from scheduler.transitions import TaskEvent
from tests.keeping.states import DAY, THEN, Lab, files_of, holds

LATER = THEN + 31 * DAY


def purger(lab: Lab, **policy: float | None) -> Purger:
    """With backups beside the state."""
    return Purger(lab.database, Shelf(lab.root.parent / "backups"), Policy(**policy))


async def test_what_is_due_is_forgotten_and_nothing_else(lab: Lab) -> None:
    """Of the one that is due no word and no file is left; the other is as it was."""
    due, other = await lab.graded(1), await lab.graded(2)
    await Keeping(lab.database).set_date(due, THEN + DAY, THEN)
    whole = await asyncio.to_thread(
        holds, lab.root, f"about {due}", f"what {due} said", "work-1.bin", "key-of-1"
    )
    assert len(whole) == 4
    before = await Views(lab.database).submission(other)
    done = await purger(lab).round(LATER)
    assert (done.submissions, done.files) == (1, 2)
    words = [
        f"the report on {due}",
        f"about {due}",
        f"the model on {due}",
        f"what {due} said",
        "R-1",
        "key-of-1",
    ]
    assert await asyncio.to_thread(holds, lab.root, *words, "Student 1", "work-1.bin", "student 1") == {}
    assert await Views(lab.database).submission(other) == before
    assert files_of(lab.root) == [f"transcripts/{other}.jsonl", f"videos/{other}.bin"]


async def test_the_tombstone_keeps_counts_and_events(lab: Lab) -> None:
    """Totals, the numbers of calls and the chain of events are what they were; the row has no name and no file."""
    due = await lab.graded(1)
    views = Views(lab.database)
    before = (await views.totals(), await views.call_totals(), [e.kind for e in await views.task_events(due)])
    await purger(lab, days=30).round(LATER)
    after = [event.kind for event in await views.task_events(due)]
    assert (await views.totals(), await views.call_totals(), after) == (*before[:2], [*before[2], "purged"])
    found = await views.submission(due)
    assert found is not None
    assert found.purged_at == LATER
    task = found.task
    assert (task.user_id, task.roll_number, task.student_name, task.file_name, task.request) == ("",) * 4 + (
        None,
    )
    assert (found.score, found.report, task.transcript_path, task.media_seconds) == (None,) * 4
    assert await views.submissions(Filter(), 10, 0) == []
    assert await views.count(Filter()) == 0


async def test_what_is_worked_on_stays_until_it_has_ended(lab: Lab) -> None:
    """Waiting and running ones are not touched, however long they are due; then they go."""
    task_id = await lab.hand_in(1)
    assert (await purger(lab, days=1).round(LATER)).submissions == 0
    started = await SqliteStore(lab.database).start(await lab.task(task_id), LATER)
    assert (await purger(lab).forget([task_id], LATER)).submissions == 0
    await SqliteStore(lab.database).unfinished(started, TaskEvent.GAVE_UP, StateError("x"), LATER)
    assert (await purger(lab, days=1).round(LATER)).submissions == 1
    assert files_of(lab.root) == []


async def test_pages_wait_for_the_tasks_that_read_them(lab: Lab) -> None:
    """A submission of pages stays while a task reads it, and goes with all of them."""
    pages = await lab.graded(1, "pages")
    reading = await lab.hand_in(
        2, "transcription", request=f'{{"submission": "{pages}"}}', video_path="authoring/x"
    )
    assert (await purger(lab).forget([pages], LATER)).submissions == 0
    await lab.grade(reading)
    await purger(lab).forget([pages], LATER)
    assert lab.rows("SELECT count(*) FROM processing_tasks WHERE purged_at IS NULL") == [(0,)]
    assert lab.rows("SELECT count(*) FROM page_texts") == [(0,)]
    assert await asyncio.to_thread(holds, lab.root, f"the report on {reading}", "what student wrote") == {}


async def test_nothing_comes_back(lab: Lab) -> None:
    """A forgotten one cannot be graded again, given a date or forgotten twice, and its key is free."""
    due = await lab.graded(1)
    await purger(lab).forget([due], LATER)
    with pytest.raises(IllegalTransitionError, match="deleted"):
        await Requests(lab.database).regrade(due, 2, LATER)
    assert not await Keeping(lab.database).set_date(due, None, LATER)
    assert not await Keeping(lab.database).begin(due, LATER)
    assert (await purger(lab).forget([due], LATER)).submissions == 0
    assert lab.rows("SELECT count(*) FROM processing_tasks WHERE idempotency_key IS NOT NULL") == [(0,)]


async def test_what_a_cancelled_worker_writes_late_is_forgotten_in_the_next_round(lab: Lab) -> None:
    """Its reply and its transcript came after the submission was forgotten."""
    due = await lab.graded(1)
    await purger(lab).forget([due], LATER)
    await lab.database.write(lambda t: t.execute("forget_page_texts", {"task_id": due}))
    other = await lab.graded(2)
    lab_calls = "UPDATE model_calls SET task_id = ? WHERE task_id = ?"
    await asyncio.to_thread(_execute, lab.root, lab_calls, due, other)
    late = lab.root / "transcripts" / f"{due}.jsonl.part"
    late.write_text("late words")
    await purger(lab).round(LATER + DAY)
    assert not late.exists()
    assert lab.rows("SELECT count(*) FROM model_calls WHERE raw_reply IS NOT NULL") == [(0,)]


async def test_raw_replies_are_dropped_a_while_after_the_end(lab: Lab) -> None:
    """Their numbers stay; unfinished work keeps its checkpoints; with the policy 'keep' nothing is dropped."""
    ended = await lab.graded(1)
    session = await lab.session(7)
    await lab.session_graded(3, session)
    texts = "SELECT count(*) FROM model_calls WHERE raw_reply IS NOT NULL"
    assert (await purger(lab).round(THEN + 2 * DAY)).replies == 0
    assert (await purger(lab, reply_seconds=DAY).round(THEN + DAY / 2)).replies == 0
    await Requests(lab.database).regrade(ended, 2, THEN + DAY)
    await purger(lab, reply_seconds=DAY).round(THEN + 2 * DAY)
    assert lab.rows(texts) == [(1,)], "the one that is graded again keeps its replies"
    assert lab.rows("SELECT count(*) FROM assessment_results WHERE raw_output IS NOT NULL") == [(0,)]
    assert lab.rows("SELECT count(*) FROM rubric_results WHERE raw_output IS NOT NULL") == [(0,)]
    await lab.database.write(lambda t: t.execute("forget_results", {"id": ended}))
    await lab.grade(ended)
    await purger(lab, reply_seconds=DAY).round(THEN + 3 * DAY)
    assert lab.rows(texts) == [(0,)]
    assert [total.tokens_in for total in await Views(lab.database).call_totals()] == [14]
    assert lab.rows("SELECT count(*) FROM results") == [(2,)]


async def test_messages_that_were_not_sent_are_forgotten_too(lab: Lab) -> None:
    """Nothing of a forgotten submission leaves the house any more."""
    due = await lab.graded(1)
    outbox = Outbox(lab.database)
    (message,) = await outbox.due(LATER, 10)
    await purger(lab).forget([due], LATER)
    assert await outbox.due(LATER, 10) == []
    await outbox.delivered(message, LATER)
    assert lab.rows("SELECT count(*) FROM events WHERE kind = 'delivered'") == [(0,)]


async def test_only_one_keeps_at_a_time(lab: Lab) -> None:
    """While a backup is made nothing is forgotten; what is due stays due."""
    await lab.graded(1)
    with alone(lab.root), pytest.raises(KeepingBusyError, match="try again"):
        await purger(lab, days=30).round(LATER)
    assert (await purger(lab, days=30).round(LATER)).submissions == 1


async def test_a_reader_of_an_older_state_holds_up_the_end_of_a_purge(lab: Lab) -> None:
    """The purge is unfinished, and the next round ends it: whoever reads an old commit keeps it alive."""
    import sqlite3

    due = await lab.graded(1)
    reader = sqlite3.connect(lab.root / "introeval.sqlite3", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM processing_tasks").fetchall()
    with pytest.raises(StateError, match="older state"):
        await purger(lab).forget([due], LATER)
    assert lab.rows("SELECT count(*) FROM processing_tasks WHERE request IS NOT NULL") == [(1,)]
    reader.close()
    await purger(lab).round(LATER)
    assert lab.rows("SELECT count(*) FROM processing_tasks WHERE request IS NOT NULL") == [(0,)]
    assert await asyncio.to_thread(holds, lab.root, "Student 1", f"the report on {due}") == {}


def _execute(root: Path, sql: str, *values: str) -> None:
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(root / "introeval.sqlite3")) as connection, connection:
        connection.execute("PRAGMA secure_delete = OFF")
        connection.execute(sql, values)


async def test_what_an_earlier_version_deleted_without_overwriting_goes_too(lab: Lab) -> None:
    """Free pages of a state from before ``secure_delete`` still hold words; the next purge rewrites the file."""
    due, other = await lab.graded(1), await lab.graded(2)
    sql = (
        "INSERT INTO prompts VALUES ('old', 'a prompt with LEFTOVERWORDS in it' || printf('%9000s', 'x'), 0)"
    )
    for statement in (sql, "DELETE FROM prompts"):
        await asyncio.to_thread(_execute, lab.root, statement)
    assert await asyncio.to_thread(holds, lab.root, "LEFTOVERWORDS") != {}
    await purger(lab).forget([due], LATER)
    assert await asyncio.to_thread(holds, lab.root, "LEFTOVERWORDS") == {}
    assert lab.rows("SELECT count(*) FROM results WHERE task_id = ?", other) == [(1,)]
