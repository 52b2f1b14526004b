"""Tables as spreadsheets save and open them: read by one decoder, and written so that no text becomes a formula. Pure.

Reading:

1. UTF-8 or UTF-16 with their byte-order marks, UTF-8, else Windows-1252; commas, semicolons or tabs (the one that gives
   the columns; a first line ``sep=;`` too). Any line break.
2. Header names are known whatever their case, blanks, dashes and underscores; other columns are ignored.
3. Lines are counted as an editor does, whatever is inside quotes.

Writing:

4. A spreadsheet takes a cell that begins with = + - @, a tab or a line break for a formula (OWASP, "CSV Injection").
   Such text gets an apostrophe in front.
5. Where the list separator is another one than ours (half of Europe), a line is cut inside a text: at a semicolon, a
   tab or a line break, whatever the quotes. What begins a formula there gets an apostrophe as well.
6. ``undefended`` gives back exactly what ``defended`` was given.
"""

import codecs
import csv
import io
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from scheduler.errors import ConfigurationError

DELIMITERS = ",;\t"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""With the full-width forms, which some locales' spreadsheets fold to the plain ones."""

_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_BLANKS = re.compile(r"[\s_\-.]+")
_SIGNS = "=+\\-@\uff1d\uff0b\uff0d\uff20"
_START = rf"'*[{_SIGNS}\t\r\n]"
_CUT = rf"(?:'|\"|\s)*[{_SIGNS}]"
_BARE_START, _BARE_CUT = re.compile(rf"^(?={_START})"), re.compile(rf"([;\t\r\n])(?={_CUT})")
_HELD_START, _HELD_CUT = re.compile(rf"^'(?={_START})"), re.compile(rf"([;\t\r\n])'(?={_CUT})")

Headings = Mapping[str, Collection[str]]
"""The spellings of each column, as ``plain`` gives them."""


class SpreadsheetError(ConfigurationError):
    """A file that is no table. ``line``: from 1, as an editor counts."""

    code = "spreadsheet"

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Record:
    """A row, and the line on which it begins."""

    line: int
    cells: Sequence[str]


@dataclass(frozen=True, slots=True)
class Table:
    """``columns``: where those that are known stand. ``records``: the rows below; iterating may raise
    ``SpreadsheetError``.
    """

    header: Record
    columns: Mapping[str, int]
    records: Iterator[Record]


def read_table(data: bytes, headings: Headings) -> Table:
    """The table, cut by the delimiter that gives most known columns. Raises ``SpreadsheetError``."""
    text = _decoded(data).replace("\r\n", "\n").replace("\r", "\n")
    skipped, delimiters = 0, DELIMITERS
    first, _, rest = text.partition("\n")
    if re.fullmatch(r"sep=[,;\t]", first.strip(" ")):
        skipped, delimiters, text = 1, first.strip(" ")[4], rest
    header, delimiter = _header(text, delimiters, skipped, headings)
    return Table(
        header, _columns(header.cells, headings), _records(text, delimiter, skipped, after=header.line)
    )


def plain(cell: str) -> str:
    """A header's name without what people spell differently."""
    return _BLANKS.sub(" ", cell).strip().lower()


def defended(text: str) -> str:
    """The text as it may stand in a cell (rules 4 and 5)."""
    return _BARE_START.sub("'", _BARE_CUT.sub(r"\1'", text))


def undefended(cell: str) -> str:
    """The text that ``defended`` was given."""
    return _HELD_CUT.sub(r"\1", _HELD_START.sub("", cell))


def _decoded(data: bytes) -> str:
    for mark, encoding in _MARKS.items():
        if data.startswith(mark):
            return data.decode(encoding, errors="replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _header(text: str, delimiters: str, skipped: int, headings: Headings) -> tuple[Record, str]:
    found, refused = [], SpreadsheetError(1, "the file is empty")
    for delimiter in delimiters:
        try:
            records = _records(text, delimiter, skipped, skipped)
            header = next((record for record in records if any(cell.strip() for cell in record.cells)), None)
        except SpreadsheetError as error:
            refused = error
            continue
        if header is not None:
            found.append((header, delimiter))
    if not found:
        raise refused
    return max(found, key=lambda each: (len(_columns(each[0].cells, headings)), len(each[0].cells)))


def _columns(cells: Sequence[str], headings: Headings) -> Mapping[str, int]:
    names = [plain(cell) for cell in cells]
    return {
        field: next(at for at, name in enumerate(names) if name in known)
        for field, known in headings.items()
        if any(name in known for name in names)
    }


def _records(text: str, delimiter: str, skipped: int, after: int) -> Iterator[Record]:
    """The records that begin after a line of the file."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins = skipped + 1
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise SpreadsheetError(begins, f"this is no CSV: {error}") from error
        if cells is None:
            return
        if begins > after:
            yield Record(begins, cells)
        begins = skipped + reader.line_num + 1
