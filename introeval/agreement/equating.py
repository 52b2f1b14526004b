"""Linear equating of several models through the works that two or more of them graded. Pure.

Source: M. J. Kolen, R. L. Brennan, Test Equating, Scaling, and Linking (3rd ed., 2014), chapter 2: mean equating and
linear (mean-sigma) equating, single-group design. The standard errors are the jackknife's (Efron and Tibshirani 1993,
chapter 11).

The model: to a work that all models together hold for ``c + t`` (the *consensus*), model m gives, on average, ``c -
severity_m + spread_m t``. ``c`` is the mean score of the linked works. Over the models, the severities add up to 0
and so do the logarithms of the spreads: the reference is the mean of the models, none of them is favoured.

1. ``log spread_m - log spread_k`` is the log ratio of the two standard deviations over the works that both graded
   (mean-sigma); with more than two models, the least-squares fit to all pairs.
2. With the spreads taken out, the severities are the least-squares fit of work + model to the scores. When every linked
   work was graded by every model, both are the plain means and standard deviations of the book.
3. Few works say little about a spread, and a wrong one harms the best and the weakest: each log spread is shrunk
   towards 0 by ``prior^2 / (prior^2 + se^2)``, its standard error being the jackknife's.
4. Where scores hardly differ a standard deviation says nothing: then all spreads are 1 (mean equating).
"""

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from statistics import NormalDist, fmean

from introeval.agreement.errors import AgreementError
from introeval.agreement.sums import Equations, Moments, Scores, solve


def centre_of(works: Sequence[Scores]) -> float:
    """The mean over the works of the mean over the models that graded them."""
    return fmean(fmean(scores.values()) for scores in works)


def common(works: Sequence[Scores], one: str, other: str) -> tuple[list[float], list[float]]:
    """The two models' scores of the works that both graded."""
    both = [(scores[one], scores[other]) for scores in works if one in scores and other in scores]
    return [first for first, _ in both], [second for _, second in both]


def log_spreads(works: Sequence[Scores], models: Sequence[str], least_sd: float) -> tuple[float, ...] | None:
    """The unshrunk log spreads (rule 1); ``None`` when scores differ too little to tell (rule 4)."""
    return _fitted(len(models), _pairs(works, models), least_sd)


def log_spreads_without_each(
    works: Sequence[Scores], models: Sequence[str], least_sd: float
) -> list[tuple[float, ...] | None]:
    """The same without each of the works in turn."""
    pairs = _pairs(works, models)
    found = []
    for work in works:
        fewer = {
            (i, j): moments.without(work[models[i]], work[models[j]])
            if models[i] in work and models[j] in work and moments.n > 1
            else moments
            for (i, j), moments in pairs.items()
        }
        found.append(_fitted(len(models), fewer, least_sd))
    return found


def _pairs(works: Sequence[Scores], models: Sequence[str]) -> dict[tuple[int, int], Moments]:
    """Each two models that share at least two works."""
    shared = {
        (i, j): common(works, one, other) for (i, one), (j, other) in combinations(enumerate(models), 2)
    }
    return {pair: Moments.of(*scores) for pair, scores in shared.items() if len(scores[0]) > 1}


def _fitted(size: int, pairs: Mapping[tuple[int, int], Moments], least_sd: float) -> tuple[float, ...] | None:
    matrix, right = [[0.0] * size for _ in range(size)], [0.0] * size
    for (i, j), moments in pairs.items():
        if moments.n < 2:
            continue
        deviations = moments.deviations
        if min(deviations) < least_sd:
            continue
        weight, ratio = moments.n - 1, math.log(deviations[0] / deviations[1])
        for at, to, sign in ((i, j, 1), (j, i, -1)):
            matrix[at][at] += weight
            matrix[at][to] -= weight
            right[at] += sign * weight * ratio
    found = solve(matrix, right)
    return tuple(value - fmean(found) for value in found) if found is not None else None


def severities(
    works: Sequence[Scores], models: Sequence[str], centre: float, spreads: Sequence[float]
) -> tuple[float, ...]:
    """The severities for known log spreads (rule 2). Raises ``AgreementError`` when works do not link all models."""
    scales = [math.exp(value) for value in spreads]
    equations = Equations(models, scales)
    for work in works:
        equations.add(work)
    return _levelled(equations, scales, centre)


def severities_without_each(
    works: Sequence[Scores], models: Sequence[str], spreads: Sequence[float]
) -> list[tuple[float, ...]]:
    """The same without each of the works in turn, about the centre of the others. Raises ``AgreementError``."""
    scales = [math.exp(value) for value in spreads]
    equations = Equations(models, scales)
    for work in works:
        equations.add(work)
    means = [fmean(work.values()) for work in works]
    total, found = math.fsum(means), []
    for work, mean in zip(works, means, strict=True):
        equations.add(work, -1)
        found.append(_levelled(equations, scales, (total - mean) / (len(works) - 1)))
        equations.add(work)
    return found


def _levelled(equations: Equations, scales: Sequence[float], centre: float) -> tuple[float, ...]:
    found = equations.solved(centre)
    if found is None:
        raise AgreementError("No works link all the models, so their severities cannot be compared.")
    shift = sum(map(math.prod, zip(scales, found, strict=True))) / sum(scales)
    return tuple(-scale * (value - shift) for scale, value in zip(scales, found, strict=True))


def shrunk(spreads: Sequence[float], errors: Sequence[float], prior: float) -> tuple[float, ...]:
    """The log spreads after rule 3, their sum still 0. ``prior``: the standard deviation expected of log spreads."""
    kept = [prior**2 / (prior**2 + error**2) * value for value, error in zip(spreads, errors, strict=True)]
    return tuple(value - fmean(kept) for value in kept)


def jackknife_errors(values: Sequence[Sequence[float]]) -> tuple[float, ...]:
    """The standard error of each component from its leave-one-out values."""
    n, found = len(values), []
    for component in zip(*values, strict=True):
        mean = fmean(component)
        found.append(math.sqrt((n - 1) / n * sum((value - mean) ** 2 for value in component)))
    return tuple(found)


def student_t(confidence: float, degrees: int) -> float:
    """The two-sided critical value of Student's t.

    Source: M. Abramowitz, I. A. Stegun, Handbook of Mathematical Functions (1964), 26.7.5; from 4 degrees of freedom on
    and up to a confidence of 95 % it is within 0.001 of the true value.
    """
    x = NormalDist().inv_cdf((1 + confidence) / 2)
    terms = (
        (x**3 + x) / 4,
        (5 * x**5 + 16 * x**3 + 3 * x) / 96,
        (3 * x**7 + 19 * x**5 + 17 * x**3 - 15 * x) / 384,
        (79 * x**9 + 776 * x**7 + 1482 * x**5 - 1920 * x**3 - 945 * x) / 92160,
    )
    corrections: float = sum(term / degrees**power for power, term in enumerate(terms, start=1))
    return x + corrections
