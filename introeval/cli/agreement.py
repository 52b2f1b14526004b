"""``introeval agreement --human grades.csv``: a teacher's grades against those that were given, as a table or as
JSON."""

from collections.abc import Sequence

from rich.table import Table

from introeval.agreement.comparison import Comparison, Figure, Options
from introeval.agreement.errors import Problem
from introeval.agreement.human import read_grades
from introeval.agreement.matching import match
from introeval.agreement.raters import Rater, Scale, Sheet, Try, sheets_of
from introeval.agreement.report import AgreementReport, report
from introeval.cli.terminal import shown
from introeval.client.shapes import Submission
from scheduler.errors import ConfigurationError

HEADER = ("FIRST", "SECOND", "WORKS", "EXACT", "CLASS", "RANGE", "ERROR", "KAPPA", "ICC", "ALPHA")


def measure(
    data: bytes, submissions: Sequence[Submission], options: Options | None = None
) -> tuple[AgreementReport, tuple[Problem, ...]]:
    """The report, and the rows of the teacher's file that belong to no submission.

    Raises ``HumanGradesError`` for a file that cannot be used, ``ConfigurationError`` when nothing was graded yet.
    """
    graded = [(each, each.grade) for each in submissions if each.grade is not None]
    if not graded:
        raise ConfigurationError("Nothing was graded yet, so there is nothing to compare.")
    marks = {each.id: {item.name: item.score for item in grade.criteria} for each, grade in graded}
    questions = {
        item.name: item.max_score for _, grade in graded for item in grade.criteria if item.max_score
    }
    scale = Scale(questions=questions, total=graded[0][1].max_score)
    final = Sheet(Rater(kind="final"), marks, {each.id: grade.score for each, grade in graded})
    tries = [Try(each.id, each.model, 1, grade.score, marks[each.id]) for each, grade in graded if each.model]
    teacher = match(read_grades(data), {each.id: each.roll_number for each in submissions}, questions)
    found = report(scale, sheets_of(tries), teacher.sheet, final, options=options)
    return found, teacher.strangers


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
