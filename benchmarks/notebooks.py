"""Whether the two roles of a notebook overlap as a pipeline, through the daemon's own parts.

    python -m benchmarks.notebooks [--scale 3.0] [--ahead -1 0 1]

N students' notebooks go through the real tables, the scheduler's loop, the evaluator, the grader, the executor and
the pool, against two servers that answer one request at a time and take for each role and student a known time (means
of 0.5 and 0.3 s times ``--scale``, each up to 40 % shorter or longer; a real model takes ten times as long and more).
Times are from the first request to the last reply, so what the program adds between replies counts and the hand-over
before them does not. The bound is

    1.05 x max(sum of technical, sum of feedback) + the mean of the other role

and the ratio to it must be 1 or less. *Two models*: each role has a server of its own, which is the pipeline;
``ahead``: how many more students are handed out than the daemon does by itself. *One model*: a role takes any server.
Ends with 1 when a ratio is above 1 with ``--judged`` (default: 0) more.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory

import uvloop

from benchmarks.role_latency import MODELS, seconds_of
from db.assignments import Assignments
from db.calls import SqliteCalls
from db.database import Database
from db.intake import Intake, NewTask
from db.store import SqliteStore
from db.views import Views
from introeval.assignments import load_assignment
from introeval.clock import SystemClock
from introeval.evaluator import GradingEvaluator
from introeval.graders.notebooks import NotebookGrader
from introeval.library import AssignmentLibrary
from models.config import ServerConfig
from models.executor import Executor
from models.pool import ModelPool
from scheduler.batches import BatchCoordinator, BatchLimits
from scheduler.policy import PhaseLimits
from scheduler.ports import Progress, Transcription
from scheduler.queues import QueueSettings, ReaderWriterQueueManager
from scheduler.task import Task

SAMPLES = Path(__file__).parent.parent / "samples" / "notebooks"
DIRECTIONS = {"technical is slower": (0.5, 0.3), "feedback is slower": (0.3, 0.5), "alike": (0.4, 0.4)}
STUDENTS = (10, 30)
TOLERANCE = 1.05


class NoSpeech:
    """``scheduler.ports.Transcriber`` for a lab in which nobody hands in a video."""

    slots = 1
    model = "none"

    async def enter(self) -> None:
        """Nothing to load."""

    async def leave(self) -> None:
        """Nothing is loaded."""

    async def close(self) -> None:
        """Nothing is open."""

    async def prepare(self, task: Task) -> None:
        """Never asked."""

    async def forget(self, task_id: str) -> None:
        """Never asked."""

    async def transcribe(self, task: Task, progress: Progress) -> Transcription:
        """Never asked."""
        raise NotImplementedError


class Ahead(GradingEvaluator):
    """Hands out more students than there are slots."""

    ahead = 0

    @property
    def slots(self) -> int:
        """The pool's, and some that wait for their turn."""
        return super().slots + self.ahead


@dataclass(frozen=True, slots=True)
class Run:
    """What one run came to, in seconds."""

    seconds: float
    technical: float
    feedback: float
    students: int

    @property
    def bound(self) -> float:
        """See the module."""
        most, least = max(self.technical, self.feedback), min(self.technical, self.feedback)
        return TOLERANCE * most + least / self.students


