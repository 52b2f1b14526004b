"""The prompts of one's own that an assignment may have: which it can use, and whether each holds its placeholders."""

from collections.abc import Callable, Mapping
from typing import Literal

from introeval.assignments import Assignment, FieldError, Kind
from introeval.exams.errors import TemplateError
from introeval.notebooks.templates import check_template

Role = Literal["technical", "feedback"]


def _notebook(role: Role) -> Callable[[str], None]:
    return lambda template: check_template(template, role)


CHECKS: Mapping[Kind, Mapping[str, Callable[[str], None]]] = {
    Kind.NOTEBOOK: {"technical": _notebook("technical"), "feedback": _notebook("feedback")},
}
"""Of each kind, the prompts that its grader takes, and what checks them."""


def wrong_prompts(assignment: Assignment) -> list[FieldError]:
    """What is wrong with an assignment's own prompts, by field; none: they can be used."""
    checks = CHECKS.get(assignment.kind, {})
    wrong = []
    for name, template in assignment.prompts:
        if template is None:
            continue
        if name not in checks:
            usable = f"; it may have {' and '.join(checks)}" if checks else ""
            wrong.append(
                FieldError(
                    f"prompts.{name}", f"work of the kind {assignment.kind} has no such prompt{usable}"
                )
            )
            continue
        try:
            checks[name](template)
        except TemplateError as error:
            wrong.append(FieldError(f"prompts.{name}", str(error)))
    return wrong
