"""Whose opinion is asked of a submission: the plan, as a function. Pure.

================  =========================================================================
``single``        the one model that the plan names
``both``          the first two models that are served (or the one, where there is one)
``round_robin``   whoever's turn it is; two models for the linked share, so that their
                  severities can be compared (``introeval.agreement``)
================  =========================================================================
"""

from collections.abc import Sequence
from dataclasses import dataclass

from introeval.assignments.definition import GradingPlan

SECOND_TEMPERATURE = 0.4
"""With one model, a second opinion is a second draw: the same prompt at temperature 0 would only repeat the first."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One opinion to be asked. ``model``: ``None`` is whoever's turn it is. ``attempt``: the try, from 1."""

    model: str | None
    attempt: int = 1

    @property
    def temperature(self) -> float | None:
        """``None``: as the server is configured."""
        return SECOND_TEMPERATURE if self.attempt > 1 else None

    @property
    def seed(self) -> int | None:
        """``None``: as the server is configured."""
        return self.attempt if self.attempt > 1 else None


def first_opinions(plan: GradingPlan, served: Sequence[str], two: bool) -> tuple[Asked, ...]:
    """Whom to ask. ``served``: the models that are up, each once. ``two``: a round robin asks two of them here."""
    if plan.plan == "single":
        return (Asked(plan.model),)
    if len(served) > 1 and (plan.plan == "both" or two):
        return tuple(Asked(model) for model in served[:2])
    return (Asked(None),)


def second_opinion(asked: Sequence[str], served: Sequence[str]) -> Asked:
    """Whom to ask once more. ``asked``: the models that have answered."""
    other = next((model for model in served if model not in asked), None)
    return Asked(other) if other is not None else Asked(asked[0], attempt=2)
