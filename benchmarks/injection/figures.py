"""Means and their 95 % intervals. Pure.

1. Values that hang together (attacks on the same base) are one unit and are drawn together.
2. Where all values are the same no draw can differ, and a bootstrap would claim certainty. A share of 0 or 1 then gets
   the exact interval (Clopper and Pearson, Biometrika 26, 1934: two-sided, so 1 - 0.025^(1/n)); a mean gets none.
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from introeval.agreement.bootstrap import Interval, bootstrap
from introeval.agreement.statistics import Undefined

TAIL = 0.025


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean of ``count`` values; ``low`` and ``high`` are ``None`` where there is no interval."""

    mean: float
    count: int
    low: float | None = None
    high: float | None = None

    def shown(self, percent: bool = False) -> tuple[str, str]:
        """As text: the mean and the interval (empty where there is none)."""
        scale, form = (100, "{:.1f} %") if percent else (1, "{:+.3f}")
        ends = () if self.low is None or self.high is None else (self.low, self.high)
        return form.format(scale * self.mean), " to ".join(form.format(scale * end) for end in ends)


def mean(units: Iterable[tuple[Hashable, float]]) -> Figure | None:
    """The mean of values, each with the name of what it hangs together with; ``None`` without values."""
    groups = _grouped(units)
    values = [value for group in groups for value in group]
    if not values:
        return None
    found = None if len(set(values)) == 1 else bootstrap(groups, _mean)
    if not isinstance(found, Interval):
        return Figure(fmean(values), len(values))
    return Figure(fmean(values), len(values), found.low, found.high)


def share(units: Iterable[tuple[Hashable, bool]]) -> Figure | None:
    """The share of those that are true; ``None`` without values."""
    held = [(name, float(value)) for name, value in units]
    figure = mean(held)
    if figure is None or figure.low is not None:
        return figure
    # Groups, not values: those that hang together tell us less than their number says.
    reach = 1 - TAIL ** (1 / len(_grouped(held)))
    low, high = (0.0, reach) if figure.mean == 0 else (1 - reach, 1.0)
    return Figure(figure.mean, figure.count, low, high)


def _grouped(units: Iterable[tuple[Hashable, float]]) -> list[tuple[float, ...]]:
    groups: dict[Hashable, tuple[float, ...]] = {}
    for name, value in units:
        groups[name] = (*groups.get(name, ()), value)
    return list(groups.values())


def _mean(groups: Sequence[tuple[float, ...]]) -> float | Undefined:
    return fmean(value for group in groups for value in group)
