"""The one door to all graders: what is said when a plan's second model is away."""

from pathlib import Path

from db.assignments import Assignments
from introeval.assignments import Kind
from introeval.evaluator import GradingEvaluator
from introeval.library import AssignmentLibrary
from scheduler.ports import unwatched
from tests.graders.bench import bench
from tests.graders.test_introductions import assignment, grader, transcript
from tests.grading.speeches import raw
from tests.models.clocks import EagerClock


async def test_one_of_two_models_is_no_final_grade(tmp_path: Path) -> None:
    """The student has a grade, and everybody sees that half of what the plan wants is missing."""
    async with bench(tmp_path, "mistral", "llama3") as rig:
        rig.servers[0].reply = raw(8)
        await rig.servers[1].kill()
        rig.pool._members[1].probe_at = 0.0
        library = AssignmentLibrary(Assignments(rig.database), EagerClock())
        plan = await library.add(assignment(plan="both"))
        evaluator = GradingEvaluator(rig.pool, rig.executor, library, {Kind.INTRO_VIDEO: grader()})
        await rig.pool.leave()
        await rig.pool.enter()
        task = rig.work(plan, transcript_path=transcript(tmp_path)).task
        result = await evaluator.evaluate(task, unwatched)
    assert result.score == 8.0
    assert result.rivals, "the other one may come back, and grade the neighbours"
    assert result.report["review"] == [
        "Only mistral:latest graded this, and the plan asks for two models; the others were away."
    ]
