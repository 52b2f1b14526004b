"""An exam and pages of it, as the tests of marking need them: the sample assignment, and lines without an image."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from introeval.assignments import Assignment, load_assignment
from introeval.pages.lines import Sheet, number_lines
from introeval.pages.texts import PageText, TextLine

SAMPLES = Path(__file__).parents[2] / "samples" / "pages"
EXAM = load_assignment((SAMPLES / "assignment.toml").read_text(encoding="utf-8"))

GOOD = (
    "Question 1",
    "A stack is last in, first out. push puts an element on top,",
    "pop takes the top one away. Undo in an editor is an example.",
    "Question 2",
    "The list must be sorted. Compare with the middle and halve it: log n steps.",
    "Question 3",
    "Two keys have the same hash. Put both into a list at that place.",
)
"""Two lines for question 1, one for each of the others."""


def page(*lines: str, number: int = 1, of: int = 1, inked: bool = True, confidence: float = 0.95) -> PageText:
    """A page that was read."""
    return PageText(
        number, "rapidocr", confidence, tuple(TextLine(line, confidence) for line in lines), inked, of
    )


def sheet(*lines: str) -> Sheet:
    """One page."""
    return number_lines([page(*lines)])


def exam(**changes: Any) -> Assignment:
    """The sample assignment with some of its fields changed."""
    return Assignment.model_validate(EXAM.model_dump() | changes)


def said(answers: Mapping[str, tuple[list[int], list[tuple[list[int], float]]]]) -> str:
    """A reply: for each question its answer's lines, and for each marking point lines and points."""
    return json.dumps(
        {
            f"question {number}": {"answer_lines": lines}
            | {
                f"point {at}": {"lines": cited, "reason": "Because it is there.", "points": points}
                for at, (cited, points) in enumerate(judged, 1)
            }
            for number, (lines, judged) in answers.items()
        }
    )


FULL = {
    "1": ([2, 3], [([2], 1.0), ([2], 1.0), ([3], 1.0), ([3], 1.0)]),
    "2": ([5], [([5], 1.0), ([5], 1.0), ([5], 1.0)]),
    "3": ([7], [([7], 1.0), ([7], 2.0)]),
}
"""Full marks for ``GOOD``, with lines that exist."""
