"""CSV: nothing that a student wrote becomes a formula, and a program reads the same text back."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from introeval.cli.cells import csv_text
from introeval.cli.results import as_csv
from introeval.client.shapes import Criterion, Flag, Line
from introeval.spreadsheet import FORMULA_STARTS, defended, undefended

DANGEROUS = st.builds(
    str.__add__, st.sampled_from(FORMULA_STARTS), st.text(st.characters(exclude_categories=["Cs"]))
)
TRICKY = st.text("'\"=+-@;\t\r\n a", max_size=12)
CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")) | DANGEROUS | TRICKY


@given(CELLS)
def test_no_text_begins_like_a_formula(cell: str) -> None:
    """And what was written can be read back."""
    written = defended(cell)
    assert not written.startswith(FORMULA_STARTS)
    assert undefended(written) == cell


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@given(cells=st.lists(CELLS, min_size=1, max_size=3))
def test_no_list_separator_makes_a_formula(separator: str, cells: list[str]) -> None:
    """Where a spreadsheet cuts at semicolons or tabs, it cuts inside texts; nothing that it then sees calculates."""
    text = csv_text(["roll"], [["R1", *cells]])
    for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row), row


def test_a_formula_behind_a_semicolon() -> None:
    """As a student may be called."""
    assert csv_text(["name"], [["Asha;=1+1"]]) == "name\r\nAsha;'=1+1\r\n"


@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=5))
def test_a_reader_gets_every_cell(rows: list[list[str]]) -> None:
    """Quotes, commas and line breaks inside cells stay inside them."""
    text = csv_text(["a", "b"], rows)
    read = list(csv.reader(io.StringIO(text, newline="")))
    assert read == [["a", "b"], *([defended(cell) for cell in row] for row in rows)]


def test_numbers_stay_numbers() -> None:
    """A negative number is no formula, and nothing is an empty cell."""
    assert csv_text(["n"], [[-1.5], [None]]) == 'n\r\n-1.5\r\n""\r\n'


def test_results_have_a_column_for_each_criterion() -> None:
    """A submission without a grade leaves them empty; names and errors are defended."""
    graded = Line(
        id="1",
        roll_number="R1",
        name="=HYPERLINK(1)",
        current_phase="completed",
        status="completed",
        score=7.5,
        adjusted_score=7.1,
        max_score=10,
        graded_version=3,
        provisional=True,
        review=("=two models differ",),
        criteria=(Criterion(name="+clarity", score=7, max_score=10),),
        flags=(Flag(code="short"), Flag(code="addressed")),
        model="m",
    )
    failed = Line(
        id="2", roll_number="R2", current_phase="failed", status="failed", error_message="@no sound"
    )
    assert as_csv([graded, failed]).splitlines() == [
        "roll_number,name,state,score,adjusted_score,max_score,'+clarity,provisional,guards,flags,error,regrade,model,"
        "assignment,version,kind,id",
        "R1,'=HYPERLINK(1),completed,7.5,7.1,10.0,7.0,'=two models differ,,short; addressed,,,m,"
        "introductions,3,intro_video,1",
        "R2,,failed,,,,,,,,'@no sound,,,introductions,,intro_video,2",
    ]
