"""What is heard or written, brought back to plain words: spelled letters joined, misheard words put right.

Speech recognition, or a student, may write "cry teria" for "criteria" or "s-c-o-r-e" for "score". Words of the grader's
own vocabulary are found again in one to three neighbouring pieces that sound like them; ordinary words are left alone.
"""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import pairwise

VOCABULARY = (
    *("criteria", "criterion", "instructions", "disregard", "maximum", "evaluate", "evaluation", "clarity"),
    *("structure", "engagement", "subtract", "perfect", "weaknesses", "grader", "highest"),
    *("transcript", "excellent", "evaluator", "assessment", "ignore", "award", "rubric"),
)
ALIKE = 0.79
BETTER = 0.05
"""How much more alike the pieces must be together than the best of them alone."""
HOMOPHONES = {"tenn": "ten", "markes": "marks", "grater": "grader", "scoar": "score", "foll": "full"}

SHARED = 0.4
"""Of a word's pairs of letters; what shares fewer cannot be alike enough, and is not compared letter by letter."""

_SPELLED = re.compile(r"\b(?:[a-z][-. ]){2,}[a-z]\b", re.IGNORECASE)
_PIECE = re.compile(r"[a-z]+", re.IGNORECASE)


def _pairs(letters: str) -> frozenset[str]:
    return frozenset(letters[at : at + 2] for at in range(len(letters) - 1))


_PAIRS = {word: _pairs(word) for word in VOCABULARY}
_SHORTEST, _LONGEST = min(map(len, VOCABULARY)), max(map(len, VOCABULARY))


def plain(sentence: str) -> str:
    """The sentence in lower case, with what was hidden in it put back."""
    text = _SPELLED.sub(lambda match: re.sub(r"[-. ]", "", match.group()), sentence).lower()
    pieces = list(_PIECE.finditer(text))
    out, done, at = [], 0, 0
    while at < len(pieces):
        for count in (3, 2, 1):
            group = pieces[at : at + count]
            if len(group) == count and _together(text, group):
                found = _heard(tuple(piece.group() for piece in group))
                if found is not None:
                    out += [text[done : group[0].start()], found]
                    done, at = group[-1].end(), at + count - 1
                    break
        at += 1
    return "".join([*out, text[done:]])


def _together(text: str, group: Sequence[re.Match[str]]) -> bool:
    """Whether nothing but a blank or a hyphen is between the pieces."""
    return all(text[one.end() : other.start()] in (" ", "-") for one, other in pairwise(group))


@lru_cache(maxsize=16384)
def _heard(pieces: tuple[str, ...]) -> str | None:
    """The word of the vocabulary that these pieces are together, and that none of them nearly is by itself."""
    joined = "".join(pieces)
    if len(pieces) == 1:
        return HOMOPHONES.get(joined)
    if not _SHORTEST - 1 <= len(joined) <= _LONGEST + 2:
        return None
    pairs = _pairs(joined)
    for word, own in _PAIRS.items():
        if abs(len(word) - len(joined)) <= 2 and len(pairs & own) >= SHARED * len(own):
            alike = _alike(joined, word)
            if alike >= ALIKE and alike > BETTER + max(_alike(piece, word) for piece in pieces):
                return word
    return None


def _alike(first: str, second: str) -> float:
    matcher = SequenceMatcher(None, first, second, autojunk=False)
    return matcher.ratio() if matcher.real_quick_ratio() >= ALIKE - 0.2 else 0.0
