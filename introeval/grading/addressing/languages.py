"""Orders to a grader, and verdicts, in languages other than English. Pure.

Each language has the same families of words (``vocabulary``), and the same rules hold for all:

1. An order to give, write or rate, with a mark or a verdict in it. Orders are forms that speak to somebody: a story of
   a mark that somebody got has none.
2. An order to ignore or forget, with instructions or rules in it; or not to take marks away.
3. Somebody who grades is spoken of with a verdict, an order or a plea.
4. A claim about the final mark, this speech or this student, with a mark and a verdict.

A greeting or a proverb in the speaker's own language has none of these. Latin scripts are compared without accents.
"""

import re
import unicodedata
from dataclasses import dataclass, fields
from functools import cache

from introeval.grading.addressing import latin, scripts
from introeval.grading.addressing.vocabulary import Families


@dataclass(frozen=True, slots=True)
class _Compiled:
    score: re.Pattern[str]
    verdict: re.Pattern[str]
    order: re.Pattern[str]
    ignore: re.Pattern[str]
    rules: re.Pattern[str]
    grader: re.Pattern[str]
    claim: re.Pattern[str]
    spare: re.Pattern[str]


def _bare(text: str) -> str:
    """In lower case; Latin letters without accents, other scripts composed."""
    folded = unicodedata.normalize(
        "NFKD", text.lower().replace("\u0131", "i").replace("\u0142", "l").replace("\u0111", "d")
    )
    kept = "".join(char for char in folded if not unicodedata.combining(char) or ord(char) > 0x0370)
    return unicodedata.normalize("NFC", kept)


def _compiled(families: Families, *, spaced: bool) -> _Compiled:
    edge = r"\b" if spaced else ""
    found = {
        item.name: re.compile(rf"{edge}(?:{_bare(getattr(families, item.name))}){edge}")
        for item in fields(families)
    }
    return _Compiled(**found)


_ENGLISH = re.compile(r"\b(?:the|and|is|my|of|to|in|that|i|was|with|for|have|are|we|you|it)\b")
_LETTERS = re.compile(r"[a-z]+")
_FOREIGN = re.compile(r"[^\W\d_a-z]")


@cache
def _latin() -> tuple[_Compiled, ...]:
    """Compiled when first used: a start of the daemon need not wait for it."""
    return tuple(_compiled(families, spaced=True) for families in latin.LATIN)


@cache
def _other() -> tuple[_Compiled, ...]:
    return tuple(_compiled(families, spaced=False) for families in scripts.OTHER)


def is_order(sentence: str) -> bool:
    """Whether a sentence that is not English tells a grader what to do or which verdict to give."""
    bare = _bare(sentence)
    if _FOREIGN.search(bare) and any(_orders(bare, language) for language in _other()):
        return True
    letters = _LETTERS.findall(bare)
    if not letters or len(_ENGLISH.findall(bare)) >= max(2, len(letters) / 5):
        return False
    return any(_orders(bare, language) for language in _latin())


def _orders(bare: str, words_of: _Compiled) -> bool:
    score, verdict, order = (
        bool(pattern.search(bare)) for pattern in (words_of.score, words_of.verdict, words_of.order)
    )
    if order and (score or (verdict and words_of.claim.search(bare))):
        return True
    if words_of.spare.search(bare) or (words_of.ignore.search(bare) and words_of.rules.search(bare)):
        return True
    if words_of.grader.search(bare) and (verdict or order):
        return True
    return score and verdict and bool(words_of.claim.search(bare))
