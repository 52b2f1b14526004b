"""A teacher's grades, read from a spreadsheet's CSV. Pure: bytes in, grades out. The text is untrusted.

1. One row a grade: a submission id or a roll number (or both columns; the id decides), a score, and optionally a
   question number or a criterion (``HEADINGS``); other columns are ignored, so the CSV of ``introeval results`` with
   its scores overwritten will do.
2. Any encoding and delimiter that ``introeval.spreadsheet`` reads. 7,5 and 7.5 are both seven and a half.
3. An empty score is no grade, never 0. Rows without anything are skipped.
4. Either every row names a question, or none does: then the scores are whole grades.
5. Whatever is wrong is told with line and column, all of it at once: ``HumanGradesError``. Cells are quoted short and
   without control characters.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from introeval.agreement.errors import HumanGradesError, Problem
from introeval.spreadsheet import Record, SpreadsheetError, Table, plain, read_table, undefended

HEADINGS = {
    "submission": {"id", "submission", "submission id", "task", "task id"},
    "roll": {"roll", "roll no", "roll number", "rollno", "student id", "matriculation number"},
    "question": {"question", "question no", "question number", "q", "criterion", "criteria", "item"},
    "score": {
        "score",
        "mark",
        "marks",
        "grade",
        "points",
        "human",
        "human score",
        "human grade",
        "teacher score",
    },
}
MOST_BYTES, MOST_ROWS, MOST_PROBLEMS, LONGEST_CELL = 5_000_000, 100_000, 100, 200
_NUMBER = re.compile(r"[0-9]{1,7}(?:[.,][0-9]{0,6})?|[.,][0-9]{1,6}")


@dataclass(frozen=True, slots=True)
class HumanGrade:
    """A row. ``submission``, ``roll``: empty when there is no such column; ``question``: ``None`` for a whole grade."""

    line: int
    submission: str
    roll: str
    question: str | None
    score: float | None

    @property
    def who(self) -> str:
        """The column that says whose grade it is."""
        return "id" if self.submission else "roll number"


def read_grades(data: bytes) -> tuple[HumanGrade, ...]:
    """The grades in the order of the rows. Raises ``HumanGradesError``."""
    if len(data) > MOST_BYTES:
        raise _refusal(1, "", f"the file is larger than {MOST_BYTES // 1_000_000} MB")
    try:
        return _grades(read_table(data, HEADINGS))
    except SpreadsheetError as error:
        raise _refusal(error.line, "", error.reason) from error


def _grades(table: Table) -> tuple[HumanGrade, ...]:
    _require_columns(table)
    problems: list[Problem] = []
    grades: list[HumanGrade] = []
    for record in table.records:
        if not any(cell.strip() for cell in record.cells):
            continue
        if len(grades) >= MOST_ROWS:
            raise _refusal(record.line, "", f"there are more than {MOST_ROWS} rows")
        grade = _grade(record, table.columns, table.header.cells, problems)
        if grade is not None:
            grades.append(grade)
        if len(problems) >= MOST_PROBLEMS:
            break
    problems += _repeated(grades) if not problems else []
    if problems:
        raise HumanGradesError(tuple(problems))
    return tuple(grades)


def quoted(cell: str) -> str:
    """A cell as a message may hold it."""
    clean = "".join(char if char.isprintable() else "?" for char in cell.strip())
    return f"'{clean[:40]}{'...' if len(clean) > 40 else ''}'"


def _require_columns(table: Table) -> None:
    header, columns = table.header, table.columns
    names = ", ".join(quoted(cell) for cell in header.cells[:12])
    problems = []
    for field, known in HEADINGS.items():
        twice = [cell for cell in header.cells if plain(cell) in known]
        if len(twice) > 1:
            told = " and ".join(quoted(cell) for cell in twice)
            problems.append(Problem(header.line, quoted(twice[1]), f"{told} both mean the {field}"))
    if "score" not in columns:
        problems.append(Problem(header.line, "'score'", f"there is no such column (there are: {names})"))
    if not columns.keys() & {"submission", "roll"}:
        problems.append(
            Problem(header.line, "'roll number'", f"there is neither this nor 'id' (there are: {names})")
        )
    if problems:
        raise HumanGradesError(tuple(problems))


def _grade(
    record: Record, columns: Mapping[str, int], header: Sequence[str], problems: list[Problem]
) -> HumanGrade | None:
    def cell(field: str) -> str:
        at = columns.get(field, len(record.cells))
        return record.cells[at].strip() if at < len(record.cells) else ""

    def wrong(field: str, message: str) -> None:
        problems.append(Problem(record.line, quoted(header[columns[field]]), message))

    before = len(problems)
    if any(extra.strip() for extra in record.cells[len(header) :]):
        message = "the row has more cells than the header; a score such as 7,5 needs quotes between commas"
        problems.append(Problem(record.line, "", message))
    for field in columns:
        if len(cell(field)) > LONGEST_CELL:
            wrong(field, f"{quoted(cell(field))} is longer than {LONGEST_CELL} characters")
    who = "submission" if "submission" in columns else "roll"
    if not (cell("submission") or cell("roll")):
        wrong(who, "it is empty; whose grade is this?")
    if "question" in columns and not cell("question"):
        wrong("question", "it is empty; name a question in each row, or leave the column out")
    score = _score(cell("score"))
    if isinstance(score, str):
        wrong("score", score)
        score = None
    if len(problems) > before:
        return None
    question = cell("question") if "question" in columns else None
    return HumanGrade(record.line, undefended(cell("submission")), undefended(cell("roll")), question, score)


def _score(cell: str) -> float | str | None:
    """The number, ``None`` for an empty cell, or what is wrong with it."""
    if not cell:
        return None
    if not _NUMBER.fullmatch(cell):
        return f"{quoted(cell)} is no score: give a number from 0, such as 7.5 or 7,5, or leave it empty"
    value = float(cell.replace(",", "."))
    return value if math.isfinite(value) else f"{quoted(cell)} is no score"


def _repeated(grades: Sequence[HumanGrade]) -> list[Problem]:
    first: dict[tuple[str, str, str | None], int] = {}
    found = []
    for grade in grades:
        key = (grade.submission, "" if grade.submission else grade.roll, grade.question)
        if key in first:
            whose = quoted(grade.submission or grade.roll)
            found.append(Problem(grade.line, grade.who, f"{whose} was graded in line {first[key]} already"))
        first.setdefault(key, grade.line)
    return found


def _refusal(line: int, column: str, message: str) -> HumanGradesError:
    return HumanGradesError((Problem(line, column, message),))
