"""Places in a notebook: from what a model named to lines that exist, in the student's own words. Pure."""

from collections.abc import Iterable, Sequence

from introeval.grading.report import Evidence
from introeval.notebooks.case import Case
from introeval.notebooks.reply import EVIDENCE_MAX, Place

QUOTE_LINES, QUOTE_CHARS = 8, 400


def code_evidence(case: Case, places: Sequence[Place]) -> tuple[Evidence, ...]:
    """The lines that a model named; the whole cell where it has no such lines, or the model was not shown them. A cell
    of which nothing was shown is no evidence.
    """
    found = (_lines(case, place) for place in places)
    return _kept(case, found)


def text_evidence(case: Case, cells: Sequence[int]) -> tuple[Evidence, ...]:
    """Whole text cells."""
    return _kept(case, ((number, 1, len(case.notebook.cell(number).lines)) for number in cells))


def _lines(case: Case, place: Place) -> tuple[int, int, int]:
    shown = case.code.shown[place.cell]
    first, last = place.first, min(place.last, shown)
    exists = 1 <= first <= last and not case.screened.cell(place.cell).withheld(first, last)
    return (place.cell, first, last) if exists else (place.cell, 1, shown)


def _kept(case: Case, places: Iterable[tuple[int, int, int]]) -> tuple[Evidence, ...]:
    once = [
        (cell, first, last)
        for cell, first, last in dict.fromkeys(places)
        if not case.screened.cell(cell).withheld(first, last)
    ]
    return tuple(_evidence(case, *place) for place in once[:EVIDENCE_MAX])


def _evidence(case: Case, number: int, first: int, last: int) -> Evidence:
    lines = case.notebook.cell(number).lines
    if first == 1 and last >= len(lines):
        place = f"cell {number}"
    else:
        place = f"cell {number}, " + (f"line {first}" if first == last else f"lines {first} to {last}")
    quoted = [line for line in lines[first - 1 : last] if line.strip()]
    quote = "\n".join(quoted[:QUOTE_LINES])
    cut = len(quoted) > QUOTE_LINES or len(quote) > QUOTE_CHARS
    return Evidence(place=place, quote=quote[:QUOTE_CHARS] + ("\u2026" if cut else ""))
