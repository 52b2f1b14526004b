"""A teacher's grades laid on our submissions and questions. Pure.

1. A submission id decides; otherwise the roll number does, whatever its case. Grades of students who handed in
   nothing here are no error: they are listed.
2. A roll number with several submissions does not say which one: that is an error, and so is a question that does not
   exist. ``Q1``, ``question 1`` and ``1`` are one question, ``Content structure`` and ``content_structure`` are one
   criterion.
3. A mark above the highest one is an error: grades of another scale (per cent, say) would be compared as if they were
   of ours, and nobody would see it.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from introeval.agreement.errors import HumanGradesError, Problem
from introeval.agreement.human import HumanGrade, quoted
from introeval.agreement.marks import SAME
from introeval.agreement.raters import Rater, Scale, Sheet

_ASIDE = re.compile(r"[\s_]+")
_NUMBERED = re.compile(r"^(?:question|q)\.?(?=\d)")


@dataclass(frozen=True, slots=True)
class Matched:
    """The teacher's sheet, and the rows that belong to no submission."""

    sheet: Sheet
    strangers: tuple[Problem, ...]


def match(grades: Sequence[HumanGrade], roll_numbers: Mapping[str, str], scale: Scale) -> Matched:
    """``roll_numbers``: of our submissions, by id. Raises ``HumanGradesError``."""
    by_roll: dict[str, list[str]] = {}
    for submission, roll in roll_numbers.items():
        by_roll.setdefault(roll.strip().casefold(), []).append(submission)
    known = _spellings(scale.questions)
    marks: dict[str, dict[str, float | None]] = {}
    totals: dict[str, float | None] = {}
    problems, strangers, lines = [], [], dict[tuple[str, str | None], int]()
    for grade in grades:
        found = _submissions(grade, roll_numbers, by_roll)
        whose, question = quoted(grade.submission or grade.roll), None
        if not found:
            strangers.append(Problem(grade.line, grade.who, f"{whose} handed in nothing here"))
            continue
        if len(found) > 1:
            problems.append(
                Problem(grade.line, grade.who, f"{whose} has {len(found)} submissions; give the id of one")
            )
            continue
        if grade.question is not None:
            question = known.get(grade.question) or known.get(_plain(grade.question))
            if question is None:
                message = f"no question {quoted(grade.question)} (there are: {', '.join(scale.questions)})"
                problems.append(Problem(grade.line, "question", message))
                continue
        highest = scale.highest if question is None else scale.questions[question]
        if grade.score is not None and grade.score > highest * (1 + SAME):
            problems.append(Problem(grade.line, "score", _too_high(grade.score, question, highest)))
            continue
        # An id and a roll number, or two spellings of a question, may mean the same work.
        earlier = lines.setdefault((found[0], question), grade.line)
        if earlier != grade.line:
            problems.append(Problem(grade.line, grade.who, f"{whose} was graded in line {earlier} already"))
        elif question is None:
            totals[found[0]] = grade.score
        else:
            marks.setdefault(found[0], {})[question] = grade.score
    if problems:
        raise HumanGradesError(tuple(problems))
    return Matched(Sheet(Rater(kind="human"), marks, totals), tuple(strangers))


def _too_high(score: float, question: str | None, highest: float) -> str:
    what = "the highest grade" if question is None else f"the highest mark of {quoted(question)}"
    return f"{score:g} is more than {what}, {highest:g}; give it on this scale (a bonus as full marks)"


def _submissions(
    grade: HumanGrade, roll_numbers: Mapping[str, str], by_roll: Mapping[str, Sequence[str]]
) -> Sequence[str]:
    if grade.submission:
        return [grade.submission] if grade.submission in roll_numbers else []
    return by_roll.get(grade.roll.casefold(), [])


def _spellings(questions: Collection[str]) -> Mapping[str, str]:
    """Each question by its name, and by its plain form where no other has the same."""
    plain = [_plain(question) for question in questions]
    alone = {
        form: question for form, question in zip(plain, questions, strict=True) if plain.count(form) == 1
    }
    return alone | {question: question for question in questions}


def _plain(question: str) -> str:
    return _NUMBERED.sub("", _ASIDE.sub("", question.casefold()), count=1)
