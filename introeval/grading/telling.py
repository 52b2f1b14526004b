"""A grade in few words: the criterion that explains it best. Pure.

The teacher's page, the demo's table and ``introeval results`` all choose by this, so that they say the same.
"""

from collections.abc import Container, Iterable, Sequence
from typing import Protocol, TypeVar


class Judged(Protocol):
    """A criterion with its score, in whatever shape it travels. ``None``: not there."""

    @property
    def score(self) -> float | None: ...

    @property
    def max_score(self) -> float | None: ...

    @property
    def reason(self) -> str | None: ...

    @property
    def evidence(self) -> Sequence[object]: ...


JudgedT = TypeVar("JudgedT", bound=Judged)


def telling(criteria: Iterable[JudgedT], said: Container[str | None] = ()) -> JudgedT | None:
    """The one with a quote (a reason that can be checked beats a larger loss), and among those the costliest.

    ``said``: reasons that are shown anyway, those of the guards; a refused speech has no other.
    """
    scored = [
        criterion for criterion in criteria if criterion.score is not None and criterion.reason not in said
    ]
    return max(scored, key=lambda item: (bool(item.evidence), bool(item.reason), _lost(item)), default=None)


def _lost(criterion: Judged) -> float:
    return (criterion.max_score or 0.0) - (criterion.score or 0.0)
