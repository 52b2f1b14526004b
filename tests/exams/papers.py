"""Questions, pages and replies of a small exam, as the tests of sessions need them."""

import json
from collections.abc import Mapping
from typing import Any

from introeval.assignments import Question
from introeval.exams.material import Material, Pages
from introeval.exams.request import GradePlan, PlannedPair, Templates
from introeval.exams.templates import ASSESSMENT_TEMPLATE, RUBRIC_TEMPLATE
from introeval.pages.lines import number_lines
from introeval.pages.texts import PageText, TextLine

QUESTIONS = (
    Question(question_number="1", max_mark=5, text="What is a stack?"),
    Question(question_number="2a", max_mark=2.5),
)
RUBRIC = ("1. last in, first out: 3 points", "push and pop named: 2 points", "2a. sorted list: 2.5 points")
STUDENT = ("Question 1", "A stack is last in, first out. push and pop.", "2a: the list must be sorted")


def page(*lines: str, number: int = 1, confidence: float = 0.95, inked: bool = True) -> PageText:
    """A page that was read."""
    read = tuple(TextLine(line, confidence) for line in lines)
    return PageText(page=number, engine="rapidocr", confidence=confidence, lines=read, inked=inked)


def read(*lines: str) -> Pages:
    """One page of a role, as text."""
    return Pages(sheet=number_lines([page(*lines)]))


NOTHING = Pages(sheet=number_lines([]))
TEXT = Material(student=read(*STUDENT), rubric=read(*RUBRIC), answer_key=NOTHING)
SEEN = Material(student=Pages((b"s1", b"s2")), rubric=Pages((b"r1",)), answer_key=Pages((b"k1", b"k2")))

PAIR = PlannedPair(index=0, rubric_model="llava", assessment_model="mistral", tries=2)
PLAN = GradePlan(
    session_id="s",
    questions=QUESTIONS,
    images=(),
    pairs=(PAIR,),
    templates=Templates(rubric=RUBRIC_TEMPLATE, assessment=ASSESSMENT_TEMPLATE),
)


def criteria(**points: list[tuple[str, float]]) -> str:
    """A rubric stage's reply; ``q1``, ``q2a``: the criteria of a question."""
    return json.dumps(
        {
            f"question {name.removeprefix('q')}": {
                "criteria": [{"criterion": text, "points": worth} for text, worth in given]
            }
            for name, given in points.items()
        }
    )


GOOD_RUBRIC = criteria(
    q1=[("says last in, first out", 3), ("names push and pop", 2)], q2a=[("sorted list", 2.5)]
)


def said(answers: Mapping[str, tuple[list[Any], float]], reason: str = "It says so.") -> str:
    """An assessment's reply: by question number, its evidence and its mark."""
    return json.dumps(
        {
            f"question {number}": {"evidence": evidence, "reason": reason, "mark": mark}
            for number, (evidence, mark) in answers.items()
        }
    )


GOOD_ANSWER = said({"1": ([2], 4), "2a": ([3], 2.5)})
