"""CSV that a spreadsheet opens safely and a program reads back (``introeval.spreadsheet`` says how). Pure.

Names and models' texts are other people's words, so each text is defended; numbers stay numbers.
"""

import csv
import io
from collections.abc import Iterable, Sequence

from introeval.spreadsheet import defended

Cell = str | int | float | None


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """RFC 4180, every text defended, the header too (criteria are named by people)."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([defended(cell) for cell in header])
    writer.writerows([_written(cell) for cell in row] for row in rows)
    return out.getvalue()


def _written(cell: Cell) -> Cell:
    if isinstance(cell, str):
        return defended(cell)
    return "" if cell is None else cell
