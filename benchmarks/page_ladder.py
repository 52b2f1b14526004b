"""The ladder of exam pages: the sample pages read by rapidocr and marked by a real model; they must come out in order.

    python -m benchmarks.page_ladder [--url http://localhost:11434 --model mistral] [--gguf FILE --threads 2]
        [--state FOLDER] [--full] [--only good medium]

Without ``--url`` it starts the embedded server on ``--gguf`` (default: the 1.5B in the cache). The way is the daemon's
own: page images, text recognition, grader, executor, tables; with ``--state`` what was read and answered is kept for
the next run. Ends with 1 when the ladder does not stand: excellent > good > medium > weak; blank, off topic and copied
questions at most 20 %; words to the grader flagged, and worth nothing.
"""

import argparse
import asyncio
import hashlib
import json
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks.ladder import DEFAULT_GGUF, SAMPLES, embedded
from benchmarks.notebook_ladder import config
from db.calls import SqliteCalls
from db.database import Database
from db.intake import Intake, NewTask
from db.pages import PageTexts
from introeval.assignments import Assignment, load_assignment
from introeval.clock import SystemClock
from introeval.graders.base import Work
from introeval.graders.pages import PagesGrader
from introeval.pages.ocr import OcrLimits, PageReader
from introeval.pages.transcription import Transcriber
from models.executor import Executor
from models.pool import ModelPool
from models.sight import Sight
from scheduler.ports import Evaluation, unwatched

FOLDER = SAMPLES / "pages"
LOW = ("blank", "off_topic", "copied")
"""What never gets more than a fifth."""


class Lab:
    """What grades a sample: the parts of the daemon that have a hand in it, on one server."""

    def __init__(self, database: Database, url: str, model: str, threads: int) -> None:
        server = config(url, model)
        clock = SystemClock()
        self.intake = Intake(database)
        self.root = database.root
        self.pool = ModelPool([server], clock)
        self.executor = Executor(self.pool, SqliteCalls(database), clock)
        self.sight = Sight([server])
        reader = PageReader(OcrLimits(threads=threads, page_seconds=900.0))
        workspace = database.root / "pages"
        self.transcriber = Transcriber(PageTexts(database), reader, self.sight, clock, workspace)
        self.grader = PagesGrader(self.transcriber, self._alone)

    async def grade(self, path: Path, assignment: Assignment) -> Evaluation:
        """Hand one sample in, and grade it."""
        data = await asyncio.to_thread(path.read_bytes)
        digest = hashlib.sha256(data).hexdigest()
        new = NewTask(
            id=f"{path.stem}-{digest[:8]}",
            user_id="",
            roll_number=path.stem,
            student_name="",
            file_name=path.name,
            video_path=f"videos/{path.stem}.bin",
            size_bytes=len(data),
            sha256=digest,
            media_seconds=None,
            idempotency_key=digest,
            kind=assignment.kind.value,
            assignment_id=assignment.id,
        )
        await asyncio.to_thread(_store, path, self.root / new.video_path)
        accepted = await self.intake.accept(new, 0.0)
        models = tuple(server.model for server in self.pool.statuses())
        return await self.grader.grade(
            Work(
                task=accepted.task,
                assignment=assignment,
                executor=self.executor,
                progress=unwatched,
                models=models,
            )
        )

    @staticmethod
    async def _alone(assignment: Assignment, task_id: str) -> bool:
        return False


def _store(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, target)


@asynccontextmanager
async def lab(state: Path, url: str, model: str, threads: int) -> AsyncIterator[Lab]:
    """A lab whose pool is in its phase."""
    async with Database.open(state) as database:
        found = Lab(database, url, model, threads)
        await found.transcriber.sweep()
        await found.pool.enter()
        try:
            yield found
        finally:
            await found.pool.close()
            await found.sight.close()


async def climb(state: Path, url: str, options: argparse.Namespace) -> dict[str, Evaluation]:
    """Grade the samples, print each, and their order."""
    assignment = load_assignment((FOLDER / "assignment.toml").read_text(encoding="utf-8"))
    entries = json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8"))
    results: dict[str, Evaluation] = {}
    async with lab(state, url, options.model if options.url else "ladder", options.threads) as found:
        for entry in entries:
            if entry["kind"] in options.only or not options.only:
                began = time.monotonic()
                result = await found.grade(FOLDER / entry["file"], assignment)
                results[entry["kind"]] = result
                show(entry["kind"], result, time.monotonic() - began)
                if options.full:
                    print(json.dumps(result.report, indent=1, ensure_ascii=False), flush=True)
    print("\n" + " > ".join(sorted(results, key=lambda name: -results[name].score)))
    return results


def show(name: str, result: Evaluation, seconds: float) -> None:
    """A line of the table: marks after the guards, and in brackets what the model gave."""
    report = result.report
    given = " ".join(f"{item['score']:g}({item['model_score'] or 0:g})" for item in report["criteria"])
    why = ", ".join(dict.fromkeys(item["code"] for item in [*report["guards"], *report["flags"]]))
    cost = f"{result.tokens_in}+{result.tokens_out} tokens, {seconds:.0f} s"
    final = "" if not report["review"] else "provisional"
    print(
        f"{name:<11} {result.score:>4} of {result.max_score:g}   {given}   [{why}] {final}   {cost}",
        flush=True,
    )


def in_order(results: dict[str, Evaluation]) -> bool:
    """Whether the ladder stands."""
    share = {name: result.score / result.max_score for name, result in results.items()}
    flagged = any(flag["code"] == "addressed_to_grader" for flag in results["full_marks"].report["flags"])
    falling = share["excellent"] > share["good"] > share["medium"] > share["weak"]
    lowest = share["weak"] >= max(share[name] for name in LOW)
    return (
        flagged
        and falling
        and lowest
        and share["full_marks"] < share["medium"]
        and all(share[name] <= 0.2 for name in LOW)
    )


async def run(options: argparse.Namespace) -> bool:
    """Grade on the given server, or on one of our own."""
    with tempfile.TemporaryDirectory() as made:
        state = options.state or Path(made)
        if options.url:
            results = await climb(state, options.url, options)
        else:
            async with embedded(options.gguf, options.threads) as url:
                results = await climb(state, url, options)
    return bool(options.only) or in_order(results)


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--url", default="")
    parser.add_argument("--model", default="mistral")
    parser.add_argument("--gguf", type=Path, default=DEFAULT_GGUF)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--state", type=Path, help="a folder that keeps what was read and answered")
    parser.add_argument("--full", action="store_true", help="print each report")
    parser.add_argument("--only", nargs="*", default=[], help="kinds to grade; the order is then not judged")
    stands = asyncio.run(run(parser.parse_args(arguments)))
    print("The ladder stands." if stands else "The ladder does not stand.")
    sys.exit(0 if stands else 1)


if __name__ == "__main__":
    main()
