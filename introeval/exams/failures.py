"""What a part that ended without a result tells a teacher: the typed error, its place, and what to do. Pure."""

from collections.abc import Mapping

from introeval.exams.prompts import ASSESSMENT_STAGE, RUBRIC_STAGE
from scheduler.errors import IntroevalError
from scheduler.ratings import Failure

RUBRIC_FAILED = "rubric_failed"
NOT_ASSESSED = "N/A: rubric failed"

_SHORTER = "Use fewer pages or questions at once, or a larger window (generation.num_ctx)."
_OTHER_MODEL = "Grade again, or choose a model that keeps to the form better."
_SERVER = "See what `introeval doctor` says of the servers, then grade again."
_ADVICE: Mapping[str, str] = {
    "reply_truncated": "Use fewer questions at once, or a model that writes less.",
    "reply_schema": _OTHER_MODEL,
    "reply_empty": _OTHER_MODEL,
    "reply_oversized": _OTHER_MODEL,
    "context_overflow": _SHORTER,
    "prompt_too_long": _SHORTER,
    "request_refused": "Leave 'reasoning' out, or choose a model that can do what was asked for.",
    "reply_slow": "Grade again when the machine is less busy, or choose a smaller model.",
    "page_reader": "Grade again when the machine is less busy, or choose a model that sees.",
    RUBRIC_FAILED: "See the failure of the rubric stage; this try follows once the rubric can be read.",
}


def failure_of(error: IntroevalError, stage: str, place: str) -> Failure:
    """The failure that an error is, with what to do."""
    return Failure(
        code=error.code, stage=stage, place=place, message=str(error), advice=_ADVICE.get(error.code, _SERVER)
    )


def rubric_failed(place: str, why: Failure) -> Failure:
    """The failure of an assessment that had no rubric."""
    return Failure(
        code=RUBRIC_FAILED,
        stage=ASSESSMENT_STAGE,
        place=place,
        message=f"{NOT_ASSESSED} ({why.code}, {why.place})",
        advice=_ADVICE[RUBRIC_FAILED],
    )


def rubric_place(model: str, attempt: int) -> str:
    """Where a failure of the rubric stage is."""
    return f"{model}, try {attempt}"


def assessment_place(index: int, model: str, attempt: int) -> str:
    """Where a failure of the assessment stage is; pairs count from 1 for people."""
    return f"pair {index + 1}, {model}, try {attempt}"


__all__ = [
    "ASSESSMENT_STAGE",
    "NOT_ASSESSED",
    "RUBRIC_FAILED",
    "RUBRIC_STAGE",
    "assessment_place",
    "failure_of",
    "rubric_failed",
    "rubric_place",
]
