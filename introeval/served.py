"""The models that a grading plan names, and whether a server is configured for each. Pure.

What counts is the configuration: a server that is down at this moment serves its model later. An assignment that was
saved when its models were served stays as it is when the configuration changes; only its next version is refused.
"""

from collections.abc import Iterator, Sequence

from introeval.assignments import FieldError, GradingPlan
from models.config import canonical

ROLES = ("model", "technical_model", "feedback_model", "vision_model")


def unserved(plan: GradingPlan, models: Sequence[str]) -> list[FieldError]:
    """Each name of the plan that is none of ``models``, those of the configured servers; a name without a tag is
    ``:latest``.
    """
    served = {canonical(model) for model in models}
    known = ", ".join(sorted(set(models)))
    there_are = f"those that are served: {known}" if known else "no server is configured at all"
    return [
        FieldError(field, f"no configured server serves the model '{name}'; {there_are}")
        for field, name in _named(plan)
        if canonical(name) not in served
    ]


def _named(plan: GradingPlan) -> Iterator[tuple[str, str]]:
    for role in ROLES:
        name = getattr(plan, role)
        if name is not None:
            yield f"plan.{role}", name
