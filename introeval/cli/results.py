"""``introeval results``: every submission with its grade, as a table or as CSV."""

import argparse
import asyncio
import sys
from collections.abc import Sequence

from rich.table import Table

from introeval.cli.cells import Cell, csv_text
from introeval.cli.overrides import settings_of
from introeval.cli.terminal import console, shown
from introeval.client import Api, connect
from introeval.client.address import base_url
from introeval.client.shapes import Criterion, Submission
from introeval.grading.telling import score_text

AT_ONCE = 8
FIXED = ("roll_number", "name", "state", "score", "max_score")
ORIGIN = ("assignment", "version", "kind")
"""What the work was handed in for, and the version of it that gave the grade."""


def run(options: argparse.Namespace) -> int:
    """Print them, by roll number."""
    submissions = asyncio.run(_fetch(base_url(options.url, settings_of(options)), options.assignment))
    if options.csv:
        sys.stdout.write(as_csv(submissions))
    else:
        console().print(as_table(submissions))
    return 0


async def _fetch(url: str, assignment: str | None) -> list[Submission]:
    async with connect(url) as api:
        lines = await api.submissions(assignment)
        return await in_full(api, [line.id for line in lines])


async def in_full(api: Api, ids: Sequence[str]) -> list[Submission]:
    """The submissions with their results, by roll number."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(task_id: str) -> Submission:
        async with places:
            return await api.submission(task_id)

    found = await asyncio.gather(*(one(task_id) for task_id in ids))
    return sorted(found, key=lambda submission: (submission.roll_number, submission.id))


def as_csv(submissions: Sequence[Submission]) -> str:
    """One row each; a column for each criterion in the order of first appearance. Empty: not there (yet)."""
    names = list(dict.fromkeys(c.name for s in submissions for c in _criteria(s)))
    header = (*FIXED, *names, "provisional", "guards", "flags", "error", "regrade", "model", *ORIGIN, "id")
    return csv_text(header, (_row(submission, names) for submission in submissions))


def as_table(submissions: Sequence[Submission]) -> Table:
    """For a terminal."""
    several = len({submission.assignment for submission in submissions}) > 1
    columns = ("ROLL", "NAME", *(("ASSIGNMENT",) if several else ()), "STATE", "SCORE", "REMARKS")
    table = Table(*columns, box=None, pad_edge=False)
    for submission in submissions:
        cells = [submission.roll_number, submission.name]
        cells += [submission.assignment] if several else []
        cells += [submission.current_phase, _score(submission), "; ".join(_remarks(submission))]
        table.add_row(*(shown(cell) for cell in cells))
    return table


def _score(submission: Submission) -> str:
    grade = submission.grade
    if grade is None:
        return ""
    score = f"{score_text(grade.score)}/{score_text(grade.max_score)}"
    return score if grade.final else f"{score} provisional"


def _remarks(submission: Submission) -> list[str]:
    doubts = submission.grade.review if submission.grade else ()
    remarks = [f"Not final: {doubt}" for doubt in doubts]
    # What makes a grade provisional is often flagged in the same words.
    remarks += [flag.message or flag.code for flag in submission.flags if flag.message not in doubts]
    remarks += [f"Why not more: {reason}" for reason in submission.why_not_more]
    remarks += [f"{failure.place}: {failure.message}" for failure in submission.failures]
    remarks += [submission.regrade.told] if submission.regrade else []
    return remarks + ([submission.error_message] if submission.error_message else [])


def _row(submission: Submission, names: Sequence[str]) -> list[Cell]:
    grade = submission.grade
    scores = {criterion.name: criterion.score for criterion in _criteria(submission)}
    return [
        submission.roll_number,
        submission.name,
        submission.current_phase,
        grade.score if grade else None,
        grade.max_score if grade else None,
        *(scores.get(name) for name in names),
        "; ".join(grade.review) if grade else None,
        "; ".join(guard.code for guard in grade.guards) if grade else None,
        "; ".join(flag.code for flag in submission.flags),
        submission.error_message,
        submission.regrade.told if submission.regrade else None,
        submission.model,
        submission.assignment,
        grade.version if grade else None,
        submission.kind,
        submission.id,
    ]


def _criteria(submission: Submission) -> tuple[Criterion, ...]:
    return submission.grade.criteria if submission.grade else ()
