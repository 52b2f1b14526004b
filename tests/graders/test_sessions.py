"""Sessions graded by pairs and tries: shared rubrics, draws, and what is in the tables."""

import asyncio
from pathlib import Path

from tests.exams.papers import GOOD_ANSWER, criteria, said
from tests.graders.sessions import PAIR, desk

OTHER = {"rubric_model": {"name": "llava"}, "assessment_model": {"name": "llama3"}}
ALONE = [{"name": "mistral"}]


async def test_one_pair_from_pages_to_marks(tmp_path: Path) -> None:
    """Rubric, assessment, evidence and a total; both stages are in the tables, with what they cost."""
    async with desk(tmp_path, "mistral", "llava") as it:
        await it.usual()
        result = await it.grade(model_pairs=[PAIR])
        assert (result.score, result.max_score, result.model) == (6.5, 7.5, "mistral:latest")
        assert result.report["criteria"][1]["evidence"][0]["place"] == "page 1, line 3"
        assert (result.report["review"], result.failures) == ([], ())
        assert [(rating.model, rating.attempt, rating.score) for rating in result.ratings] == [
            ("mistral:latest", 1, 6.5)
        ]
        (rubric,) = await it.results.rubrics("s")
        assert (rubric.model, rubric.attempt, rubric.server) == ("llava:latest", 1, "llava")
        assert rubric.rubric_response is not None
        assert rubric.rubric_response in it.server("mistral").prompts[0]
        (row,) = await it.results.assessments("s-1")
        assert (row.state, row.raw_output, row.read_from) == ("done", GOOD_ANSWER, "text")
        usage = await it.results.usage("s")
        assert [(stage.stage, stage.model, stage.calls) for stage in usage] == [
            ("assessment", "mistral:latest", 1),
            ("rubric", "llava:latest", 1),
        ]
        assert sum(stage.tokens_in for stage in usage) == result.tokens_in > 0
        assert rubric.tokens_in + row.tokens_in == result.tokens_in


async def test_rubric_is_read_once_for_all_pairs(tmp_path: Path) -> None:
    """Two pairs, two tries, one rubric model: two readings and four assessments."""
    async with desk(tmp_path, "mistral", "llava", "llama3") as it:
        await it.usual()
        result = await it.grade(model_pairs=[PAIR, OTHER], default_tries=2)
        assert it.bench.asked == [2, 2, 2]
        assert await it.states("s-1") == [(0, 1, "done"), (0, 2, "done"), (1, 1, "done"), (1, 2, "done")]
        assert len(await it.results.rubrics("s")) == 2
        assert (result.model, len(result.report["opinions"])) == ("mistral:latest + llama3:latest", 4)


async def test_rubric_is_read_once_for_all_gradings_and_sessions(tmp_path: Path) -> None:
    """At once or one after the other; whoever comes second finds it, and it costs them nothing."""
    async with desk(tmp_path, "mistral", "llava", "llama3") as it:
        for name in ("s", "t"):
            await it.usual(name)
        works = [await it.work("s", model_pairs=[PAIR]), await it.work("t", model_pairs=[OTHER])]
        await asyncio.gather(*(it.grader.grade(work) for work in works))
        assert it.bench.asked == [1, 1, 1]
        third = await it.grade("s", model_pairs=[OTHER])
        assert it.bench.asked == [1, 1, 1]
        assert (third.score, third.tokens_in) == (6.5, 0)
        assert [row.attempt for name in ("s", "t") for row in await it.results.rubrics(name)] == [1, 1]


async def test_tries_are_different_calls(tmp_path: Path) -> None:
    """Each with its own seed; the combined mark is the median, and the spread is in the report."""
    marks = iter((5, 1, 4))
    async with desk(tmp_path, "mistral") as it:
        await it.usual()
        it.server("mistral").reply_to = lambda _: said({"1": ([2], next(marks)), "2a": ([3], 2.5)})
        result = await it.grade(models=ALONE, default_tries=3)
        assert result.score == 6.5
        assert sorted(rating.score for rating in result.ratings) == [3.5, 6.5, 7.5]
        assert result.report["review"] == [
            "The tries lie between 3.5 and 7.5 of 7.5.",
            "Question 1: the tries lie between 1 and 5 of 5.",
        ]
        seeds = sorted(body["options"]["seed"] for body in it.server("mistral").bodies)
        assert seeds == [1, 2, 3]


async def test_older_form_has_no_rubric_stage(tmp_path: Path) -> None:
    """The rubric's pages stand in the assessment's prompt."""
    async with desk(tmp_path, "mistral") as it:
        await it.usual()
        await it.grade(models=ALONE)
        assert "push and pop named: 2 points" in it.server("mistral").prompts[0]
        assert await it.results.rubrics("s") == ()


async def test_rubric_that_is_too_long_is_cut_in_the_prompt_and_kept_whole(tmp_path: Path) -> None:
    """A warning says so, in the table and in the report."""
    long = criteria(q1=[(f"point {at} " + "word " * 40, 1) for at in range(60)], q2a=[("sorted", 2.5)])
    async with desk(tmp_path, "mistral", "llava") as it:
        await it.usual()
        it.server("llava").reply_to = lambda _: long
        result = await it.grade(model_pairs=[PAIR])
        (row,) = await it.results.rubrics("s")
        assert row.raw_output == long
        assert row.rubric_response is not None
        assert len(row.rubric_response) <= 10_000 < len(long)
        assert row.rubric_response in it.server("mistral").prompts[0]
        assert "only the first 10,000 went" in row.warnings[-1]
        assert [flag["code"] for flag in result.report["flags"]] == ["rubric_warning"] * 2
        assert result.report["review"] == [flag["message"] for flag in result.report["flags"]]
