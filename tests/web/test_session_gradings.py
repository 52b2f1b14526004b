"""Several gradings of one session, over HTTP with the real grader: each stays as it was, whatever a later one asks."""

from pathlib import Path

from tests.models.fake_ollama import Mood
from tests.web.exams import PAIR, QUESTIONS, hall, refused

ALONE = {"model_pairs": None, "models": [{"name": "mistral"}]}


async def test_gradings_of_one_session(tmp_path: Path) -> None:
    """Each has its plan: what changes afterwards is for the next one. The newest is shown, or the one that is named."""
    async with hall(tmp_path) as it:
        session = await it.ready()
        first = await it.asked(session, **ALONE)
        await it.post("/questions/config", {"session_id": session, "questions": QUESTIONS[:1]})
        second = await it.asked(session)
        shown = await it.get(f"/sessions/{session}")
        assert shown["gradings"] == [second, first]
        assert len(shown["images"]) == 2
        newest, named = [await it.get(f"/results/{session}{query}") for query in ("", f"?task={first}")]
        assert (newest["task_id"], len(newest["questions"])) == (second, 1)
        assert (named["task_id"], len(named["questions"])) == (first, 2)
        assert await refused(await it.room.client.get(f"/results/{session}?task=x")) == (404, "not_found")


async def test_a_later_grading_changes_no_earlier_one(tmp_path: Path) -> None:
    """It has other questions, and cannot read the rubric: the first one keeps its reading, and has no failure."""
    async with hall(tmp_path) as it:
        session = await it.ready()
        first = await it.asked(session)
        await it.graded(first)
        before = await it.get(f"/results/{session}?task={first}")
        (read,) = (await it.get(f"/results/{session}/rubric"))["readings"]
        assert before["rubrics"] == [
            {"model": "llama3", "attempt": 1, "rubric_response": read["rubric_response"]}
        ]
        await it.post("/questions/config", {"session_id": session, "questions": QUESTIONS[:1]})
        second = await it.asked(session, default_tries=2)
        it.servers[1].script = [Mood.TOO_LONG]
        await it.graded(second)
        after = await it.get(f"/results/{session}?task={first}")
        changing = {"usage", "gradings"}
        assert {name: after[name] for name in after.keys() - changing} == {
            name: before[name] for name in before.keys() - changing
        }
        later = await it.get(f"/results/{session}?task={second}")
        assert [(each["model"], each["attempt"]) for each in later["rubrics"]] == [("llama3", 2)]
        assert "Question 2a" in before["rubrics"][0]["rubric_response"]
        assert "Question 2a" not in later["rubrics"][0]["rubric_response"]


async def test_a_rubrics_failure_stays_with_the_grading_that_met_it(tmp_path: Path) -> None:
    """Though a later one has read the rubric well, by then for other questions. Two pairs that met it tell it once."""
    twice = [PAIR, PAIR | {"assessment_model": {"name": "llama3"}}]
    async with hall(tmp_path) as it:
        session = await it.ready()
        first = await it.asked(session, model_pairs=twice, default_tries=2)
        it.servers[1].script = [Mood.TOO_LONG]
        await it.graded(first)
        before = await it.get(f"/results/{session}?task={first}")
        assert [(each["stage"], each["code"]) for each in before["failures"]] == [
            ("rubric", "context_overflow"),
            ("assessment", "rubric_failed"),
            ("assessment", "rubric_failed"),
        ]
        await it.post("/questions/config", {"session_id": session, "questions": QUESTIONS[:1]})
        await it.graded(await it.asked(session, default_tries=2))
        assert (await it.get(f"/results/{session}?task={first}"))["failures"] == before["failures"]
