"""Fair round robin: how severe each model is, and what a score is worth on the common scale. Pure.

The method (linear equating to the mean of the models, through the works that two or more of them graded) and its
sources are in ``equating``. Here is what it decides:

===============  =====================================================================================================
``not_needed``   at most one model graded: there is nothing to compare
``too_small``    two models share fewer than ``minimum`` works, and no chain of other models links them
``disagree``     some pair's 95 % limits of agreement (J. M. Bland, D. G. Altman, Lancet 327 (1986), 307-310), after the
                 adjustment, are wider than ``disagreement`` of the maximum to either side; or their correlation is
                 below ``correlation``; or one of them gives (nearly) the same score to works that the other tells
                 apart
``adjusted``     scores are brought to the common scale by ``adjust``
===============  =====================================================================================================

With ``too_small`` and ``disagree`` nothing is adjusted: the caller sends the works to both models, or to the teacher.
Severity and spread are about works like the linked ones. Those should be a random share (``linked``), not the works
that somebody found doubtful.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from statistics import NormalDist, correlation, fmean, stdev
from typing import Literal

from introeval.agreement import equating
from introeval.agreement.errors import AgreementError
from introeval.agreement.marks import SAME
from introeval.agreement.scale import Equating, ModelSeverity, PairLimits, Rating, Settings, Verdict
from introeval.agreement.sums import Scores

__all__ = ["Equating", "ModelSeverity", "PairLimits", "Rating", "Settings", "Verdict", "estimate"]

LIMITS_OF_AGREEMENT = 1.96


def estimate(ratings: Iterable[Rating], max_score: float, settings: Settings | None = None) -> Equating:
    """Compare the models. Raises ``AgreementError`` for a score outside 0 to ``max_score``."""
    how = settings or Settings()
    works = _by_work(ratings, max_score)
    models = sorted({model for scores in works.values() for model in scores})
    # In the order of their ids, so that the result does not hang on the order of arrival.
    shared = [scores for _, scores in sorted(works.items()) if len(scores) > 1]
    if len(models) < 2:
        return Equating(verdict=Verdict.NOT_NEEDED, why="There is one model at most.", max_score=max_score)
    if not _connected(shared, models, how.minimum):
        why = f"{len(shared)} works were graded by two models; {how.minimum} must link each model to another."
        return Equating(verdict=Verdict.TOO_SMALL, why=why, max_score=max_score, n_overlap=len(shared))
    centre = equating.centre_of(shared)
    method, spreads, spread_errors = _spreads(shared, models, how, max_score)
    own = equating.severities(shared, models, centre, spreads)
    # Each about its own centre, as the severities themselves are: about a fixed one, spreads that were fitted to the
    # same works would explain away some of the error.
    drawn = equating.severities_without_each(shared, models, spreads)
    errors = equating.jackknife_errors(drawn)
    found = tuple(
        _model(
            (
                model,
                sum(model in scores for scores in works.values()),
                sum(model in scores for scores in shared),
            ),
            (own[at], errors[at]),
            (spreads[at], spread_errors[at]),
            how.confidence,
        )
        for at, model in enumerate(models)
    )
    pairs = tuple(_pairs(shared, found, centre, how.least_deviation * max_score))
    why = _disagreement(pairs, how, max_score)
    return Equating(
        verdict=Verdict.DISAGREE if why else Verdict.ADJUSTED,
        why=why or f"Brought to the mean of the models through {len(shared)} works that two of them graded.",
        method=method,
        max_score=max_score,
        centre=centre,
        n_overlap=len(shared),
        confidence=how.confidence,
        models=found,
        pairs=pairs,
    )


def _model(
    who: tuple[str, int, int],
    severity: tuple[float, float],
    log_spread: tuple[float, float],
    confidence: float,
) -> ModelSeverity:
    """``who``: the model, its works, those of them that another model graded too. The others: value, standard error."""
    name, works, shared = who
    reach = equating.student_t(confidence, shared - 1) * severity[1]
    stretch = NormalDist().inv_cdf((1 + confidence) / 2) * log_spread[1]
    return ModelSeverity(
        model=name,
        n=works,
        n_overlap=shared,
        severity=severity[0],
        severity_se=severity[1],
        severity_interval=(severity[0] - reach, severity[0] + reach),
        spread=math.exp(log_spread[0]),
        spread_se=log_spread[1],
        spread_interval=(math.exp(log_spread[0] - stretch), math.exp(log_spread[0] + stretch)),
    )


def _by_work(ratings: Iterable[Rating], max_score: float) -> dict[str, dict[str, float]]:
    """Scores by work and model; tries of one model as their mean."""
    found: dict[str, dict[str, list[float]]] = {}
    for rating in ratings:
        if not -SAME <= rating.score / max_score <= 1 + SAME:
            raise AgreementError(
                f"The score {rating.score!r} of {rating.submission_id!r} is not from 0 to {max_score:g}."
            )
        found.setdefault(rating.submission_id, {}).setdefault(rating.model, []).append(rating.score)
    return {work: {model: fmean(tries) for model, tries in by.items()} for work, by in found.items()}


def _connected(works: Sequence[Scores], models: Sequence[str], minimum: int) -> bool:
    """Whether pairs that share enough works link every model to the first."""
    reached, waiting = {models[0]}, [models[0]]
    while waiting:
        here = waiting.pop()
        for other in models:
            if other not in reached and len(equating.common(works, here, other)[0]) >= minimum:
                reached.add(other)
                waiting.append(other)
    return len(reached) == len(models)


def _spreads(
    works: Sequence[Scores], models: Sequence[str], how: Settings, max_score: float
) -> tuple[Literal["mean", "linear"], tuple[float, ...], tuple[float, ...]]:
    """The method, the log spreads as used, and the standard errors of these."""
    least = how.least_deviation * max_score
    own = equating.log_spreads(works, models, least)
    drawn = equating.log_spreads_without_each(works, models, least)
    found = [values for values in drawn if values is not None]
    if own is None or len(found) < len(drawn) or how.spread_prior == 0:
        return "mean", (0.0,) * len(models), (0.0,) * len(models)
    errors, prior = equating.jackknife_errors(found), how.spread_prior
    left = tuple(prior * error / math.hypot(prior, error) for error in errors)
    return "linear", equating.shrunk(own, errors, prior), left


def _pairs(
    works: Sequence[Scores], models: Sequence[ModelSeverity], centre: float, least: float
) -> Iterator[PairLimits]:
    """Each two models that share at least two works."""
    for one, other in combinations(models, 2):
        firsts, seconds = equating.common(works, one.model, other.model)
        if len(firsts) < 2:
            continue
        apart = [
            one.levelled(first, centre) - other.levelled(second, centre)
            for first, second in zip(firsts, seconds, strict=True)
        ]
        mean, reach = fmean(apart), LIMITS_OF_AGREEMENT * stdev(apart)
        flat = [stdev(scores) < least for scores in (firsts, seconds)]
        yield PairLimits(
            first=one.model,
            second=other.model,
            n=len(apart),
            bias=fmean(firsts) - fmean(seconds),
            low=mean - reach,
            high=mean + reach,
            correlation=None if all(flat) else 0.0 if any(flat) else correlation(firsts, seconds),
        )


def _disagreement(pairs: Sequence[PairLimits], how: Settings, max_score: float) -> str:
    """Why the models disagree too much, or nothing."""
    for pair in pairs:
        names, reach = f"{pair.first} and {pair.second}", (pair.high - pair.low) / 2
        if reach > how.disagreement * max_score:
            return (
                f"{names} still differ by up to {reach:.1f} of {max_score:g} for the same work "
                f"(95 % limits of agreement; allowed: {how.disagreement * max_score:.1f})."
            )
        if pair.correlation is not None and pair.correlation < how.correlation:
            return (
                f"{names} do not put the works in the same order "
                f"(correlation {pair.correlation:.2f}; at least {how.correlation:.2f} is needed)."
            )
    return ""
