"""The grader of notebooks on real parts: tables, pool, executor, and two servers that play the roles."""

from pathlib import Path

import pytest

from db.calls import SqliteCalls
from introeval.assignments import Assignment, GradingPlan
from introeval.assignments.opinions import Asked
from introeval.graders.notebooks import NotebookGrader, instructions
from introeval.notebooks.errors import NotebookRejectedError, NotJsonError
from introeval.notebooks.opinions import feedback_models, technical_models
from introeval.notebooks.report import NotebookReport
from models.errors import ReplyError
from models.executor import Executor
from scheduler.ports import Evaluation
from tests.graders.bench import Bench, bench
from tests.models.clocks import EagerClock
from tests.models.fake_ollama import FakeOllama
from tests.notebooks.books import ASSIGNMENT, SAMPLES, feedback, technical

TECHNICAL, FEEDBACK = "mistral:latest", "llama3:latest"


def reply_as(server: FakeOllama, technical_reply: str, feedback_reply: str) -> None:
    """From now on the server answers each role in its own way."""
    server.reply_to = lambda prompt: feedback_reply if "<review>" in prompt else technical_reply


async def graded(
    on: Bench, sample: str, assignment: Assignment = ASSIGNMENT
) -> tuple[Evaluation, NotebookReport]:
    """One sample's grade."""
    result = await NotebookGrader().grade(on.work(assignment, video_path=str(SAMPLES / f"{sample}.ipynb")))
    return result, NotebookReport.model_validate(result.report)


async def test_each_role_has_its_model(tmp_path: Path) -> None:
    """The first served model reads the code, the last one writes to the student; the report combines both."""
    async with bench(tmp_path, "mistral", "llama3") as on:
        on.servers[0].reply, on.servers[1].reply = technical(8, cell=2), feedback(6, cell=1)
        result, report = await graded(on, "good")
        assert on.asked == [1, 1]
        assert "<notebook>" in on.servers[0].prompts[0]
        assert "def season_means" not in on.servers[1].prompts[0]
    assert [(part.name, part.score) for part in report.parts] == [("technical", 5.6), ("reflection", 1.8)]
    assert (result.score, result.max_score, result.model) == (7.4, 10, f"{TECHNICAL} + {FEEDBACK}")
    assert report.feedback is not None
    assert report.feedback.strengths == "Your code is clear."
    (rating,) = result.ratings
    assert (rating.model, rating.score, set(rating.marks)) == (
        TECHNICAL,
        7.4,
        {c.name for c in report.criteria},
    )


async def test_a_failed_feedback_keeps_the_analysis(tmp_path: Path) -> None:
    """The attempt fails; the next one asks for the feedback alone, and so does another process."""
    async with bench(tmp_path, "mistral", "llama3") as on:
        on.servers[0].reply, on.servers[1].reply = technical(8, cell=2), "Well done!"
        with pytest.raises(ReplyError):
            await graded(on, "good")
        on.servers[1].reply = feedback(6, cell=1)
        on.executor = Executor(on.pool, SqliteCalls(on.database), EagerClock())
        result, _ = await graded(on, "good")
        assert (on.asked[0], result.score) == (1, 7.4)
        asked = on.asked
        again, _ = await graded(on, "good")
        assert (on.asked, again) == (asked, result)


async def test_a_reply_about_a_cell_that_is_not_there_is_asked_again(tmp_path: Path) -> None:
    """With the reason; what is never right fails the attempt."""
    async with bench(tmp_path, "mistral") as on:
        reply_as(on.servers[0], technical(8, cell=99), feedback(6, cell=1))
        with pytest.raises(ReplyError, match="names cell 99"):
            await graded(on, "good")
        assert "only these cells can be named: 2, 3, 4" in on.servers[0].prompts[-1]


@pytest.mark.parametrize(("sample", "asked"), [("prose_only", 1), ("template", 1), ("empty", 0), ("good", 2)])
async def test_nobody_is_asked_for_what_is_decided(tmp_path: Path, sample: str, asked: int) -> None:
    """Without code of the student's the technical model is spared, a blank notebook asks nobody."""
    async with bench(tmp_path, "mistral") as on:
        texts = {"prose_only": 1, "good": 1}.get(sample)
        reply_as(on.servers[0], technical(10, cell=2), feedback(10, cell=texts))
        result, report = await graded(on, sample)
        assert on.asked == [asked]
    assert (result.score <= 2) == (sample != "good")
    assert report.asked_model == (asked > 0)
    if sample == "empty":
        assert (result.model, result.score, report.guards[0].code) == (None, 0, "blank_notebook")


