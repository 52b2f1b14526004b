"""What a college is told, through the real store: enough to enter a grade, nothing that a student said."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from db.database import Database
from db.outbox import LONGEST_ERROR, Outbox, graded_facts
from db.views import Views
from scheduler.errors import RejectedWorkError
from scheduler.transitions import TaskEvent
from tests.db.test_requests import started
from tests.db.test_store import EVALUATION

SPOKEN = "my name is Zainab and I like chess"
REPORT: dict[str, Any] = {
    "score": 5.0,
    "criteria": [
        {
            "name": "background",
            "score": 2.0,
            "max_score": 4.0,
            "reason": f"She says {SPOKEN}.",
            "evidence": [{"start": 0.0, "end": 2.0, "quote": SPOKEN}],
        },
        {"name": "goals", "score": None, "max_score": 6.0},
    ],
    "review": ["No evidence was given for goals."],
}


async def payload(database: Database) -> dict[str, Any]:
    """The one message that waits."""
    (message,) = await Outbox(database).due(1e9, 10)
    return dict(message.payload)


async def test_a_grade_is_told_by_criterion(database: Database) -> None:
    """Who, which work, which version, the scores, whether it is final; no speech, reasons, replies or names."""
    store, _, name = await started(database)
    (task,) = (await store.snapshot(3)).tasks
    await store.evaluated(task, replace(EVALUATION, report=REPORT, raw_reply=SPOKEN), 3.0)
    told = await payload(database)
    assert told == {
        "id": name,
        "roll_number": name,
        "assignment": "introductions",
        "assignment_version": 1,
        "kind": "notebook",
        "completed_at": "1970-01-01T00:00:03+00:00",
        "status": "graded",
        "score": 5.0,
        "max_score": 10.0,
        "final": False,
        "fairness": "none",
        "criteria": [
            {"name": "background", "score": 2.0, "max_score": 4.0},
            {"name": "goals", "score": None, "max_score": 6.0},
        ],
    }
    assert SPOKEN not in json.dumps(told)


async def test_a_failure_is_told_with_its_reason(database: Database) -> None:
    """Code and message; a very long message is cut."""
    store, _, _ = await started(database)
    (task,) = (await store.snapshot(3)).tasks
    await store.unfinished(task, TaskEvent.GAVE_UP, RejectedWorkError("No sound. " * 200), 3.0)
    told = await payload(database)
    assert (told["status"], told["error_code"], told["completed_at"]) == (
        "failed",
        "rejected",
        "1970-01-01T00:00:03+00:00",
    )
    assert len(told["error_message"]) == LONGEST_ERROR
    assert "score" not in told


async def test_an_attempt_that_failed_is_not_told(database: Database) -> None:
    """Only ends are."""
    store, _, _ = await started(database)
    (task,) = (await store.snapshot(3)).tasks
    await store.unfinished(task, TaskEvent.ATTEMPT_FAILED, RejectedWorkError("Again."), 3.0)
    assert await Outbox(database).due(1e9, 10) == []


async def test_a_cancelled_task_is_told_as_such(database: Database) -> None:
    """With the words that the student reads."""
    _, requests, name = await started(database)
    await requests.cancel(name, 3.0)
    told = await payload(database)
    assert (told["status"], told["error_code"]) == ("cancelled", "cancelled")
    assert told["error_message"] == "A teacher has stopped this."


@pytest.mark.parametrize("criteria", [None, [], ["text"], [None]])
def test_a_report_of_another_kind_does_not_stop_the_result(criteria: Any) -> None:
    """The message is written in the result's transaction: it must never fail for the report's shape."""
    facts = graded_facts(replace(EVALUATION, report={"criteria": criteria}))
    assert (facts["criteria"], facts["final"]) == ([], True)


async def test_marks_change_what_has_not_left_and_nothing_else(database: Database, tmp_path: Path) -> None:
    """A late mark of another kind changes nothing, and writes no event."""
    store, requests, name = await started(database)
    (task,) = (await store.snapshot(3)).tasks
    await store.evaluated(task, EVALUATION, 3.0)
    await requests.regrade(name, 2, 4.0)
    await requests.cancel(name, 5.0)
    outbox = Outbox(database)
    (first,) = await outbox.due(10.0, 10)
    await outbox.retry(first, "Nobody.", 60.0)
    assert (await outbox.due(59.0, 10), await outbox.next_due(59.0)) == ([], 60.0)
    await outbox.delivered(first, 61.0)
    await outbox.give_up(first, "late", 62.0)
    await outbox.retry(first, "late", 62.0)
    (second,) = await outbox.due(63.0, 10)
    assert second.payload["status"] == "regrade_cancelled"
    await outbox.give_up(second, "Gone.", 64.0)
    await outbox.delivered(second, 65.0)
    assert await outbox.due(1e9, 10) == []
    status = await outbox.status(70.0)
    assert (status.pending, status.failed, status.oldest_seconds, status.last_error) == (0, 1, None, "Gone.")
    kinds = [event.kind for event in await Views(database).task_events(name)]
    assert kinds[-2:] == ["delivered", "undelivered"]
    assert kinds.count("delivered") == kinds.count("undelivered") == 1
