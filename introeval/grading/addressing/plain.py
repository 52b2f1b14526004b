"""What is heard or written, brought back to plain words: spelled letters joined, misheard words put right.

Speech recognition, or a student, may write "cry teria" for "criteria" or "s-c-o-r-e" for "score". Words of the grader's
own vocabulary are found again in one to three neighbouring pieces that sound like them; ordinary words are left alone.
"""

import re
from collections.abc import Mapping, Sequence
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
HOMOPHONES: Mapping[str, str] = {
    heard: meant
    for meant, all_heard in {
        # Short words of a verdict or an order, as they are misheard or misspelt. Each is no English word of its own.
        "ten": "tenn tehn",
        "marks": "markes marx marcs marcks",
        "score": "scoar skore scor skor",
        "grader": "grater graider gradder",
        "grade": "graid grayd",
        "full": "foll ful fulll",
        "give": "giv",
        "give me": "gimme gimmie gimmi",
        "please": "pleese plees pls plz pleaze",
        "this": "dis dhis",
        "the": "da teh",
        "that": "dat",
        "speech": "speach spech",
        "points": "poynts pointz",
        "top": "topp",
        "must": "muss",
        "excellent": "exellent excelent eksellent",
        "award": "awoard",
        "mister": "mr",
    }.items()
    for heard in all_heard.split()
}

SHARED = 0.4
"""Of a word's pairs of letters; what shares fewer cannot be alike enough, and is not compared letter by letter."""

_SPELLED = re.compile(r"\b(?:[a-z][-. ]){2,}[a-z]\b", re.IGNORECASE)
_DIGITS = str.maketrans("013457", "oleast")
"""Letters that digits stand for inside a word ("sk0re")."""
_MIXED = re.compile(r"\b(?=[a-z]*[013457])(?=[0-9]*[a-z])[a-z]+[a-z013457]*[a-z]\b", re.IGNORECASE)
_PIECE = re.compile(r"[a-z]+", re.IGNORECASE)


def _pairs(letters: str) -> frozenset[str]:
    return frozenset(letters[at : at + 2] for at in range(len(letters) - 1))


_PAIRS = {word: _pairs(word) for word in VOCABULARY}
_SHORTEST, _LONGEST = min(map(len, VOCABULARY)), max(map(len, VOCABULARY))


def plain(sentence: str) -> str:
    """The sentence in lower case, with what was hidden in it put back."""
    text = _SPELLED.sub(lambda match: _apart(re.sub(r"[-. ]", "", match.group()).lower()), sentence).lower()
    text = _MIXED.sub(lambda match: match.group().translate(_DIGITS), text)
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


# Short words that are spelt letter by letter beside those of the vocabulary.
_SPELT = (
    *VOCABULARY,
    *(
        "give",
        "me",
        "ten",
        "points",
        "point",
        "full",
        "marks",
        "mark",
        "score",
        "the",
        "a",
        "all",
        "for",
        "this",
    ),
    *("max", "top", "best", "grade", "must", "be", "rules"),
)
LONGEST_SPELT = 80
"""Letters; more are left as they are."""


def _apart(letters: str) -> str:
    """Words that were spelt without blanks between them, taken apart where they all are the grader's own."""
    if len(letters) > LONGEST_SPELT:
        return letters
    best: list[list[str] | None] = [[]]
    for end in range(1, len(letters) + 1):
        found = None
        for word in _SPELT:
            before = best[end - len(word)] if len(word) <= end else None
            if before is not None and letters.endswith(word, 0, end):
                found = [*before, word]
                break
        best.append(found)
    whole = best[-1]
    return " ".join(whole) if whole else letters


def _together(text: str, group: Sequence[re.Match[str]]) -> bool:
    """Whether nothing but a blank or a hyphen is between the pieces."""
    return all(text[one.end() : other.start()] in (" ", "-") for one, other in pairwise(group))


@lru_cache(maxsize=16384)
def _heard(pieces: tuple[str, ...]) -> str | None:
    """The word of the vocabulary that these pieces are together, and that none of them nearly is by itself."""
    joined = "".join(pieces)
    if len(pieces) == 1:
        return HOMOPHONES.get(joined) or _misspelt(joined)
    if not _SHORTEST - 1 <= len(joined) <= _LONGEST + 2:
        return None
    pairs = _pairs(joined)
    for word, own in _PAIRS.items():
        if abs(len(word) - len(joined)) <= 2 and len(pairs & own) >= SHARED * len(own):
            alike = _alike(joined, word)
            if alike >= ALIKE and alike > BETTER + max(_alike(piece, word) for piece in pieces):
                return word
    return None


def _sound(word: str) -> str:
    """How a word sounds, coarsely: its first letter and its consonants."""
    for letters, sound in _SOUNDS:
        word = letters.sub(sound, word)
    return re.sub(r"(.)\1+", r"\1", word[:1] + re.sub(r"[aeiouyhw]", "", word[1:]))


_SOUNDS = tuple(
    (re.compile(letters), sound)
    for letters, sound in (
        (r"[stc]h?i?on|shu?n", "xn"),
        (r"ph", "f"),
        (r"c(?=[eiy])", "s"),
        (r"[cq]", "k"),
        (r"x(?!n)", "ks"),
        (r"z", "s"),
    )
)
_SOUND_OF = {_sound(word): word for word in VOCABULARY}
LIKE_ENOUGH = 0.7


def _misspelt(word: str) -> str | None:
    """The word of the vocabulary that sounds the same and is spelt much like it."""
    meant = _SOUND_OF.get(_sound(word)) if len(word) >= _SHORTEST - 1 else None
    return meant if meant not in (None, word) and _alike(word, meant) >= LIKE_ENOUGH else None


def _alike(first: str, second: str) -> float:
    matcher = SequenceMatcher(None, first, second, autojunk=False)
    return matcher.ratio() if matcher.real_quick_ratio() >= ALIKE - 0.2 else 0.0
