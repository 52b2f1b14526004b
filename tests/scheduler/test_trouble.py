"""The drivers in trouble: files, servers, hand-overs and disks that fail, and what the students notice of it."""

from dataclasses import replace
from typing import Any

import pytest

from db.database import Database, Transaction
from db.views import Filter
from scheduler.errors import (
    AttemptFailedError,
    ConcurrencyViolationError,
    HandoverError,
    NoServerError,
    RefusedRowError,
    RejectedWorkError,
    StateError,
)
from scheduler.ports import Evaluation, unwatched
from scheduler.task import Phase, Task
from tests.scheduler.lab import Lab
from tests.scheduler.sides import ScriptedEvaluator, ScriptedTranscriber


@pytest.fixture
def lab(database: Database) -> Lab:
    """A lab with batches of two."""
    return Lab(database)


async def test_a_failing_file_is_retried_in_its_batch_and_then_fails_alone(lab: Lab) -> None:
    """Three attempts at the bad file, all before the next phase; the good one is graded."""

    def script(task: Task, _attempt: int) -> Exception | None:
        return AttemptFailedError("the child died") if task.roll_number == "a" else None

    lab.transcriber = ScriptedTranscriber(lab.room, str(lab.database.root), script)
    await lab.upload("a", "b")
    async with lab.daemon():
        await lab.until(lab.all_ended)
    assert await lab.states() == {"a": "failed/failed", "b": "completed/completed"}
    assert lab.transcriber.attempts == {"a": 3, "b": 1}
    failed = await lab.views.submission("ta")
    assert failed is not None
    assert (failed.task.error_message, failed.task.retry_count) == ("the child died", 2)
    assert lab.room.log.index("llm enters") > lab.room.log.index("stt b")


async def test_a_hopeless_file_is_not_retried(lab: Lab) -> None:
    """A video without sound fails at once, with its reason."""

    def script(task: Task, _attempt: int) -> Exception | None:
        return RejectedWorkError("no audio track") if task.roll_number == "a" else None

    lab.transcriber = ScriptedTranscriber(lab.room, str(lab.database.root), script)
    await lab.upload("a", "b")
    async with lab.daemon():
        await lab.until(lab.all_ended)
    assert lab.transcriber.attempts["a"] == 1


async def test_an_error_of_ours_fails_one_task_and_not_the_daemon(lab: Lab) -> None:
    """An exception that nobody translated counts as an attempt; its text is not shown to the student."""

    def script(task: Task, _attempt: int) -> Exception | None:
        return KeyError("secret") if task.roll_number == "a" else None

    lab.evaluator = ScriptedEvaluator(lab.room, script)
    await lab.upload("a", "b")
    async with lab.daemon():
        await lab.until(lab.all_ended)
    failed = await lab.views.submission("ta")
    assert failed is not None
    assert failed.task.error_code == "unexpected"
    assert "secret" not in str(failed.task.error_message)


async def test_without_a_server_tasks_wait_and_no_retry_is_counted(lab: Lab) -> None:
    """Both servers down: nothing fails; one back: the work goes on by itself."""

    def script(_task: Task, attempt: int) -> Exception | None:
        if attempt > 1:
            return None
        lab.evaluator.servers_up = lab.evaluator.slots = 0
        return NoServerError("both model servers are down")

    lab.evaluator = ScriptedEvaluator(lab.room, script)
    await lab.upload("a", "b")
    async with lab.daemon() as manager:

        async def both_wait() -> bool:
            return await lab.states() == {"a": "llm/pending", "b": "llm/pending"} and not manager.running()

        await lab.until(lambda: sum(lab.evaluator.attempts.values()) == 2)
        await lab.until(both_wait)
        lab.evaluator.servers_up, lab.evaluator.slots = 1, 1
        manager.wake()
        await lab.until(lab.all_ended)
    rows = await lab.views.submissions(Filter(), 10, 0)
    assert {(row.task.retry_count, str(row.task.state)) for row in rows} == {(0, "completed/completed")}


async def test_a_hand_over_that_fails_is_shown_and_tried_again(lab: Lab) -> None:
    """STT that does not leave keeps the models out; nothing is lost, and the error is on the page."""
    await lab.upload("a", "b")
    lab.transcriber.leave_errors = [HandoverError("the speech process is still alive")]
    async with lab.daemon() as manager:
        await lab.until(lambda: manager.last_error)
        assert manager.last_error == "the speech process is still alive"
        assert lab.room.log[-1] == "stt b"
        assert manager.controller.owner is Phase.SWITCHING
        lab.clock.advance(5.0)
        await lab.until(lab.all_ended)
        assert manager.last_error is None


