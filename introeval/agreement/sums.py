"""Sums over the linked works, from which one work can be taken out again: so a jackknife is one pass, not n. Pure.

1. ``Moments``: of two models, over the works that both graded (what ``equating``'s rule 1 needs).
2. ``Equations``: the least-squares equations of work + model (rule 2). Their right side is linear in the centre, which
   is another one without each work; so it is kept as two sums.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Self

Scores = Mapping[str, float]
"""One work's scores, by model."""


@dataclass(frozen=True, slots=True)
class Moments:
    """Of ``n`` works that two models graded: their means, and the sums of the squared distances from these."""

    n: int
    means: tuple[float, float]
    squares: tuple[float, float]

    @classmethod
    def of(cls, firsts: Sequence[float], seconds: Sequence[float]) -> Self:
        """Of at least one work."""
        means = fmean(firsts), fmean(seconds)
        squares = (
            math.fsum((score - means[0]) ** 2 for score in firsts),
            math.fsum((score - means[1]) ** 2 for score in seconds),
        )
        return cls(len(firsts), means, squares)

    def without(self, first: float, second: float) -> "Moments":
        """Without one of at least two works."""
        left = self.n - 1
        away = first - self.means[0], second - self.means[1]
        return Moments(
            left,
            (self.means[0] - away[0] / left, self.means[1] - away[1] / left),
            # The last digits of a difference may fall below zero.
            (
                max(0.0, self.squares[0] - away[0] ** 2 * self.n / left),
                max(0.0, self.squares[1] - away[1] ** 2 * self.n / left),
            ),
        )

    @property
    def deviations(self) -> tuple[float, float]:
        """The standard deviations of the two, of at least two works."""
        return math.sqrt(self.squares[0] / (self.n - 1)), math.sqrt(self.squares[1] / (self.n - 1))


class Equations:
    """The equations for the models' levels on the common scale. ``scales``: the spread of each, in their order."""

    def __init__(self, models: Sequence[str], scales: Sequence[float]) -> None:
        self._place = {model: at for at, model in enumerate(models)}
        self._scales = scales
        self._matrix = [[0.0] * len(models) for _ in models]
        self._scores = [0.0] * len(models)
        self._widths = [0.0] * len(models)

    def add(self, work: Scores, sign: int = 1) -> None:
        """Take a work in; with ``sign`` -1, out again."""
        places = {self._place[model]: score for model, score in work.items()}
        levels = {at: score / self._scales[at] for at, score in places.items()}
        level, width = fmean(levels.values()), fmean(1 / self._scales[at] for at in places)
        for at in places:
            self._scores[at] += sign * (levels[at] - level)
            self._widths[at] += sign * (1 / self._scales[at] - width)
            self._matrix[at][at] += sign
            for to in places:
                self._matrix[at][to] -= sign / len(places)

    def solved(self, centre: float) -> list[float] | None:
        """The levels, the first one 0; ``None`` when no works link all the models."""
        right = [score - centre * width for score, width in zip(self._scores, self._widths, strict=True)]
        return solve(self._matrix, right)


def solve(matrix: Sequence[Sequence[float]], right: Sequence[float]) -> list[float] | None:
    """Solve a singular Laplacian system with the first unknown set to 0; ``None`` when the graph is not connected."""
    rows = [[*line[1:], value] for line, value in zip(matrix[1:], right[1:], strict=True)]
    size = len(rows)
    for at in range(size):
        pivot = max(range(at, size), key=lambda row: abs(rows[row][at]))
        if abs(rows[pivot][at]) < 1e-9:
            return None
        rows[at], rows[pivot] = rows[pivot], rows[at]
        for row in range(at + 1, size):
            factor = rows[row][at] / rows[at][at]
            rows[row] = [value - factor * above for value, above in zip(rows[row], rows[at], strict=True)]
    found = [0.0] * size
    for at in reversed(range(size)):
        known = sum(rows[at][to] * found[to] for to in range(at + 1, size))
        found[at] = (rows[at][-1] - known) / rows[at][at]
    return [0.0, *found]
