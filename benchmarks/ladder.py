"""The ladder: the samples' texts graded by a real model; they must come out in a sensible order.

    python -m benchmarks.ladder [--url http://localhost:11434 --model mistral] [--gguf FILE --threads 2]

Without ``--url`` it starts the embedded server on ``--gguf`` (default: the 1.5B in the cache). The texts are taken as
segments of one sentence each, 0.4 s a word, so that speech recognition has no part in the result. Ends with 1 when
the order is wrong: strong > medium > rambling, very short and off topic at most 20 %, words to the grader flagged.
"""

import argparse
import asyncio
import json
import os
import re
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from introeval.grading import GradeReport, Reply, build_prompt, default_rubric, grade, parse_reply, precheck
from introeval.grading.errors import GradeReplyError
from models import errors as model_errors
from models.config import ServerConfig
from models.task import ask
from models.worker import LanguageModelWorker
from scheduler.ports import unwatched

SAMPLES = Path(__file__).parent.parent / "samples"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
DEFAULT_GGUF = CACHE / "introeval/models/qwen2.5-coder-1.5b-instruct/model.gguf"
SECONDS_PER_WORD = 0.4


@dataclass(frozen=True)
class Sentence:
    """A segment."""

    start: float
    end: float
    text: str


def sentences(text: str) -> list[Sentence]:
    """The text cut at sentence ends, with times by word count."""
    found: list[Sentence] = []
    at = 0.0
    for part in re.split(r"(?<=[.!?])\s+", text.strip()):
        end = at + SECONDS_PER_WORD * len(part.split())
        found.append(Sentence(at, end, part))
        at = end
    return found


@asynccontextmanager
async def embedded(gguf: Path, threads: int) -> AsyncIterator[str]:
    """The embedded server in its own process; yields its URL."""
    arguments = ["--model-name", "ladder", "--gguf", str(gguf), "--threads", str(threads), "--slots", "1"]
    server = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "models.embedded.server", *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    if server.stdin is None or server.stdout is None:
        raise RuntimeError("the server has no pipes")
    try:
        port = json.loads(await server.stdout.readline())["port"]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stdin.close()
        await server.wait()


async def graded(worker: LanguageModelWorker, text: str) -> tuple[GradeReport, str]:
    """One text's grade, and what it cost."""
    rubric, segments = default_rubric(), sentences(text)
    refused = precheck(segments, segments[-1].end, rubric)
    if refused is not None:
        return refused, "no model"

    def parse(reply: str) -> Reply:
        try:
            return parse_reply(reply, rubric, segments)
        except GradeReplyError as error:
            raise model_errors.ReplyError(str(error)) from error

    prompt, began = build_prompt(rubric, segments), time.monotonic()
    got = await worker.generate(ask(prompt.text, prompt.schema, parse), unwatched)
    cost = f"{got.tokens_in}+{got.tokens_out} tokens, {time.monotonic() - began:.1f} s, {got.attempts} asked"
    return grade(rubric, segments, segments[-1].end, got.value), cost


async def climb(url: str, model: str) -> dict[str, GradeReport]:
    """Grade every sample and print the table, best first."""
    worker = LanguageModelWorker(
        ServerConfig(
            name="ladder",
            url=url,
            model=model,
            timeout_seconds=900,
            first_token_seconds=600,
            between_tokens_seconds=300,
        )
    )
    entries = json.loads((SAMPLES / "manifest.json").read_text(encoding="utf-8"))
    results: dict[str, tuple[GradeReport, str]] = {}
    try:
        for entry in entries:
            text = (SAMPLES / "texts" / entry["text"]).read_text(encoding="utf-8")
            results[entry["kind"]] = await graded(worker, text)
    finally:
        await worker.close()
    for kind, (report, cost) in sorted(results.items(), key=lambda item: -item[1][0].score):
        scores = " ".join(f"{item.name} {item.score:g}" for item in report.criteria)
        why = ", ".join([guard.code for guard in report.guards] + [flag.code for flag in report.flags])
        print(f"{kind:<11} {report.score:>5} of {report.max_score:g}   {scores}   [{why}]   {cost}")
    return {kind: report for kind, (report, _) in results.items()}


def in_order(reports: dict[str, GradeReport]) -> bool:
    """Whether the ladder stands."""
    share = {kind: report.score / report.max_score for kind, report in reports.items()}
    flagged = any(flag.code == "addressed_to_grader" for flag in reports["full_marks"].flags)
    low = all(share[kind] <= 0.2 for kind in ("very_short", "off_topic"))
    falling = (
        share["strong"] > share["medium"] > share["rambling"] >= max(share["very_short"], share["off_topic"])
    )
    return flagged and low and falling and share["full_marks"] < share["strong"]


async def run(options: argparse.Namespace) -> bool:
    """Grade on the given server, or on one of our own."""
    if options.url:
        return in_order(await climb(options.url, options.model))
    async with embedded(options.gguf, options.threads) as url:
        return in_order(await climb(url, "ladder"))


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--url", default="")
    parser.add_argument("--model", default="mistral")
    parser.add_argument("--gguf", type=Path, default=DEFAULT_GGUF)
    parser.add_argument("--threads", type=int, default=2)
    stands = asyncio.run(run(parser.parse_args()))
    print("The ladder stands." if stands else "The ladder does not stand.")
    sys.exit(0 if stands else 1)


if __name__ == "__main__":
    main()
