"""Words of a page as the guards compare them. Pure.

The rules:

1. Words are compared by their first five letters; numbers as they are (``log2`` is a word and a number). Words that any
   exam has say nothing.
2. What numbers an answer ("1.", "Question 2", "b)") is none of its words. A number or letter that stands alone on its
   line may be either.
3. Two letters of a script without spaces are a word (``introeval.grading.speech``), but which two cannot be told.
   Korean has spaces, but glues particles to its words. Both are ``glued`` here.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Literal

from introeval.grading.speech import UNSPACED

STEM = 5
Script = Literal["latin", "glued", "other"]

_WORD = re.compile(r"[^\W\d_]+|\d+")
_GLUED = re.compile(f"{UNSPACED.pattern}|[\uac00-\ud7af]")
_NUMBER = r"(?:\d{1,2}[a-z]?|[a-z])"
_NUMBERING = re.compile(
    rf"^\W*(?:(?:question|quest|q|task|exercise)(?:\b|(?=\d))\W*{_NUMBER}\b|(?:no|nr)\b\W*\d{{1,2}}[a-z]?\b"
    rf"|(?:answer\W+)?\d{{1,2}}[a-z]?\s*[.):]+(?=\s|$|[^\W\d])|(?:answer\W+)?[a-z]\s*[.):]+(?=\s|$))[\s.):]*",
    re.IGNORECASE,
)
_ALONE = re.compile(rf"^\W*(?:answer\W*)?{_NUMBER}\W*$", re.IGNORECASE)
_LETTER = re.compile(r"^\W*[^\W\d_]\W*$")
_WORDS_OF_ANY_EXAM = """
about above after also always and answer any are because been before both but can case could did does each else
ever for from had has have her his how into its just last like made make many may more most much must name not now off
one only other our out over own part page point points question same say says she should show since some such than that
the their them then there these they thing this those three thus too two under use used very was way well were what when
where which while who why will with would you your right complete gives states model agrees mentions explains explain
describe describes write correct take takes get gets need needs work works way ways
"""
_COMMON = frozenset(_WORDS_OF_ANY_EXAM.split())


def words(text: str) -> list[str]:
    """All of them, in their order."""
    return [word.casefold() for word in _WORD.findall(unicodedata.normalize("NFKC", text))]


def stems(text: str) -> frozenset[str]:
    """The words of a text that say what it is about."""
    return frozenset(_stem(word) for word in words(text) if _telling(word))


def bare(text: str) -> list[str]:
    """What is left of an answer without its number and the words that any exam has: of "1. The answer is B", the B."""
    found = words(unnumbered(text))
    return [word for word in found if len(word) == 1 or word == "no" or _telling(word)]


def unnumbered(line: str) -> str:
    """The line without what numbers it (rule 2). A letter alone is left: of several choices it is the answer."""
    return line if _LETTER.match(line) else _NUMBERING.sub("", line)


def numbered(line: str) -> bool:
    """Whether an answer seems to begin with this line."""
    return bool(_NUMBERING.match(line) or alone(line))


def alone(line: str) -> bool:
    """Whether the line is one letter or one small number: an answer, or the number of one."""
    return _ALONE.match(line) is not None


def script(text: str) -> Script | None:
    """In which most of the words are; numbers belong to every script: ``None`` without a letter."""
    counts: dict[Script, float] = {"glued": len(_GLUED.findall(text)) / 2, "latin": 0, "other": 0}
    for word in words(_GLUED.sub(" ", text)):
        if word.isalpha():
            counts["latin" if word[0] < "\u0250" else "other"] += 1
    most, count = max(counts.items(), key=lambda entry: entry[1])
    return most if count else None


def units(text: str) -> list[str]:
    """What copies are made of: words, and the single characters of scripts that glue them."""
    return words(_GLUED.sub(lambda found: f" {found.group()} ", unicodedata.normalize("NFKC", text)))


def weight(found: Iterable[str]) -> float:
    """How many words these units are (rule 3)."""
    return sum(0.5 if _GLUED.match(unit) else 1.0 for unit in found)


def _telling(word: str) -> bool:
    return (
        any(char.isdigit() for char in word) or (len(word) > 2 and word not in _COMMON) or not word.isascii()
    )


def _stem(word: str) -> str:
    return word if any(char.isdigit() for char in word) else word[:STEM]