@contextmanager
def servers(models: tuple[str, ...], technical: float, feedback: float) -> Iterator[list[int]]:
    """The servers in a process of their own; their ports."""
    command = [sys.executable, "-m", "benchmarks.role_latency", "--models", *models]
    command += ["--technical", str(technical), "--feedback", str(feedback)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the servers have no pipes")
        try:
            yield [int(port) for port in process.stdout.readline().split()]
        finally:
            process.stdin.close()
            process.wait()


def times(port: int) -> tuple[float, float]:
    """When the first request came and the last reply left."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/times") as answer:
        seen = json.loads(answer.read())
    return float(seen["first"]), float(seen["last"])


async def hand_in(database: Database, library: AssignmentLibrary, students: int, now: float) -> None:
    """A notebook of each student, which names the student so that the servers know whose it is."""
    text = (SAMPLES / "rainfall.toml").read_text(encoding="utf-8")
    assignment = await library.add(load_assignment(text))
    book = json.loads((SAMPLES / "good.ipynb").read_text(encoding="utf-8"))
    intake = Intake(database)
    for number in range(1, students + 1):
        name = f"n{number}.ipynb"
        book["cells"][0]["source"] = [f"I am student number {number}. I define functions, then I print."]
        (database.root / name).write_text(json.dumps(book), encoding="utf-8")
        new = NewTask(
            id=f"t{number:03}",
            user_id=f"u{number}",
            roll_number=f"r{number}",
            student_name=f"Student {number}",
            file_name=name,
            video_path=name,
            size_bytes=1,
            sha256=str(number),
            media_seconds=None,
            idempotency_key=None,
            kind=assignment.kind.value,
            assignment_id=assignment.id,
            assignment_version=assignment.version,
        )
        await intake.accept(new, now)


async def session(ports: list[int], models: tuple[str, ...], students: int, ahead: int, root: Path) -> None:
    """Hand everything in, and run the daemon's parts until everything is graded."""
    clock = SystemClock()
    configs = [
        ServerConfig(name=f"s{at}", url=f"http://127.0.0.1:{port}", model=model, max_concurrent=1)
        for at, (port, model) in enumerate(zip(ports, models, strict=True))
    ]
    async with Database.open(root) as database:
        library = AssignmentLibrary(Assignments(database), clock)
        await hand_in(database, library, students, clock.now())
        pool = ModelPool(configs, clock, residency="shared")
        executor = Executor(pool, SqliteCalls(database), clock)
        evaluator = Ahead(pool, executor, library, {"notebook": NotebookGrader()})
        evaluator.ahead = ahead
        manager = ReaderWriterQueueManager(
            SqliteStore(database),
            NoSpeech(),
            evaluator,
            clock,
            batches=BatchCoordinator(BatchLimits(size=students, age_seconds=0.1)),
            limits=PhaseLimits(),
            settings=QueueSettings(),
        )
        pool.on_change = manager.wake
        changed = asyncio.Event()
        database.on_commit(changed.set)
        beside = [asyncio.create_task(pool.run()), asyncio.create_task(manager.run())]
        try:
            while (await Views(database).totals()).get("completed", 0) < students:
                changed.clear()
                await asyncio.wait_for(changed.wait(), 60)
        finally:
            await manager.stop(0)
            beside[0].cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            await evaluator.close()


def measure(models: tuple[str, ...], means: tuple[float, float], students: int, ahead: int) -> Run:
    """One run."""
    technical, feedback = (
        sum(seconds_of(role, number, mean) for number in range(1, students + 1))
        for role, mean in zip(("technical", "feedback"), means, strict=True)
    )
    with servers(models, *means) as ports, TemporaryDirectory() as folder:
        uvloop.run(session(ports, models, students, ahead, Path(folder) / "state"))
        first, last = times(ports[0])
    return Run(last - first, technical, feedback, students)


def main() -> int:
    """Measure all; 1 when the claim does not hold."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scale", type=float, default=3.0)
    parser.add_argument("--ahead", type=int, nargs="+", default=[-1, 0, 1])
    parser.add_argument("--judged", type=int, default=0)
    given = parser.parse_args()
    began, judged = time.monotonic(), []
    print("servers      which is slower       students  ahead   seconds   bound   ratio")
    for models, aheads in ((MODELS, given.ahead), ((MODELS[0],) * 2, [0])):
        for name, means in DIRECTIONS.items():
            for students in STUDENTS:
                for ahead in aheads:
                    scaled = (means[0] * given.scale, means[1] * given.scale)
                    run = measure(models, scaled, students, ahead)
                    ratio = run.seconds / run.bound
                    kind = "two models" if len(set(models)) > 1 else "one model"
                    print(
                        f"{kind:<12} {name:<21} {students:>8}  {ahead:>5}   {run.seconds:>7.2f} {run.bound:>7.2f}"
                        f"   {ratio:>5.3f}",
                        flush=True,
                    )
                    if ahead == given.judged or kind == "one model":
                        judged.append(ratio)
    print(
        f"worst judged {max(judged):.3f}, mean {fmean(judged):.3f}; {time.monotonic() - began:.0f} s in all"
    )
    return 0 if max(judged) <= 1 else 1


if __name__ == "__main__":
    raise SystemExit(main())
