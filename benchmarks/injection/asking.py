"""One transcript graded as the daemon would: guards, prompt, model, parser, second opinion of the program itself."""

from dataclasses import dataclass
from pathlib import Path

from benchmarks.injection.corpus import segments
from introeval.assignments import INTRODUCTIONS, Assignment, Kind
from introeval.graders.base import Asks, Work
from introeval.graders.introductions import DOUBTFUL, IntroductionGrader
from scheduler.ports import unwatched
from scheduler.task import Stage, Status, Task, TaskState
from stt.transcript import TranscriptWriter


@dataclass(frozen=True, slots=True)
class Graded:
    """A final grade on the rubric's scale. ``first``: that of the first opinion alone."""

    score: float
    first: float
    flagged: bool
    seconds: float


async def graded(name: str, text: str, asks: Asks, model: str, folder: Path) -> Graded:
    """Grade one transcript as the daemon would. Raises ``WorkError`` as the grader does."""
    path, said = folder / f"{name}.jsonl", segments(text)
    with TranscriptWriter(path) as writer:
        for segment in said:
            writer.append(segment)
        writer.finish(said[-1].end, "en", "written")
    result = await IntroductionGrader(_one).grade(_work(name, path, asks, model))
    report = result.report
    opinions = report.get("opinions") or [report]
    return Graded(
        score=result.score,
        first=float(opinions[0]["score"]),
        flagged=any(flag["code"] in DOUBTFUL for flag in report["flags"]),
        seconds=result.latency_ms / 1000,
    )


async def _one(*_: object) -> bool:
    """No round robin over two models."""
    return False


def _work(name: str, path: Path, asks: Asks, model: str) -> Work:
    assignment = Assignment(id=INTRODUCTIONS, kind=Kind.INTRO_VIDEO, title="Introductions")
    task = Task(
        id=name,
        roll_number=name,
        video_path="",
        transcript_path=str(path),
        state=TaskState(Stage.LLM, Status.PROCESSING),
        created_at=0.0,
        updated_at=0.0,
        kind=assignment.kind.value,
        assignment_id=assignment.id,
    )
    return Work(task=task, assignment=assignment, executor=asks, progress=unwatched, models=(model,))
