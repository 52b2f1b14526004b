"""Fair round robin: how much luck is left in a grade once the models' severities are taken out. No model is asked.

    python -m benchmarks.severity [--classes 300 --seed 1 --share 0.2]

Classes are simulated: works of a true worth (normal, mean 6, deviation 1.8, on 0 to 10), graded in turn by two models
that shift, stretch and err as the scenario says, to a tenth of a mark; a share of them (at least 5, ``linked``) by
both. *Unfairness* is what a work of the same worth gets more from the one model than from the other: the mean over
2,000 fresh works, without sign (``level``), and the mean over their fifths, from the weakest to the best (``by
fifth``), which sees a stretched scale too. Before: the scores as given. After: ``adjust``, in the classes where the
verdict is ``adjusted``. ``95 %``: the share of classes whose interval of the severity holds the true one. About 2
minutes.
"""

import argparse
import random
from collections import Counter
from dataclasses import dataclass
from statistics import fmean, quantiles

from introeval.agreement.linked import linked
from introeval.agreement.scale import Rating, Verdict
from introeval.agreement.severity import estimate

MAX_SCORE, MEAN, DEVIATION = 10.0, 6.0, 1.8
FRESH = 2000
NAMES = "ab"


@dataclass(frozen=True)
class Grader:
    """A simulated model: marks too few, stretch of the scale, standard deviation of its errors."""

    severity: float
    spread: float
    error: float

    def grade(self, worth: float, rng: random.Random) -> float:
        """A score to a tenth, from 0 to the maximum."""
        score = MEAN + self.spread * (worth - MEAN) - self.severity + rng.gauss(0, self.error)
        return min(MAX_SCORE, max(0.0, round(score, 1)))


SCENARIOS = {
    "no difference": (Grader(0, 1, 0.5), Grader(0, 1, 0.5)),
    "1 mark apart": (Grader(-0.5, 1, 0.5), Grader(0.5, 1, 0.5)),
    "1.6 marks, stretched": (Grader(-0.8, 0.85, 0.5), Grader(0.8, 1.15, 0.5)),
    "1 mark, noisy": (Grader(-0.5, 1, 0.9), Grader(0.5, 1, 0.9)),
    "1 mark, wild": (Grader(-0.5, 1, 1.8), Grader(0.5, 1, 1.8)),
}


@dataclass(frozen=True)
class Found:
    """One class: unfairness before and after, level and by fifth; the verdict; whether the interval held the truth."""

    verdict: Verdict
    before: tuple[float, float]
    after: tuple[float, float]
    held: bool


def worths(count: int, rng: random.Random) -> list[float]:
    """What works are truly worth."""
    return [min(MAX_SCORE, max(0.0, rng.gauss(MEAN, DEVIATION))) for _ in range(count)]


def ratings(graders: tuple[Grader, Grader], n: int, share: float, rng: random.Random) -> list[Rating]:
    """A class graded round robin, the linked share by both."""
    works = {f"{rng.getrandbits(64):016x}": worth for worth in worths(n, rng)}
    both = linked(works, share)
    found = []
    for turn, (work, worth) in enumerate(works.items()):
        for at in (0, 1):
            if work in both or turn % 2 == at:
                found.append(Rating(work, NAMES[at], graders[at].grade(worth, rng)))
    return found


def unfairness(pairs: list[tuple[float, float]]) -> tuple[float, float]:
    """Of works in the order of their worth: without sign, over all and over the fifths."""
    apart = [first - second for first, second in pairs]
    size = len(apart) // 5
    fifths = [abs(fmean(apart[at : at + size])) for at in range(0, 5 * size, size)]
    return abs(fmean(apart)), fmean(fifths)


def one_class(graders: tuple[Grader, Grader], n: int, share: float, rng: random.Random) -> Found:
    """Simulate, estimate, and grade fresh works by both."""
    equating = estimate(ratings(graders, n, share, rng), MAX_SCORE)
    fresh = [tuple(grader.grade(worth, rng) for grader in graders) for worth in sorted(worths(FRESH, rng))]
    given = [(first, second) for first, second in fresh]
    fair = [(equating.adjust(first, "a"), equating.adjust(second, "b")) for first, second in given]
    held = False
    if equating.models:
        # Where the scale is stretched the true severity is that of a work at the centre.
        level = [MEAN + g.spread * (equating.centre - MEAN) - g.severity for g in graders]
        low, high = equating.models[0].severity_interval
        held = low <= fmean(level) - level[0] <= high
    return Found(equating.verdict, unfairness(given), unfairness(fair), held)


def line(name: str, n: int, share: float, found: list[Found]) -> str:
    """A row of the table."""
    verdicts = Counter(each.verdict for each in found)
    told = " ".join(f"{kind.value} {count / len(found):.0%}" for kind, count in verdicts.most_common())
    adjusted = [each for each in found if each.verdict is Verdict.ADJUSTED]
    row = f"{name:<21} {n:>4} {len(linked([str(at) for at in range(n)], share)):>5} "
    if len(adjusted) < 2:
        return f"{row} {'':>44}  {told}"
    level, fifth = ([each.after[at] for each in adjusted] for at in (0, 1))
    before = [fmean(each.before[at] for each in adjusted) for at in (0, 1)]
    held = sum(each.held for each in found) / len(found)
    worst = quantiles(level, n=20)[-1]
    return (
        f"{row} {before[0]:>6.2f} {fmean(level):>6.2f} {worst:>8.2f} {before[1]:>7.2f} {fmean(fifth):>6.2f} "
        f"{held:>5.0%}  {told}"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--classes", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--share", type=float, default=0.2)
    options = parser.parse_args()
    print(f"{options.classes} classes each, seed {options.seed}; marks of {MAX_SCORE:g}")
    print(f"{'':<32} {'level':>22} {'by fifth':>14}")
    print(
        f"{'scenario':<21} {'n':>4} {'both':>5}  {'before':>6} {'after':>6} {'95th pc.':>8} "
        f"{'before':>7} {'after':>6} {'95 %':>5}  verdicts"
    )
    for name, graders in SCENARIOS.items():
        for n in (30, 300):
            rng = random.Random(f"{options.seed} {name} {n}")
            found = [one_class(graders, n, options.share, rng) for _ in range(options.classes)]
            print(line(name, n, options.share, found), flush=True)


if __name__ == "__main__":
    main()
