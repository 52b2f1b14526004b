"""What the assignment gave: its words and lines, so that a student's own can be told from them. Pure."""

import re
from dataclasses import dataclass
from functools import lru_cache

from introeval.grading.speech import UNSPACED
from introeval.notebooks.asked import asked_names
from introeval.notebooks.pairs import pairs

FEWEST_TERMS = 8
"""An assignment with fewer terms is too short to tell what belongs to it."""
LEAST_COPIED = 15
"""Characters from which a line of text that stands in the assignment is a copy and no coincidence."""

LEAST_ENGLISH, FEWEST_WORDS = 0.08, 15
"""The share of words that only English has (``_ENGLISH``) from which a text is English, and the words that it must have
for that. 122 of the 124 clean texts in ``benchmarks/injection`` have this share; sentences of six other languages that
look like English (Danish, Dutch, ...) had 0.03 at most.
"""

_MARKUP = re.compile(r"[#*_`>~|-]+")
_WORD = re.compile(r"[^\W\d_]{4,}")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_USUAL = (
    "about above after also another answer answers assignment before below between both call called cell cells "
    "code comment comments compute could data define defined describe each every example explain file first "
    "following from function functions give given have hand homework import into lines list lists make more most "
    "must name named notebook number numbers only other output outputs part parts pass point points print program "
    "python question questions result results return returns run same sentence sentences shall should show some "
    "solution starter step steps submit such task tasks test text than that their them then there these they this "
    "three todo used using value values variable what when where which while will with word words work write "
    "written your"
)
_COMMON = frozenset(_USUAL.split())
_LETTERS = re.compile(r"[^\W\d_]+")
_OF_ENGLISH_ALONE = (
    "and because been could each from how it its of than that the their then there they this what when which with "
    "would you your"
)
_ENGLISH = frozenset(_OF_ENGLISH_ALONE.split())


@dataclass(frozen=True, slots=True)
class Given:
    """``text``: the instructions as one normalised line; ``lines``: theirs, stripped; ``terms``: their own words.

    ``asked``: the names that are to be written (``introeval.notebooks.asked``).
    """

    text: str
    lines: frozenset[str]
    terms: frozenset[str]
    asked: tuple[str, ...]

    def has_text(self, line: str) -> bool:
        """Whether a line of text was copied from the assignment."""
        plain = normalised(line)
        return len(plain) >= LEAST_COPIED and plain in self.text

    def has_code(self, line: str) -> bool:
        """Whether a line of code stands in the assignment as it is."""
        return " ".join(line.split()) in self.lines

    def share(self, text: str) -> float | None:
        """The share of the assignment's terms that ``text`` has; ``None`` when it has too few to tell."""
        if len(self.terms) < FEWEST_TERMS:
            return None
        return len(self.terms & terms(text)) / len(self.terms)


@lru_cache(maxsize=16)
def given(instructions: str) -> Given:
    """What an assignment's instructions give."""
    lines = frozenset(" ".join(line.split()) for line in instructions.split("\n"))
    return Given(normalised(instructions), lines - {""}, terms(instructions), asked_names(instructions))


def normalised(text: str) -> str:
    """Lower case, one space between words, no marks of Markdown."""
    return " ".join(_MARKUP.sub(" ", text.casefold()).split())


def terms(text: str) -> frozenset[str]:
    """The words that say what a text is about: four letters or more, cut to five so that "months" meets "monthly".

    Where there are no spaces, pairs of characters (``introeval.notebooks.pairs``).
    """
    spaced = UNSPACED.sub(" ", _CAMEL.sub(" ", text.replace("_", " ")))
    words = (word.casefold() for word in _WORD.findall(spaced))
    return frozenset(word[:5] for word in words if word not in _COMMON) | pairs(text)


def english(text: str) -> bool:
    """Whether it is plainly English; a text of few words is not."""
    words = _LETTERS.findall(text.casefold())
    return len(words) >= FEWEST_WORDS and sum(word in _ENGLISH for word in words) >= LEAST_ENGLISH * len(
        words
    )
