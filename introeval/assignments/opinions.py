"""Whose opinion is asked of a submission: the plan, as a function. Pure.

================  =========================================================================
``single``        the one model that the plan names
``both``          the first two models that are up (or the one, where there is one)
``round_robin``   whoever's turn it is; two models for the linked share, so that their
                  severities can be compared (``introeval.agreement``)
================  =========================================================================

What is returned here are the plan's options; which of them are up, and which have replied already, is looked at in
``introeval.graders.choice``. An option says its model by name wherever that is decided: the name is part of a kept
reply's key, and the key must not depend on how many servers are up when it is asked.
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


def wanted(plan: GradingPlan, two: bool = False) -> int:
    """How many first opinions. ``two``: a round robin asks two models here."""
    return 2 if plan.plan == "both" or (two and plan.plan == "round_robin") else 1


def first_opinions(plan: GradingPlan, models: Sequence[str], two: bool = False) -> tuple[Asked, ...]:
    """Who may be asked first, the best first. ``models``: all that are set up, each once; ``two``: as in ``wanted``.

    A single opinion of a round robin is whoever's turn it is; a reply that was asked of one by name counts as well.
    """
    if plan.plan == "single":
        return (Asked(plan.model),)
    named = tuple(Asked(model) for model in models)
    return (Asked(None), *named) if wanted(plan, two) == 1 else named or (Asked(None),)


def second_opinions(asked: str, models: Sequence[str]) -> tuple[Asked, ...]:
    """Who may be asked once more, the best first. ``asked``: the model that has answered."""
    return (*(Asked(model) for model in models if model != asked), Asked(asked, attempt=2))
