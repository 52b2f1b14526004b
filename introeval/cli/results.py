"""``introeval results``: every submission with its grade, as a table or as CSV.

The list of submissions has all that is needed; it is read in pages, and no submission by itself.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence

from rich.table import Table

from introeval.cli.cells import Cell, csv_text
from introeval.cli.overrides import settings_of
from introeval.cli.terminal import console, shown
from introeval.client import connect
from introeval.client.address import base_url
from introeval.client.shapes import Line
from introeval.grading.rounding import score_text

FIXED = ("roll_number", "name", "state", "score", "adjusted_score", "max_score")
"""``score``: as it was given. ``adjusted_score``: on the common scale of several models, where there is one."""

ORIGIN = ("assignment", "version", "kind")
"""What the work was handed in for, and the version of it that gave the grade."""


def run(options: argparse.Namespace) -> int:
    """Print them, by roll number."""
    lines = asyncio.run(_fetch(base_url(options.url, settings_of(options)), options.assignment))
    if options.csv:
        # UTF-8 whatever the locale, with the mark by which Excel knows it; without it Zoë becomes ZoÃ«.
        sys.stdout.buffer.write(("\ufeff" + as_csv(lines)).encode("utf-8", errors="replace"))
        sys.stdout.buffer.flush()
    else:
        console().print(as_table(lines))
    return 0


async def _fetch(url: str, assignment: str | None) -> list[Line]:
    async with connect(url) as api:
        found = await api.submissions(assignment)
    return sorted(found, key=lambda line: (line.roll_number, line.id))


def as_csv(lines: Sequence[Line]) -> str:
    """One row each; a column for each criterion in the order of first appearance. Empty: not there (yet)."""
    names = list(dict.fromkeys(criterion.name for line in lines for criterion in line.criteria))
    header = (*FIXED, *names, "provisional", "guards", "flags", "error", "regrade", "model", *ORIGIN, "id")
    return csv_text(header, (_row(line, names) for line in lines))


def as_table(lines: Sequence[Line]) -> Table:
    """For a terminal."""
    several = len({line.assignment for line in lines}) > 1
    columns = ("ROLL", "NAME", *(("ASSIGNMENT",) if several else ()), "STATE", "SCORE", "REMARKS")
    table = Table(*columns, box=None, pad_edge=False)
    for line in lines:
        cells = [line.roll_number, line.name]
        cells += [line.assignment] if several else []
        cells += [line.current_phase, _score(line), "; ".join(_remarks(line))]
        table.add_row(*(shown(cell) for cell in cells))
    return table


def _score(line: Line) -> str:
    if line.score is None or line.max_score is None:
        return ""
    parts = [f"{score_text(line.score)}/{score_text(line.max_score)}"]
    if line.adjusted_score not in (None, line.score):
        parts.append(f"adjusted {score_text(line.adjusted_score)}")
    return " ".join([*parts, "provisional"] if line.provisional else parts)


def _remarks(line: Line) -> list[str]:
    remarks = [f"Not final: {doubt}" for doubt in line.review]
    # What makes a grade provisional is often flagged in the same words.
    remarks += [flag.message or flag.code for flag in line.flags if flag.message not in line.review]
    remarks += [f"Why not more: {reason}" for reason in line.why_not_more]
    remarks += [f"{failure.place}: {failure.message}" for failure in line.failures]
    remarks += [line.regrade.told] if line.regrade else []
    return remarks + ([line.error_message] if line.error_message else [])


def _row(line: Line, names: Sequence[str]) -> list[Cell]:
    scores = {criterion.name: criterion.score for criterion in line.criteria}
    return [
        line.roll_number,
        line.name,
        line.current_phase,
        line.score,
        line.adjusted_score,
        line.max_score,
        *(scores.get(name) for name in names),
        "; ".join(line.review),
        "; ".join(guard.code for guard in line.guards),
        "; ".join(flag.code for flag in line.flags),
        line.error_message,
        line.regrade.told if line.regrade else None,
        line.model,
        line.assignment,
        line.graded_version,
        line.kind,
        line.id,
    ]
