"""What words to the grader do to a grade, and what the defences do to grades without them.

    python -m benchmarks.injection [--split development|held_out|all] [--limit N] [--models NAME ...] [--resume FILE]
    python -m benchmarks.injection --detector-only

The corpus is graded by the program's own grader on the embedded server, each reply is kept in ``--resume``, and a run
that was killed goes on there. ``--undefended`` also grades the attacks with the detector switched off. ``--kept-only``
asks no model: the report on what is kept so far. ``--detector-only`` says what is flagged, in seconds. Ends with 1 when
an aim is missed (see ``report``) or a grade is missing.
"""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.injection import corpus
from benchmarks.injection.asking import Graded, graded
from benchmarks.injection.replies import KeptReplies
from benchmarks.injection.report import Section, detection, effects
from benchmarks.injection.runs import Grades, Selection, run, select
from benchmarks.ladder import CACHE, embedded
from benchmarks.notebook_ladder import config
from models.worker import LanguageModelWorker

DEFAULT_MODEL = "qwen2.5-coder-1.5b-instruct"
DEFAULT_FILE = CACHE / "introeval" / "benchmarks" / "injection.jsonl"
SERVED = "ladder"
"""The name under which ``benchmarks.ladder`` serves any weights."""


@asynccontextmanager
async def replies(options: argparse.Namespace, weights: str) -> AsyncIterator[KeptReplies]:
    """The kept replies, with an embedded server behind them unless nobody is to be asked."""
    if options.kept_only:
        nobody = LanguageModelWorker(config("http://127.0.0.1", SERVED))
        yield KeptReplies(options.resume, weights, nobody, kept_only=True)
        return
    gguf = CACHE / "introeval" / "models" / weights / "model.gguf"
    if not gguf.is_file():
        raise SystemExit(f"{gguf} is not there. Fetch it with: introeval models pull {weights}")
    async with embedded(gguf, options.threads) as url:
        worker = LanguageModelWorker(config(url, SERVED))
        try:
            yield KeptReplies(options.resume, weights, worker)
        finally:
            await worker.close()


async def measure(options: argparse.Namespace, weights: str, chosen: Selection) -> Grades:
    """All grades by one model."""
    with TemporaryDirectory() as folder:
        async with replies(options, weights) as asks:

            async def grade(name: str, text: str) -> Graded:
                return await graded(name, text, asks, SERVED, Path(folder))

            return await run(chosen, grade, options.undefended)


def tables(title: str, section: Section) -> bool:
    """Print one; whether it reaches the aims."""
    print(f"\n## {title}\n", *section.lines, sep="\n", flush=True)
    return section.reached


def of_split(chosen: Selection, split: str) -> Selection:
    """The part of one split."""
    return Selection(
        tuple(item for item in chosen.clean if item.split == split),
        tuple(item for item in chosen.attacks if item.split == split),
    )


def report(chosen: Selection, splits: Sequence[str], grades: Grades | None, name: str) -> bool:
    """Print the tables of each split, and of all together; whether all aims are reached."""
    parts = [(split, of_split(chosen, split)) for split in splits]
    if len(parts) > 1:
        parts.append(("all", chosen))
    reached = []
    for split, part in parts:
        section = (
            detection(part.clean, part.attacks)
            if grades is None
            else effects(part.clean, part.attacks, grades)
        )
        reached.append(tables(f"{split}, {name}", section))
    return all(reached)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--split", choices=(*corpus.SPLITS, "all"), default="all")
    parser.add_argument("--limit", type=int, default=0, help="attacks and clean ones of each split; 0: all")
    parser.add_argument("--models", nargs="+", default=[DEFAULT_MODEL], help="names of pulled weights")
    parser.add_argument("--resume", type=Path, default=DEFAULT_FILE, help="the file of kept replies")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--undefended", action="store_true")
    parser.add_argument("--kept-only", action="store_true")
    parser.add_argument("--detector-only", action="store_true")
    return parser.parse_args()


def main() -> int:
    """Measure and print; see the module."""
    options = arguments()
    splits = corpus.SPLITS if options.split == "all" else (options.split,)
    chosen = select(corpus.clean(), corpus.attacks(), splits, options.limit)
    reached = report(chosen, splits, None, "the detector alone")
    for weights in () if options.detector_only else options.models:
        grades = asyncio.run(measure(options, weights, chosen))
        reached &= report(chosen, splits, grades, weights)
        reached &= all(graded is not None for graded in grades.defended.values())
    return int(not reached)


if __name__ == "__main__":
    sys.exit(main())
