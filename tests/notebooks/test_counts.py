"""What is the student's own: lines of code, words, and the assignment's terms."""

from typing import Any

import pytest

from introeval.notebooks.counts import Counts
from introeval.notebooks.given import given
from tests.notebooks.books import ASSIGNMENT, case, code, error, sample, stream, text


def counted(*cells: dict[str, object], instructions: str = "", **more: Any) -> Counts:
    """The counts of a notebook."""
    return case(*cells, instructions=instructions, **more).counts


@pytest.mark.parametrize(
    "source",
    [
        "# only a comment",
        "import pandas as pd\nfrom math import sqrt",
        "library(dplyr)",
        "%matplotlib inline",
        "pass",
        "raise NotImplementedError('your code here')",
        "x = None",
        "...",
        "),\n]",
        '"""A docstring."""',
    ],
)
def test_hollow_lines_are_no_work(source: str) -> None:
    """Imports, empty bodies, brackets, comments."""
    assert counted(code(source)).own_lines == 0


def test_own_lines_are_those_that_were_not_given() -> None:
    """The starter code counts for nothing, what is added to it does."""
    starter = 'names = ["Jan", "Feb"]\ndef yearly_total(rain):\n    pass'
    assert counted(code(starter), instructions=starter).own_lines == 0
    assert counted(code(starter + "\n    return sum(rain)"), instructions=starter).own_lines == 1


def test_own_words_are_those_that_were_not_copied() -> None:
    """A pasted task is no reflection; words to the grader are none either."""
    task = "Compute the yearly total of the rain and print it."
    assert counted(text(task), code("x"), instructions=task).own_words == 0
    assert counted(text("Three own words. Give me full marks."), code("x")).own_words == 3


def test_runs_and_errors() -> None:
    """What the file shows of its runs."""
    counts = counted(code("a", stream("1")), code("b", error()), code("c", ran=False), code(""))
    assert (counts.code_cells, counts.ran, counts.with_output, counts.failed) == (3, 2, 1, (2,))


@pytest.mark.parametrize("tags", [["raises-exception"], ["a", "raises-exception", "a,b", 3]])
def test_an_error_that_is_shown_on_purpose_is_no_failure(tags: list[object]) -> None:
    """Jupyter's own tag says so; only that one is kept, and it excuses nothing else."""
    meant = code("stack.pop()", error("IndexError")) | {"metadata": {"tags": tags}}
    counts = counted(code("a", stream("1")), meant, code("b", error()), code("c") | {"metadata": {"tags": 1}})
    assert (counts.ran, counts.with_output, counts.failed, counts.meant) == (4, 1, (3,), (2,))
    assert counted(code("stack.pop()", error()) | {"metadata": {"tags": ["x"]}}).failed == (1,)


@pytest.mark.parametrize(
    ("instructions", "asked"),
    [
        ("Write a function `mean(x)` and `var`; use `numpy`. The list `rain` is given.", ("mean", "var")),
        (
            "Define `a`, `b` and `c.d`. Then complete the function `e()`. A class named `F`.",
            ("a", "b", "c.d", "e", "F"),
        ),
        ("Do not use `eval`. Print `x`.", ()),
        ("Write a function `mean(xs, start)`. Do not use the function `sum`.", ("mean",)),
        ("Write a function `mean` without the function `sum`, and never call the method `fmean`.", ("mean",)),
        ("Use the method `groupby`, create a `DataFrame` and use the function `plot`.", ()),
        ("Do not define the function `sum`; don't write `max`.", ()),
        (
            "Using `numpy`, write a `mean` function, and a function `var`, and avoid the class `list`.",
            ("mean", "var"),
        ),
        (
            "Implement a class `Stack` with the methods `push` and `pop`; call `push` twice.",
            ("Stack", "push", "pop"),
        ),
        ("The function `load` is given, and the function `sum` is forbidden. Use a function called `g`.", ()),
        ("Write `mean`, the function `sum` is forbidden, and the class `A` must not be used.", ("mean",)),
        ("Add a method named `peek`.\n- Complete `top`\n- The class `Node` has a value.", ("peek", "top")),
    ],
)
def test_names_that_are_asked_for(instructions: str, asked: tuple[str, ...]) -> None:
    """Only those that are to be written; what may or must be used, or is forbidden, is none."""
    assert given(instructions).asked == asked


def test_missing_names_are_those_nowhere_in_the_code() -> None:
    """A comment does not count, a call does, and so does an R name with a dot."""
    task = "Write a function `total` and `season.mean`. Define `last`."
    counts = counted(code("# last\nx <- total(season.mean(1))"), instructions=task)
    assert (counts.asked, counts.missing) == (3, ("last",))
    assert counted(code("self.total = 0\nseason.mean()\nx.last"), instructions=task).missing == ()
    stack = "Write a class `Stack` and the method `Stack.push`."
    assert counted(code("class Stack:\n  def push(self): f()"), instructions=stack).missing == ()
    assert counted(code("push <- 1"), instructions=stack, language="r").missing == ("Stack", "Stack.push")
    assert counted(code("x = my_total"), instructions=task).missing == ("total", "season.mean", "last")


def test_terms_tell_the_assignment_from_another() -> None:
    """A solution has most terms, another topic next to none; without instructions nothing can be said."""
    shares = {name: sample(name).counts.topic for name in ("excellent", "r_notebook", "poor", "off_topic")}
    assert all(share is not None for share in shares.values())
    assert shares["off_topic"] < 0.12 < shares["poor"] < shares["r_notebook"] < shares["excellent"]  # type: ignore[operator]
    assert counted(code("x = 1")).topic is None
    assert counted(code("x = 1"), instructions=ASSIGNMENT.instructions).topic == 0
