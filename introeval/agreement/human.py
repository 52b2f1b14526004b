"""A teacher's grades, read from a spreadsheet's CSV. Pure: bytes in, grades out. The text is untrusted.

1. One row a grade: a submission id or a roll number (or both columns; the id decides), a score, and optionally a
   question number or a criterion. Header names are read whatever their case, blanks, dashes and underscores
   (``HEADINGS``); other columns are ignored, so the CSV of ``introeval results`` with its scores overwritten will do.
2. UTF-8 or UTF-16 with their byte-order marks, UTF-8, else Windows-1252; commas, semicolons or tabs (the one that gives
   the columns; a first line ``sep=;`` too). 7,5 and 7.5 are both seven and a half.
3. An empty score is no grade, never 0. Rows without anything are skipped.
4. Either every row names a question, or none does: then the scores are whole grades.
5. Whatever is wrong is told with line and column, all of it at once: ``HumanGradesError``. Cells are quoted short and
   without control characters.
"""

import codecs
import csv
import io
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from introeval.agreement.errors import HumanGradesError, Problem

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
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_BLANKS = re.compile(r"[\s_\-.]+")
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


@dataclass(frozen=True, slots=True)
class _Record:
    line: int
    cells: Sequence[str]


def read_grades(data: bytes) -> tuple[HumanGrade, ...]:
    """The grades in the order of the rows. Raises ``HumanGradesError``."""
    if len(data) > MOST_BYTES:
        raise _refusal(1, "", f"the file is larger than {MOST_BYTES // 1_000_000} MB")
    text = _decoded(data).replace("\r\n", "\n").replace("\r", "\n")
    skipped, delimiters = 0, ",;\t"
    first, _, rest = text.partition("\n")
    if re.fullmatch(r"sep=[,;\t]", first.strip(" ")):
        skipped, delimiters, text = 1, first.strip(" ")[4], rest
    header, columns, delimiter = _header(text, delimiters, skipped)
    problems: list[Problem] = []
    grades: list[HumanGrade] = []
    for record in _records(text, delimiter, skipped, header.line):
        if not any(cell.strip() for cell in record.cells):
            continue
        if len(grades) >= MOST_ROWS:
            raise _refusal(record.line, "", f"there are more than {MOST_ROWS} rows")
        grade = _grade(record, columns, header.cells, problems)
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


def _decoded(data: bytes) -> str:
    for mark, encoding in _MARKS.items():
        if data.startswith(mark):
            return data.decode(encoding, errors="replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _header(text: str, delimiters: str, skipped: int) -> tuple[_Record, Mapping[str, int], str]:
    """The header, the columns that are known, and the delimiter that gives the most of them."""
    found, refused = [], _refusal(1, "", "the file is empty")
    for delimiter in delimiters:
        try:
            records = _records(text, delimiter, skipped, skipped)
            header = next((record for record in records if any(cell.strip() for cell in record.cells)), None)
        except HumanGradesError as error:
            refused = error
            continue
        if header is not None:
            found.append((header, delimiter))
    if not found:
        raise refused
    record, delimiter = max(found, key=lambda each: (len(_columns(each[0].cells)), len(each[0].cells)))
    columns = _columns(record.cells)
    names = ", ".join(quoted(cell) for cell in record.cells[:12])
    problems = []
    for field, known in HEADINGS.items():
        twice = [cell for cell in record.cells if _plain(cell) in known]
        if len(twice) > 1:
            told = " and ".join(quoted(cell) for cell in twice)
            problems.append(Problem(record.line, quoted(twice[1]), f"{told} both mean the {field}"))
    if "score" not in columns:
        problems.append(Problem(record.line, "'score'", f"there is no such column (there are: {names})"))
    if not columns.keys() & {"submission", "roll"}:
        problems.append(
            Problem(record.line, "'roll number'", f"there is neither this nor 'id' (there are: {names})")
        )
    if problems:
        raise HumanGradesError(tuple(problems))
    return record, columns, delimiter


def _columns(cells: Sequence[str]) -> Mapping[str, int]:
    plain = [_plain(cell) for cell in cells]
    return {
        field: next(at for at, name in enumerate(plain) if name in known)
        for field, known in HEADINGS.items()
        if not known.isdisjoint(plain)
    }


def _plain(cell: str) -> str:
    return _BLANKS.sub(" ", cell).strip().lower()


def _records(text: str, delimiter: str, skipped: int, after: int) -> Iterator[_Record]:
    """The records that begin after a line of the file, with the line on which each begins."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins = skipped + 1
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise _refusal(begins, "", f"this is no CSV: {error}") from error
        if cells is None:
            return
        if begins > after:
            yield _Record(begins, cells)
        begins = skipped + reader.line_num + 1


def _grade(
    record: _Record, columns: Mapping[str, int], header: Sequence[str], problems: list[Problem]
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
    return HumanGrade(
        record.line, _undefended(cell("submission")), _undefended(cell("roll")), question, score
    )


def _score(cell: str) -> float | str | None:
    """The number, ``None`` for an empty cell, or what is wrong with it."""
    if not cell:
        return None
    if not _NUMBER.fullmatch(cell):
        return f"{quoted(cell)} is no score: give a number from 0, such as 7.5 or 7,5, or leave it empty"
    value = float(cell.replace(",", "."))
    return value if math.isfinite(value) else f"{quoted(cell)} is no score"


def _undefended(cell: str) -> str:
    """Without the apostrophe that our own CSV puts before what a spreadsheet would take for a formula."""
    return cell[1:] if re.match(r"'[=+\-@]", cell) else cell


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
