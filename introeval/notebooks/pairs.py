"""Pairs of neighbouring characters, by which texts are compared whose scripts have no spaces between words. Pure.

Nobody here can tell such words apart (``introeval.grading.speech.UNSPACED``). Most words of Chinese have two
characters, and a text about something else shares few pairs; but one about the same may share few, too.
"""

import re

from introeval.grading.speech import UNSPACED

_RUN = re.compile(f"{UNSPACED.pattern}{{2,}}")


def pairs(text: str) -> frozenset[str]:
    """The pairs of neighbours in ``text``; none where it is written with spaces."""
    runs = _RUN.findall(text)
    return frozenset(run[at : at + 2] for run in runs for at in range(len(run) - 1))
