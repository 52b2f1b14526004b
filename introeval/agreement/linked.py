"""Which submissions two models grade, so that their severities can be compared. Pure.

1. The ``max(least, ceil(share n))`` submissions whose SHA-256 of the id is smallest. So the choice needs no state, is
   the same whoever asks and however often, has nothing to do with what was handed in, and cannot be aimed at: ids are
   given out by the daemon.
2. It depends on which ids there are. While submissions still arrive one may enter or leave the choice; leaving costs
   nothing but the second grade that it already has.
3. A share of 0 links none, whatever ``least`` says.
"""

import hashlib
import math
from collections.abc import Collection

from introeval.agreement.errors import AgreementError

ROUNDING = 1e-9


def linked(ids: Collection[str], share: float = 0.2, least: int = 5) -> frozenset[str]:
    """The ids to be graded twice; all of them when there are fewer than ``least``.

    Raises ``AgreementError`` when ``share`` is not between 0 and 1, or ``least`` is below 0.
    """
    if not 0 <= share <= 1 or least < 0:
        raise AgreementError(
            f"The linked share must be from 0 to 1 and the least number from 0: {share}, {least}."
        )
    if share == 0:
        return frozenset()
    different = set(ids)
    # 0.07 of 100 is 7.000000000000001 in floating point, and still 7 submissions.
    count = max(least, math.ceil(share * len(different) - ROUNDING))
    return frozenset(sorted(different, key=_rank)[:count])


def _rank(submission: str) -> tuple[bytes, str]:
    return hashlib.sha256(submission.encode()).digest(), submission
