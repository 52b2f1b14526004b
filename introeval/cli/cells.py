"""CSV that a spreadsheet opens safely and a program reads back. Pure.

A spreadsheet takes a cell that begins with = + - @, a tab or a line break for a formula (OWASP, "CSV Injection"), and
names and models' texts are other people's words. Such text gets an apostrophe in front; numbers stay numbers.
"""

import csv
import io
from collections.abc import Iterable, Sequence

Cell = str | int | float | None

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""With the full-width forms, which some locales' spreadsheets fold to the plain ones."""


def defended(cell: Cell) -> Cell:
    """The cell as it may be written."""
    if isinstance(cell, str) and cell.startswith(FORMULA_STARTS):
        return "'" + cell
    return "" if cell is None else cell


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """RFC 4180, every cell defended, the header too (criteria are named by people)."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([defended(cell) for cell in header])
    writer.writerows([defended(cell) for cell in row] for row in rows)
    return out.getvalue()
