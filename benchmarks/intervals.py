"""How often a bootstrap interval of agreement holds the truth, for BCa and for the plain percentile interval.

    python -m benchmarks.intervals [--classes 300 --seed 1]

Two raters err by 0.7 (normal) about works of a true worth (normal, mean 6, deviation 1.8), on 0 to 10 in halves, and
the second is half a mark stricter. The truth is the statistic of 200,000 works. About 6 minutes on one core.
"""

import argparse
import random
from collections.abc import Callable, Sequence

from introeval.agreement.bootstrap import Resampling, bootstrap, interval_of
from introeval.agreement.statistics import (
    Row,
    Undefined,
    icc_2_1,
    krippendorff_alpha,
    mean_absolute_error,
    quadratic_weighted_kappa,
)

STATISTICS: tuple[Callable[[Sequence[Row]], float | Undefined], ...] = (
    mean_absolute_error,
    quadratic_weighted_kappa,
    icc_2_1,
    krippendorff_alpha,
)
SIZES = (10, 20, 30, 100)
CONFIDENCE, RESAMPLES, TRUTH = 0.95, 1000, 200_000


def works(n: int, rng: random.Random) -> list[Row]:
    """Both raters' marks."""
    found: list[Row] = []
    for _ in range(n):
        worth = rng.gauss(6, 1.8)
        given = (worth + rng.gauss(0, 0.7), worth - 0.5 + rng.gauss(0, 0.7))
        found.append(tuple(min(10.0, max(0.0, round(2 * mark) / 2)) for mark in given))
    return found


def ends(
    rows: Sequence[Row], statistic: Callable[[Sequence[Row]], float | Undefined], seed: int
) -> list[tuple[float, float]]:
    """BCa, then percentile, of the same draws; nothing where there is no interval."""
    how = Resampling(resamples=RESAMPLES, confidence=CONFIDENCE, seed=seed)
    bca = bootstrap(rows, statistic, how)
    if isinstance(bca, Undefined):
        return []
    draw = random.Random(seed).choices
    drawn = [statistic(draw(rows, k=len(rows))) for _ in range(RESAMPLES)]
    plain = interval_of([value for value in drawn if not isinstance(value, Undefined)], 0.0, None, CONFIDENCE)
    return [(bca.low, bca.high), (plain.low, plain.high)]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--classes", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    everything = works(TRUTH, random.Random(options.seed))
    print(f"{options.classes} classes each, seed {options.seed}; intervals of {CONFIDENCE:.0%}")
    print(f"{'statistic':<26} {'truth':>6}" + "".join(f"   n={n:<4} BCa  plain" for n in SIZES))
    for statistic in STATISTICS:
        truth = statistic(everything)
        if isinstance(truth, Undefined):
            raise SystemExit(truth.meaning)
        row = f"{statistic.__name__:<26} {truth:>6.3f}"
        for n in SIZES:
            rng = random.Random(f"{options.seed} {n}")
            found = [ends(works(n, rng), statistic, seed) for seed in range(options.classes)]
            held = [
                sum(each[at][0] <= truth <= each[at][1] for each in found if each) / sum(map(bool, found))
                for at in (0, 1)
            ]
            row += f"         {held[0]:>4.0%}  {held[1]:>5.0%}"
        print(row, flush=True)


if __name__ == "__main__":
    main()
