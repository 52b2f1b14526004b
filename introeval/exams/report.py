"""The result of a session as it is stored and shown: the grade's usual report, with each try as an opinion. Pure.

A grade is not final, and says why, while a teacher must look: a page that was hard to read, a mark without evidence or
against a guard, a pair without any result, or tries that lie too far apart: in all, or on one question, since what one
try gives more here and less there is not seen in its total.

The report holds the rubric's text as the assessments were given it: a session's table of readings has only the newest
of each model and try, and a later grading with other questions replaces it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict

from introeval.exams.combining import Combined, combine
from introeval.exams.marks import QuestionMark, total
from introeval.exams.readings import Reading
from introeval.exams.request import GradePlan, PlannedPair
from introeval.grading.report import AppliedGuard, CriterionGrade, Evidence, Flag, GradeReport, OpinionGrade
from introeval.grading.rounding import summed
from scheduler.ratings import Failure, Rating

TOO_FAR_APART = 0.3
"""Share of the maximum, of all or of one question, between the lowest and the highest try; that of the plans'
``disagreement``."""

MOST_DOUBTS = 20
RUBRIC = "session"


class GivenRubric(BaseModel):
    """A rubric as ``model`` read it in try ``attempt``. ``rubric_response``: what went into the assessment's prompt."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=(), defer_build=True)

    model: str
    attempt: int
    rubric_response: str


class SessionReport(GradeReport):
    """A session's. ``rubrics``: by model and try; none where no model read one."""

    rubrics: tuple[GivenRubric, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TryResult:
    """One try of one pair: ``marks``, or the ``failure`` that it ended with.

    ``model``, ``server``: who gave them; ``None`` when nobody was asked (blank pages).
    """

    pair: PlannedPair
    attempt: int
    marks: tuple[QuestionMark, ...] | None = None
    failure: Failure | None = None
    model: str | None = None
    server: str | None = None


def combined(results: Iterable[TryResult]) -> Combined | None:
    """All tries as one result; ``None`` when none has one."""
    by_pair: dict[int, list[tuple[QuestionMark, ...]]] = {}
    for result in results:
        if result.marks is not None:
            by_pair.setdefault(result.pair.index, []).append(result.marks)
    return combine(by_pair)


def ratings(results: Sequence[TryResult]) -> tuple[Rating, ...]:
    """What each model gave. A model that is in several pairs has its tries counted through all of them."""
    made: list[Rating] = []
    for result in results:
        if result.marks is None or result.model is None or result.server is None:
            continue
        made.append(
            Rating(
                model=result.model,
                server=result.server,
                score=total(result.marks),
                max_score=summed(mark.max_mark for mark in result.marks),
                attempt=1 + sum(rating.model == result.model for rating in made),
                marks={mark.question_number: mark.mark for mark in result.marks},
            )
        )
    return tuple(made)


def report(
    plan: GradePlan,
    whole: Combined,
    results: Sequence[TryResult],
    flags: Sequence[Flag],
    doubts: Sequence[str],
    readings: Mapping[tuple[str, int], Reading] = MappingProxyType({}),
) -> SessionReport:
    """The report. ``flags``, ``doubts``: what is to be said of the pages themselves. ``readings``: of the rubric, by
    model and try.
    """
    chosen = [_nearest(at, whole, results) for at in range(len(whole.questions))]
    bounded = [
        Flag(code=mark.guard, message=f"Question {mark.question_number}: {mark.reason}")
        for mark in chosen
        if mark.guard is not None and mark.guard != "blank"
    ]
    blank = next((mark for mark in chosen if mark.guard == "blank"), None)
    given = ratings(results)
    return SessionReport(
        score=whole.score,
        max_score=whole.max_score,
        criteria=tuple(
            _criterion(mark, question.mark) for mark, question in zip(chosen, whole.questions, strict=True)
        ),
        flags=(*flags, *bounded),
        guards=() if blank is None else (AppliedGuard(code="blank", reason=blank.reason, cap=0.0),),
        rubric=RUBRIC,
        rubric_version=1,
        asked_model=bool(given),
        opinions=tuple(_opinion(rating) for rating in given) if len(given) > 1 else (),
        review=tuple(dict.fromkeys([*doubts, *_doubts(plan, whole, results)]))[:MOST_DOUBTS],
        rubrics=tuple(
            GivenRubric(model=model, attempt=attempt, rubric_response=reading.text)
            for (model, attempt), reading in sorted(readings.items())
        ),
    )


def _nearest(at: int, whole: Combined, results: Sequence[TryResult]) -> QuestionMark:
    """The try whose mark for a question is nearest to the combined one: its reason and evidence are shown."""
    marks = [result.marks[at] for result in results if result.marks is not None]
    return min(marks, key=lambda mark: abs(mark.mark - whole.questions[at].mark))


def _criterion(mark: QuestionMark, score: float) -> CriterionGrade:
    return CriterionGrade(
        name=f"Question {mark.question_number}",
        score=score,
        max_score=mark.max_mark,
        reason=mark.reason,
        model_score=mark.model_mark,
        evidence=tuple(Evidence(place=cited.place, quote=cited.quote) for cited in mark.evidence),
    )


def _opinion(rating: Rating) -> OpinionGrade:
    marks = {f"Question {number}": mark or 0.0 for number, mark in rating.marks.items()}
    return OpinionGrade(model=rating.model, attempt=rating.attempt, score=rating.score, criteria=marks)


def _doubts(plan: GradePlan, whole: Combined, results: Sequence[TryResult]) -> list[str]:
    found = [mark.doubt for result in results for mark in result.marks or () if mark.doubt is not None]
    graded = {pair.index for pair in whole.pairs}
    found += [
        f"Pair {pair.index + 1} ({pair.assessment_model}) has no result."
        for pair in plan.pairs
        if pair.index not in graded
    ]
    if whole.spread > TOO_FAR_APART:
        found.append(f"The tries lie between {whole.lowest:g} and {whole.highest:g} of {whole.max_score:g}.")
    if whole.outside:
        found.append(
            f"The score, {whole.score:g}, is none that the tries came near ({whole.lowest:g} to {whole.highest:g} of "
            f"{whole.max_score:g}): they give their marks for different questions."
        )
    found += [
        f"Question {mark.question_number}: the tries lie between {mark.lowest:g} and {mark.highest:g} of "
        f"{mark.max_mark:g}."
        for mark in whole.questions
        if mark.spread > TOO_FAR_APART
    ]
    return found