async def test_words_to_the_grader_bring_a_second_analysis(tmp_path: Path) -> None:
    """By the other model where there is one, else a second draw; the mean counts, and large differences are said."""
    async with bench(tmp_path / "two", "mistral", "llama3") as on:
        reply_as(on.servers[0], technical(10, cell=2), feedback(4, cell=4))
        reply_as(on.servers[1], technical(0, cell=2), feedback(4, cell=4))
        result, report = await graded(on, "full_marks")
        assert on.asked == [1, 2]
    assert [(item.model, item.attempt) for item in report.opinions] == [(TECHNICAL, 1), (FEEDBACK, 1)]
    assert {item.score for item in report.criteria if item.part == "technical"} == {5}
    assert "models_disagree" in [flag.code for flag in report.flags]
    assert len(report.review) == 1
    assert [rating.score for rating in result.ratings] == [item.score for item in report.opinions]
    async with bench(tmp_path / "one", "mistral") as on:
        reply_as(on.servers[0], technical(6, cell=2), feedback(4, cell=4))
        _, report = await graded(on, "full_marks")
        assert on.asked == [3]
        assert [body["options"]["temperature"] for body in on.servers[0].bodies] == [0, 0.4, 0]
    assert [(item.model, item.attempt) for item in report.opinions] == [(TECHNICAL, 1), (TECHNICAL, 2)]
    assert "models_disagree" not in [flag.code for flag in report.flags]


async def test_what_is_no_notebook_is_rejected(tmp_path: Path) -> None:
    """With the reader's words; a file that is gone, too."""
    async with bench(tmp_path, "mistral") as on:
        bad = tmp_path / "essay.ipynb"
        bad.write_text("Dear teacher", encoding="utf-8")
        with pytest.raises(NotJsonError, match="not JSON"):
            await NotebookGrader().grade(on.work(ASSIGNMENT, video_path=str(bad)))
        with pytest.raises(NotebookRejectedError, match="hand it in again"):
            await NotebookGrader().grade(on.work(ASSIGNMENT, video_path=str(tmp_path / "gone.ipynb")))
        assert on.asked == [0]


async def test_a_changed_assignment_is_another_question(tmp_path: Path) -> None:
    """A new version asks again, and its template and questions are used."""
    async with bench(tmp_path, "mistral") as on:
        reply_as(on.servers[0], technical(8, cell=2), feedback(6, cell=1))
        await graded(on, "good")
        own = ASSIGNMENT.model_dump(mode="json") | {"version": 2}
        own["prompts"] |= {"technical": "Mine: [Grading rubric] [Notebook] [Assignment]"}
        own["questions"] = [{"question_number": "1", "max_mark": 4, "text": "The total?"}]
        changed = Assignment.model_validate(own)
        await graded(on, "good", changed)
        assert on.asked == [4]
        assert on.servers[0].prompts[2].startswith("Mine: correctness")
    assert instructions(changed).endswith("1 (4): The total?")


SERVED = ("a", "b", "c")


@pytest.mark.parametrize(
    ("plan", "models", "technical_asked", "feedback_asked"),
    [
        (GradingPlan(), (), [None], [None]),
        (GradingPlan(), ("a",), ["a"], ["a"]),
        (GradingPlan(), SERVED, ["a", "b", "c"], ["c", "b", "a"]),
        (GradingPlan(technical_model="c"), SERVED, ["c"], ["b", "a", "c"]),
        (GradingPlan(technical_model="c"), ("c",), ["c"], ["c"]),
        (GradingPlan(feedback_model="a"), SERVED, ["a", "b", "c"], ["a"]),
        (GradingPlan(plan="single", model="b"), SERVED, ["b"], ["b"]),
        (GradingPlan(plan="both", technical_model="b"), SERVED, ["b"], ["c", "a", "b"]),
    ],
)
def test_who_is_asked(
    plan: GradingPlan,
    models: tuple[str, ...],
    technical_asked: list[str | None],
    feedback_asked: list[str | None],
) -> None:
    """The plan's models; else from the first on and from the last on, so that both roles work at once."""
    assert technical_models(plan, models) == tuple(Asked(model) for model in technical_asked)
    assert feedback_models(plan, models) == tuple(Asked(model) for model in feedback_asked)
