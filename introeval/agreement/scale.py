"""The common scale of several models: what is known of each, and what a score is worth on it. Pure.

``severity`` estimates it. Only the verdict ``adjusted`` changes a score.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from statistics import fmean
from typing import Literal

from pydantic import Field

from introeval.agreement.errors import AgreementError
from introeval.agreement.marks import Value


class Verdict(StrEnum):
    """What to do with the scores of an assignment."""

    NOT_NEEDED = "not_needed"
    ADJUSTED = "adjusted"
    TOO_SMALL = "too_small"
    DISAGREE = "disagree"


class Settings(Value):
    """When equating is good enough. ``minimum``: works that two models must share.

    ``disagreement``, ``least_deviation``: shares of the maximum; a model whose scores of the linked works deviate by
    less than the latter has no spread of its own. ``spread_prior``: by how much log spreads are expected to differ;
    0.2 says that most models stretch or squeeze the scale by less than a fifth.
    """

    minimum: int = Field(default=5, ge=3)
    disagreement: float = Field(default=0.3, gt=0, le=1)
    correlation: float = Field(default=0.5, ge=-1, le=1)
    least_deviation: float = Field(default=0.05, gt=0, le=1)
    spread_prior: float = Field(default=0.2, ge=0)
    confidence: float = Field(default=0.95, gt=0.5, lt=1)


@dataclass(frozen=True, slots=True)
class Rating:
    """A score from 0 to the maximum. Several by one model for one submission (tries) count as their mean."""

    submission_id: str
    model: str
    score: float


class ModelSeverity(Value):
    """One model against the mean of the models. ``n``: works that it graded; ``n_overlap``: with another model.

    ``severity``: marks that it gives too few (below 0: too many) to a middling work. ``spread``: how far apart it puts
    works, 1 being the mean of the models; ``spread_se`` is that of its logarithm. The interval of the severity is
    Student's; that of the spread is the posterior one of the shrunk value (a single point where all spreads are 1).
    """

    model: str
    n: int
    n_overlap: int
    severity: float
    severity_se: float
    severity_interval: tuple[float, float]
    spread: float
    spread_se: float
    spread_interval: tuple[float, float]

    def levelled(self, score: float, centre: float) -> float:
        """The score on the common scale, not yet bounded."""
        return centre + (score - centre + self.severity) / self.spread


class PairLimits(Value):
    """Two models over the ``n`` works that both graded.

    ``bias``: the mean of first minus second, as given. ``low``, ``high``: the 95 % limits of agreement of the adjusted
    scores. ``correlation``: of the scores as given; 0 when just one of the models hardly tells the works apart,
    ``None`` when both do.
    """

    first: str
    second: str
    n: int
    bias: float
    low: float
    high: float
    correlation: float | None


class Equating(Value):
    """The finding for one assignment. ``centre``: the mean score of the linked works; ``why``: a sentence for
    people."""

    verdict: Verdict
    why: str
    method: Literal["none", "mean", "linear"] = "none"
    max_score: float
    centre: float = 0.0
    confidence: float = 0.95
    n_overlap: int = 0
    models: tuple[ModelSeverity, ...] = ()
    pairs: tuple[PairLimits, ...] = ()

    def adjust(self, score: float, model: str) -> float:
        """The score on the common scale, from 0 to the maximum; as it is (within those) unless ``adjusted``.

        Raises ``AgreementError`` for a model that graded nothing here.
        """
        if self.verdict is Verdict.ADJUSTED and model not in {item.model for item in self.models}:
            raise AgreementError(f"The model {model!r} graded nothing here, so its severity is not known.")
        return self._bounded(self._levelled(score, model), self.max_score)

    def final(self, scores: Mapping[str, float], cap: float | None = None) -> float:
        """The grade of a work from the scores of the models that graded it: the mean of the adjusted ones.

        The mean is bounded, not what it is made of. A model that gave second opinions alone has no known severity; its
        score counts as it was given. Where several models all give 0, or all give the maximum, there is nothing to
        adjust. ``cap``: the most that a guard allows.
        """
        if not scores:
            raise AgreementError("A work that no model graded has no grade.")
        given = set(scores.values())
        if len(scores) > 1 and given in ({0.0}, {self.max_score}):
            return given.pop()
        mean = fmean(self._levelled(score, model) for model, score in scores.items())
        return self._bounded(mean, self.max_score if cap is None else min(cap, self.max_score))

    def _levelled(self, score: float, model: str) -> float:
        if self.verdict is not Verdict.ADJUSTED:
            return score
        found = next((item for item in self.models if item.model == model), None)
        return score if found is None else found.levelled(score, self.centre)

    @staticmethod
    def _bounded(score: float, most: float) -> float:
        return min(most, max(0.0, score))
