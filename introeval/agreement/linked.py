"""Which submissions of a round robin are graded by two models: the overlap from which severities are estimated.

The choice is by the hash of the id: stable, the same for whoever asks, not to be foreseen by a student, and without
any state of its own. A submission that belongs to the overlap may leave it only when others come in before it was
graded; then it merely is graded once.
"""

import hashlib
import heapq
from collections.abc import Collection
from math import ceil


def linked(ids: Collection[str], share: float = 0.2, least: int = 5) -> frozenset[str]:
    """The ``max(least, ceil(share * n))`` ids with the smallest SHA-256; none when ``share`` is 0."""
    if share <= 0:
        return frozenset()
    count = max(least, ceil(share * len(ids)))
    return frozenset(heapq.nsmallest(count, ids, key=lambda each: hashlib.sha256(each.encode()).digest()))
