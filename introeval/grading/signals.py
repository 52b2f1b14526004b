"""What can be counted in a speech: fillers and unsure words, per 100 gradable words.

The lists are English; in other languages nothing is found, and so nothing is held against the speaker.
"""

import re
from dataclasses import dataclass

from introeval.grading.speech import WITHHELD, Speech

_FILLERS = re.compile(
    r"\b(?:u+[mh]+|er+m?|hmm+|you know|kind of|sort of|i mean|i guess|whatever|anyway)\b"
    r"|\b(?:like|okay|well|so),",
    re.IGNORECASE,
)
_UNSURE = re.compile(
    r"\b(?:not (?:really )?sure|maybe|perhaps|something|somehow|stuff|not very much|that(?: is|'s) (?:about )?it|"
    r"(?:do not|don't) really know|no idea)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Signals:
    """Counts over the words that a model may grade."""

    words: int
    fillers: int
    unsure: int

    def per_hundred(self, count: int) -> float:
        """``count`` per 100 words; 0 without words."""
        return 100 * count / self.words if self.words else 0.0


def measure(speech: Speech) -> Signals:
    """Count in what is left when the words to the grader are set aside."""
    text = " ".join(line.shown.replace(WITHHELD, " ") for line in speech.lines)
    return Signals(speech.gradable_words, len(_FILLERS.findall(text)), len(_UNSURE.findall(text)))