async def test_a_breach_is_counted_and_the_count_survives(lab: Lab) -> None:
    """Work outside of its phase is refused, and the tables remember it."""
    new = await lab.accepted("a")
    async with lab.daemon() as manager:
        with pytest.raises(ConcurrencyViolationError):
            await manager.controller.evaluate(new, unwatched)
        assert manager.controller.violations == 1
    assert await lab.views.violations() == 1
    assert lab.evaluator.attempts == {}


async def test_a_full_disk_costs_nobody_an_attempt(lab: Lab) -> None:
    """STT that cannot write waits, the error is shown, and with room again all are graded."""

    def script(_task: Task, attempt: int) -> Exception | None:
        return StateError("the disk is full") if attempt == 1 else None

    lab.transcriber = ScriptedTranscriber(lab.room, str(lab.database.root), script)
    await lab.upload("a", "b")
    async with lab.daemon() as manager:
        for _ in range(2):
            await lab.until(lambda: manager.last_error == "the disk is full" and not manager.running())
            lab.clock.advance(5.0)
            manager.wake()
            await lab.until(lambda: manager.running() or manager.last_error is None)
        await lab.until(lab.all_ended)
    rows = await lab.views.submissions(Filter(), 10, 0)
    assert {(row.task.retry_count, str(row.task.state)) for row in rows} == {(0, "completed/completed")}


async def test_what_kills_every_server_ends(lab: Lab) -> None:
    """A transcript on which the servers die again and again ends as failed; the other is graded."""

    def script(task: Task, _attempt: int) -> Exception | None:
        return NoServerError("the server died") if task.roll_number == "a" else None

    lab.evaluator = ScriptedEvaluator(lab.room, script)
    await lab.upload("a", "b")
    async with lab.daemon():
        await lab.until(lab.all_ended)
    assert await lab.states() == {"a": "failed/failed", "b": "completed/completed"}
    assert lab.evaluator.attempts["a"] > 20


@pytest.mark.parametrize(
    "error", [RejectedWorkError("It names \ud83d."), AttemptFailedError("It is \udfff.")]
)
async def test_a_reason_that_the_tables_refuse_holds_nobody(lab: Lab, error: Exception) -> None:
    """Half a character is no text to SQLite, today or ever: a failed attempt, and the others go on meanwhile."""

    def script(task: Task, _attempt: int) -> Exception | None:
        return error if task.roll_number == "a" else None

    lab.transcriber = ScriptedTranscriber(lab.room, str(lab.database.root), script)
    await lab.upload("a", "b")
    async with lab.daemon() as manager:
        await lab.until(lab.all_ended)
        assert manager.last_error is None
    assert await lab.states() == {"a": "failed/failed", "b": "completed/completed"}
    failed = await lab.views.submission("ta")
    assert failed is not None
    assert failed.task.error_message == (
        "an internal error (UnicodeEncodeError); the administrator's log has the details"
    )


@pytest.mark.parametrize("refused", [{"score": float("nan")}, {"tokens_in": 2**63}, {"raw_reply": "\ud800"}])
async def test_a_result_that_the_tables_refuse_is_a_failed_attempt(lab: Lab, refused: dict[str, Any]) -> None:
    """A constraint, a number or a text that no column takes: nobody is held up, and the next attempt may be better."""

    def result(task: Task, attempt: int, good: Evaluation) -> Evaluation:
        return replace(good, **refused) if task.roll_number == "a" or attempt == 1 else good

    lab.evaluator = ScriptedEvaluator(lab.room, result=result)
    await lab.upload("a", "b")
    async with lab.daemon() as manager:
        await lab.until(lab.all_ended)
        assert manager.last_error is None
    assert await lab.states() == {"a": "failed/failed", "b": "completed/completed"}
    assert lab.evaluator.attempts == {"a": 3, "b": 2}
    failed = await lab.views.submission("ta")
    assert failed is not None
    assert failed.task.error_code == "unexpected"


async def test_a_constraint_inside_of_the_work_is_counted(lab: Lab) -> None:
    """What SQLite refuses while somebody grades is no full disk: released, it would come back and hold all for ever."""

    async def insert(transaction: Transaction) -> None:
        await transaction.execute("insert_batch", {"size": 0, "now": 1.0})

    with pytest.raises(RefusedRowError) as refused:
        await lab.database.write(insert)

    def script(task: Task, _attempt: int) -> Exception | None:
        return refused.value if task.roll_number == "a" else None

    lab.evaluator = ScriptedEvaluator(lab.room, script)
    await lab.upload("a", "b")
    async with lab.daemon() as manager:
        await lab.until(lab.all_ended)
        assert manager.last_error is None
    assert await lab.states() == {"a": "failed/failed", "b": "completed/completed"}
    assert lab.evaluator.attempts == {"a": 3, "b": 1}
