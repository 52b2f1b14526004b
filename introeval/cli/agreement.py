"""``introeval agreement --human grades.csv``: a teacher's grades against those that were given, as a table or as
JSON."""

import argparse
import asyncio
import sys
from pathlib import Path
from urllib.parse import quote

from rich.table import Table

from introeval.agreement.comparison import Comparison, Figure
from introeval.agreement.report import AgreementReport
from introeval.cli.overrides import settings_of
from introeval.cli.terminal import console, shown
from introeval.client import connect
from introeval.client.address import base_url
from introeval.client.shapes import Shape
from scheduler.errors import ConfigurationError

COMPUTING_SECONDS = 3600.0
"""A course of thousands takes many minutes. The daemon stops computing when this command has ended."""

HEADER = (
    "FIRST",
    "SECOND",
    "WORKS",
    "OTHER MARK",
    "OTHER CLASS",
    "FAR APART",
    "ERROR",
    "KAPPA",
    "ICC",
    "ALPHA",
)


class Stranger(Shape):
    """A row of the teacher's file that belongs to no submission."""

    line: int
    message: str


class Agreement(Shape):
    """What the daemon answers."""

    report: AgreementReport
    strangers: tuple[Stranger, ...] = ()


def run(options: argparse.Namespace) -> int:
    """Measure, and print a table (or, with ``--json``, everything)."""
    data = b"" if options.human is None else _read(options.human)
    found = asyncio.run(_measure(options, data))
    out = console()
    if options.json:
        sys.stdout.write(found.model_dump_json(indent=2) + "\n")
        return 0
    out.print(as_table(found.report))
    for stranger in found.strangers:
        out.print(shown(f"line {stranger.line}: {stranger.message}"), soft_wrap=True)
    if found.report.severity is not None:
        out.print(shown(found.report.severity.why), soft_wrap=True)
    return 0


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror or error}.") from error


async def _measure(options: argparse.Namespace, data: bytes) -> Agreement:
    path = f"/api/v1/assignments/{quote(options.assignment, safe='')}/agreement"
    query = {"question_intervals": "true"} if options.question_intervals else None
    async with connect(base_url(options.url, settings_of(options)), COMPUTING_SECONDS) as api:
        _, document = await api.sent(
            "POST", path, query=query, body=data, headers={"Content-Type": "text/csv"}
        )
        return api.read(Agreement, document)


def as_table(found: AgreementReport) -> Table:
    """A row a comparison, whole grades; the intervals beside their values. Counts are of differing marks."""
    table = Table(*HEADER, box=None, pad_edge=False)
    for each in (*found.human, *found.models, *found.tries):
        table.add_row(*(shown(cell) for cell in _row(each)))
    return table


def _row(each: Comparison) -> list[str]:
    counts, total = each.discrepancies, each.total
    differing = (counts.discrepancies100, counts.zpf_discrepancies, counts.range_discrepancies)
    figures = (total.mean_absolute_error, total.quadratic_weighted_kappa, total.icc_2_1, total.alpha_interval)
    return [
        each.first.label,
        each.second.label,
        str(total.mean_absolute_error.n),
        *(f"{count}/{counts.compared}" for count in differing),
        *(_figure(figure) for figure in figures),
    ]


def _figure(figure: Figure) -> str:
    if figure.value is None:
        return (figure.reason or "").replace("_", " ")
    if figure.low is None or figure.high is None:
        return f"{figure.value:.2f}"
    return f"{figure.value:.2f} [{figure.low:.2f}, {figure.high:.2f}]"
