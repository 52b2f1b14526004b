"""The ladder of notebooks: the samples graded by a real model in both roles; they must come out in order.

    python -m benchmarks.notebook_ladder [--url http://localhost:11434 --model mistral] [--gguf FILE --threads 2]
        [--full] [--only good medium]

Without ``--url`` it starts the embedded server on ``--gguf`` (default: the 1.5B in the cache). Ends with 1 when the
ladder does not stand: excellent > good > medium > poor, the R notebook above medium; prose only, template, off topic
and empty at most 20 %; words to the grader flagged, and worth nothing.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import AsyncGenerator, Sequence, Set
from pathlib import Path
from typing import TypeVar

from benchmarks.ladder import DEFAULT_GGUF, SAMPLES, embedded
from introeval.assignments import Assignment, load_assignment
from introeval.graders.base import Work
from introeval.graders.notebooks import NotebookGrader
from models.config import ServerConfig
from models.outcomes import Outcome
from models.task import LLMTask
from models.worker import Generation, LanguageModelWorker
from scheduler.ports import Evaluation, Progress, unwatched
from scheduler.task import Stage, Status, Task, TaskState

T = TypeVar("T")
FOLDER = SAMPLES / "notebooks"
LOW = ("prose_only", "template", "off_topic", "empty")
"""What never gets more than a fifth."""


class Direct:
    """``introeval.graders.base.Asks`` on one worker: no pool, nothing is kept."""

    def __init__(self, worker: LanguageModelWorker) -> None:
        self._worker = worker

    async def run(
        self,
        task: LLMTask[T],
        *,
        task_id: str,
        progress: Progress = unwatched,
        servers: Set[str] | None = None,
    ) -> Generation[T]:
        """Ask the worker."""
        return await self._worker.generate(task, progress)

    async def stream(
        self,
        tasks: Sequence[LLMTask[T]],
        *,
        task_id: str,
        workers: int,
        progress: Progress = unwatched,
        servers: Set[str] | None = None,
    ) -> AsyncGenerator[Outcome[T], None]:
        """One after the other."""
        for index, task in enumerate(tasks):
            yield Outcome(index=index, generation=await self.run(task, task_id=task_id, progress=progress))

    async def kept(self, task: LLMTask[T]) -> Generation[T] | None:
        """Nothing is looked up."""
        return None


def config(url: str, model: str) -> ServerConfig:
    """Patient: a small machine reads the prompt slowly."""
    return ServerConfig(
        name="ladder",
        url=url,
        model=model,
        timeout_seconds=3600,
        first_token_seconds=1800,
        between_tokens_seconds=600,
    )


def work(path: Path, assignment: Assignment, worker: LanguageModelWorker) -> Work:
    """One sample, as the evaluator hands it to the grader."""
    task = Task(
        id=path.stem,
        roll_number=path.stem,
        video_path=str(path),
        state=TaskState(Stage.LLM, Status.PROCESSING),
        created_at=0.0,
        updated_at=0.0,
        kind=assignment.kind.value,
        assignment_id=assignment.id,
    )
    return Work(
        task=task,
        assignment=assignment,
        executor=Direct(worker),
        progress=unwatched,
        models=(worker.config.model,),
    )


async def climb(url: str, model: str, full: bool, only: Sequence[str]) -> dict[str, Evaluation]:
    """Grade the samples, print each, and their order."""
    assignment = load_assignment((FOLDER / "rainfall.toml").read_text(encoding="utf-8"))
    worker = LanguageModelWorker(config(url, model))
    results: dict[str, Evaluation] = {}
    try:
        for path in sorted(FOLDER.glob("*.ipynb")):
            if path.stem in only or not only:
                began = time.monotonic()
                result = await NotebookGrader().grade(work(path, assignment, worker))
                results[path.stem] = result
                show(path.stem, result, time.monotonic() - began)
                if full:
                    print(json.dumps(result.report, indent=1, ensure_ascii=False), flush=True)
    finally:
        await worker.close()
    print("\n" + " > ".join(sorted(results, key=lambda name: -results[name].score)))
    return results


def show(name: str, result: Evaluation, seconds: float) -> None:
    """A line of the table: scores after the guards, and in brackets what the model gave."""
    report = result.report
    given = " ".join(
        f"{item['name']} {item['score']:g}({item['model_score'] or 0:g})" for item in report["criteria"]
    )
    why = ", ".join(dict.fromkeys(item["code"] for item in [*report["guards"], *report["flags"]]))
    cost = f"{result.tokens_in}+{result.tokens_out} tokens, {seconds:.0f} s"
    print(f"{name:<11} {result.score:>4} of {result.max_score:g}   {given}   [{why}]   {cost}", flush=True)


def in_order(results: dict[str, Evaluation]) -> bool:
    """Whether the ladder stands."""
    share = {name: result.score / result.max_score for name, result in results.items()}
    flagged = any(flag["code"] == "addressed_to_grader" for flag in results["full_marks"].report["flags"])
    low = all(share[name] <= 0.2 for name in LOW)
    falling = share["excellent"] > share["good"] > share["medium"] > share["poor"]
    lowest = share["poor"] >= max(share[name] for name in LOW)
    return (
        flagged and low and falling and lowest and share["r_notebook"] > share["medium"] > share["full_marks"]
    )


async def run(options: argparse.Namespace) -> bool:
    """Grade on the given server, or on one of our own."""
    if options.url:
        results = await climb(options.url, options.model, options.full, options.only)
    else:
        async with embedded(options.gguf, options.threads) as url:
            results = await climb(url, "ladder", options.full, options.only)
    return bool(options.only) or in_order(results)


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--url", default="")
    parser.add_argument("--model", default="mistral")
    parser.add_argument("--gguf", type=Path, default=DEFAULT_GGUF)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--full", action="store_true", help="print each report")
    parser.add_argument(
        "--only", nargs="*", default=[], help="samples to grade; the order is then not judged"
    )
    stands = asyncio.run(run(parser.parse_args()))
    print("The ladder stands." if stands else "The ladder does not stand.")
    sys.exit(0 if stands else 1)


if __name__ == "__main__":
    main()
