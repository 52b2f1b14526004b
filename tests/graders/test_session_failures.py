"""Parts of a session that fail alone, gradings that fail as a whole, and what a crash leaves."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from db.database import FILE_NAME
from models.errors import ContextOverflowError, SchemaValidationError
from scheduler.errors import NoServerError, StateError
from tests.exams.papers import said
from tests.graders.sessions import PAIR, desk
from tests.models.fake_ollama import Mood

OTHER = {"rubric_model": {"name": "llava"}, "assessment_model": {"name": "llama3"}}


async def test_failed_rubric_fails_its_try_alone(tmp_path: Path) -> None:
    """Of two tries one has no rubric: it is not assessed, and the other one goes on."""
    async with desk(tmp_path, "mistral", "llava") as it:
        await it.usual()
        it.server("llava").script = [Mood.TOO_LONG]
        result = await it.grade(model_pairs=[PAIR], default_tries=2)
        assert result.score == 6.5
        assert sorted(state for _, _, state in await it.states("s-1")) == ["done", "rubric_failed"]
        assert len(it.server("mistral").prompts) == 1
        told = [(failure.stage, failure.code) for failure in result.failures]
        assert told == [("rubric", "context_overflow"), ("assessment", "rubric_failed")]
        assert result.failures[1].message.startswith(
            "N/A: rubric failed (context_overflow, llava:latest, try "
        )
        assert all(failure.advice for failure in result.failures)
        failed = next(row for row in await it.results.rubrics("s") if row.failure is not None)
        assert (failed.rubric_response, failed.raw_output) == (None, None)


async def test_failed_assessment_keeps_its_rubric(tmp_path: Path) -> None:
    """A pair without a result is a failure beside the result, and keeps the grade from being final."""
    async with desk(tmp_path, "mistral", "llava", "llama3") as it:
        await it.usual()
        it.server("llama3").reply_to = lambda _: said({"1": ([99], 4), "2a": ([], 0)})
        result = await it.grade(model_pairs=[PAIR, OTHER])
        assert (result.score, result.model) == (6.5, "mistral:latest")
        assert len(it.server("llama3").prompts) == 3
        (failure,) = result.failures
        assert (failure.code, failure.place) == ("reply_schema", "pair 2, llama3:latest, try 1")
        assert "names line 99" in failure.message
        assert result.report["review"] == ["Pair 2 (llama3:latest) has no result."]
        row = (await it.results.assessments("s-1"))[1]
        assert (row.state, row.validation_errors) == ("failed", (failure.message,))
        assert (await it.results.rubrics("s"))[0].rubric_response


async def test_no_result_at_all_is_an_attempt_that_failed(tmp_path: Path) -> None:
    """The error that may pass is raised, what happened is in the tables, and the next attempt asks for the rest."""
    async with desk(tmp_path, "mistral", "llava") as it:
        await it.usual()
        it.server("mistral").mood = Mood.TOO_LONG
        work = await it.work(model_pairs=[PAIR], default_tries=2)
        with pytest.raises(ContextOverflowError):
            await it.grader.grade(work)
        assert await it.states("s-1") == [(0, 1, "failed"), (0, 2, "failed")]
        assert it.bench.asked == [2, 2]
        it.server("mistral").mood = Mood.WELL
        result = await it.grader.grade(work)
        assert (result.score, result.failures) == (6.5, ())
        assert it.bench.asked == [4, 2]
        assert await it.states("s-1") == [(0, 1, "done"), (0, 2, "done")]


async def test_failed_rubrics_alone_are_an_attempt_that_failed(tmp_path: Path) -> None:
    """Nobody is asked for an assessment; the rubric's own error says why."""
    async with desk(tmp_path, "mistral", "llava") as it:
        await it.usual()
        it.server("llava").reply_to = lambda _: "{}"
        with pytest.raises(SchemaValidationError, match="question 1"):
            await it.grade(model_pairs=[PAIR])
        assert it.bench.asked == [0, 3]
        (row,) = await it.results.rubrics("s")
        assert row.validation_errors == ('"question 1" is missing.',)


async def test_crash_in_the_middle_asks_nothing_twice(tmp_path: Path) -> None:
    """Killed while two of three assessments had ended: a new process on the same tables asks for the third alone."""
    async with desk(tmp_path, "mistral", "llava") as it:
        await it.usual()
        held = it.server("mistral")
        held.script = [Mood.WELL, Mood.WELL, Mood.HELD]
        work = await it.work(model_pairs=[PAIR], default_tries=3)
        running = asyncio.create_task(it.grader.grade(work))
        while len(await it.states("s-1")) < 2:  # noqa: ASYNC110 - a table has no event to wait for
            await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert it.bench.asked == [3, 3]
    async with desk(tmp_path, "mistral", "llava") as it:
        result = await it.grader.grade(it.again(work))
        assert it.bench.asked == [1, 0]
        assert (result.score, len(result.ratings)) == (6.5, 3)
        assert await it.states("s-1") == [(0, 1, "done"), (0, 2, "done"), (0, 3, "done")]
        assert it.reader.read_pages == 0


async def test_without_a_server_it_stops_at_once(tmp_path: Path) -> None:
    """The whole task waits; nothing is a failure."""
    async with desk(tmp_path, "mistral", "llava") as it:
        await it.usual()
        await it.grade(model_pairs=[PAIR])
        await it.server("mistral").kill()
        work = await it.work(model_pairs=[PAIR], default_tries=2)
        with pytest.raises(NoServerError):
            await it.grader.grade(work)
        assert (0, 2, "failed") not in await it.states("s-2")


async def test_tables_that_cannot_be_written_stop_it(tmp_path: Path) -> None:
    """Nobody counts an attempt for a full disk."""
    async with desk(tmp_path, "mistral", "llava") as it:
        await it.usual()
        with closing(sqlite3.connect(tmp_path / FILE_NAME)) as connection:
            connection.execute(
                "CREATE TRIGGER full BEFORE INSERT ON assessment_results "
                "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
            )
        with pytest.raises(StateError):
            await it.grade(model_pairs=[PAIR], default_tries=2)
