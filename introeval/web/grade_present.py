"""From a stored report to the shape of a grade. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from introeval.fairness import Standing
from introeval.web.grade_schema import (
    CriterionBody,
    FailureBody,
    FlagBody,
    GradeBody,
    GuardBody,
    LetterBody,
    NoteBody,
    OpinionBody,
    PartBody,
)
from scheduler.ratings import Failure

_CRITERIA = TypeAdapter(tuple[CriterionBody, ...])
_NOTES = TypeAdapter(tuple[NoteBody, ...])
_GUARDS = TypeAdapter(tuple[GuardBody, ...])
_FLAGS = TypeAdapter(tuple[FlagBody, ...])
_OPINIONS = TypeAdapter(tuple[OpinionBody, ...])
_PARTS = TypeAdapter(tuple[PartBody, ...])
_REVIEW = TypeAdapter(tuple[str, ...])


def grade_of(score: float, max_score: float, version: int, report: Mapping[str, Any]) -> GradeBody:
    """A grade from its stored report. ``version``: of the assignment that gave it."""
    review = _read(_REVIEW, report.get("review", ()))
    return GradeBody(
        score=score,
        max_score=max_score,
        version=version,
        final=not review,
        review=review,
        criteria=_read(_CRITERIA, report.get("criteria", ())),
        facts=_read(_NOTES, report.get("facts", ())),
        problems=_read(_NOTES, report.get("problems", ())),
        guards=_read(_GUARDS, report.get("guards", ())),
        opinions=_read(_OPINIONS, report.get("opinions", ())),
        parts=_read(_PARTS, report.get("parts", ())),
        summary=_text(report.get("summary")),
        feedback=_letter(report.get("feedback")),
    )


def placed(grade: GradeBody, standing: Standing) -> GradeBody:
    """The grade with where it stands on the common scale of the models."""
    review = (*grade.review, standing.review) if standing.review else grade.review
    return grade.model_copy(
        update={"adjusted_score": standing.adjusted, "review": review, "final": not review and grade.final}
    )


def flags_of(report: Mapping[str, Any]) -> tuple[FlagBody, ...]:
    """What a person should look at, from a stored report."""
    return _read(_FLAGS, report.get("flags", ()))


def failures_of(failures: Sequence[Failure]) -> tuple[FailureBody, ...]:
    """The parts that ended without a result."""
    return tuple(FailureBody.model_validate(failure, from_attributes=True) for failure in failures)


def _read(shape: TypeAdapter[tuple[Any, ...]], value: object) -> tuple[Any, ...]:
    # A report of an older version must not take the whole page away: the score stays, the part is left out.
    try:
        return shape.validate_python(value)
    except ValidationError:
        return ()


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _letter(value: object) -> LetterBody | None:
    try:
        return None if value is None else LetterBody.model_validate(value)
    except ValidationError:
        return None
