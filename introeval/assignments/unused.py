"""What a kind of work has no use for. Pure.

A field that is accepted and never read misleads whoever wrote it, so it is refused in what is newly written. A version
that was saved before is read, shown and graded as it was; only the next one is refused.
"""

from collections.abc import Mapping
from operator import attrgetter

from introeval.assignments.definition import Assignment, Kind
from introeval.assignments.errors import FieldError

_SESSIONS = (
    "no assignment is graded by pairs of models or by several tries; leave it out, or grade the pages in a session "
    "(POST /grade/single), which takes both"
)
_BY_RUBRIC = "{kind} is graded by its rubric's criteria; put it there"
_BY_QUESTIONS = "exam pages are graded by their questions, marking points and answer key; put it there"
_ROLE = "only a notebook has this role; name the one model of the plan 'single' in plan.model"
_READER = "only exam pages are read by it; leave it out"

_EVERYWHERE = {"plan.pairs": _SESSIONS, "plan.tries": _SESSIONS}
_VIDEO, _NOTEBOOK = _BY_RUBRIC.format(kind="an introduction"), _BY_RUBRIC.format(kind="a notebook")
_ROLES = {"plan.technical_model": _ROLE, "plan.feedback_model": _ROLE}

UNUSED: Mapping[Kind, Mapping[str, str]] = {
    Kind.INTRO_VIDEO: {
        "questions": _VIDEO,
        "marking": _VIDEO,
        "answer_key": _VIDEO,
        **_ROLES,
        "plan.vision_model": _READER,
        **_EVERYWHERE,
    },
    # The questions of a notebook are read: they are part of what its models are told to have been asked.
    Kind.NOTEBOOK: {
        "marking": _NOTEBOOK,
        "answer_key": _NOTEBOOK,
        "plan.vision_model": _READER,
        **_EVERYWHERE,
    },
    Kind.PAGES: {"rubric": _BY_QUESTIONS, **_ROLES, **_EVERYWHERE},
}
"""Of each kind, the fields that its grader does not read, and what to do instead. Prompts: ``introeval.prompts``."""

_PLAIN = Assignment(id="plain", kind=Kind.INTRO_VIDEO, title="plain")


def unused(assignment: Assignment) -> list[FieldError]:
    """Each field that says something other than its default, and that nobody would read."""
    return [
        FieldError(field, advice)
        for field, advice in UNUSED[assignment.kind].items()
        if (said_by := attrgetter(field))(assignment) != said_by(_PLAIN)
    ]
