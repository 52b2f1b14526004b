"""What is decided in code about the marks of a page exam, whatever a model says. Pure.

Rules:

1. Nothing on the pages: no model is asked, every question gets 0, with the reason. Ink that nobody could read is not
   nothing: it is flagged, and the grade is not final.
2. A question for which the model cites no line gets 0: there is no answer. Points without a line of their own take the
   lines of the answer as their evidence; without those they are not given.
3. A cited line counts only if something of it was shown to the model (``lines``, rule 3).
4. An answer whose lines share no word with the question, its marking points or its key (or only one, though they have
   six or more) is about something else. One whose lines are copies of questions (three words or more in their order)
   repeats the question. Both get at most 20 % of the question.
5. A marking point of which no word of its own (one that is not in the question too) is on the lines gets at most half,
   and the grade is not final: a small model grants what it has just read in the marking, and who says the same in other
   words must not lose it all.
6. Rules 4 and 5 need words that can be compared: rule 4 is not used when the marking has fewer than three of them,
   neither is used when pages and marking are in different scripts.

Words are compared by their first five letters, without a plural's s; numbers as they are (``log2`` is a word and a
number), but not those that number an answer. The lines next to a cited one, on the same page, count too: a sentence on
paper goes on in the next line.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from introeval.pages.lines import PageLine, Sheet
from introeval.pages.marking import Item, Point

OFF_TOPIC_SHARE = 0.2
UNSAID_SHARE = 0.5
LEAST_WORDS = 3
MANY_WORDS, LEAST_COPIED = 6, 3
STEM = 5

_WORD = re.compile(r"[^\W\d_]+|\d+")
_NUMBERING = re.compile(
    r"^\W*(?:(?:question|quest|q|task|exercise|answer|no|nr)\b\W*)?(?:\d{1,2}[a-z]?|[a-z])\s*(?:[.):]+\s|\W*$)",
    re.IGNORECASE,
)
_WORDS_OF_ANY_EXAM = """
about above after also always and answer any are because been before both but can case could did does each else
ever for from had has have her his how into its just last like made make many may more most much must name not now off
one only other our out over own part page point points question same say says she should show since some such than that
the their them then there these they thing this those three thus too two under use used very was way well were what when
where which while who why will with would you your right complete gives states model agrees mentions explains explain
describe describes write correct take takes get gets need needs work works way ways
"""
_COMMON = frozenset(_WORDS_OF_ANY_EXAM.split())


@dataclass(frozen=True, slots=True)
class Limit:
    """Rule 4 for one question: the share of its marks that it may get at most, and why."""

    code: Literal["off_topic", "repeats_question"]
    share: float
    reason: str


def stems(text: str) -> frozenset[str]:
    """The words of a text that say what it is about."""
    words = (word.casefold() for word in _WORD.findall(text))
    return frozenset(_stem(word) for word in words if _telling(word))


def limit(item: Item, cited: Iterable[int], sheet: Sheet, exam: Sequence[Item] = ()) -> Limit | None:
    """Rule 4 for a question whose answer is on these lines (at least one); ``None``: no limit.

    ``exam``: all questions, since a copy may go on into the next one.
    """
    expected = stems(" ".join([item.text, item.key, *(point.criterion for point in item.points)]))
    numbers = tuple(cited)
    own = _said(sheet.line(number) for number in numbers)
    said = _said(around(numbers, sheet))
    if len(expected) < LEAST_WORDS or _latin(expected) != _latin(said):
        return None
    if len(said & expected) < (2 if len(own) >= MANY_WORDS else 1):
        reason = "The lines have next to nothing to do with the question and its marking points."
        return Limit("off_topic", OFF_TOPIC_SHARE, reason)
    questions = _words(" ".join(one.text for one in exam or (item,)))
    if not _said(line for line in around(numbers, sheet) if not _copied(line, questions)):
        return Limit("repeats_question", OFF_TOPIC_SHARE, "The lines only repeat the question.")
    return None


def unsaid(item: Item, point: Point, cited: Iterable[int], sheet: Sheet) -> bool:
    """Rule 5: whether no word of the marking point's own is on these lines or next to them."""
    own = stems(point.criterion) - stems(item.text)
    said = _said(around(cited, sheet))
    return bool(own) and _latin(own) == _latin(said) and not own & said


def countable(numbers: Iterable[int], sheet: Sheet) -> tuple[int, ...]:
    """Rule 3: the cited lines that may count, each once, in order."""
    return tuple(number for number in sorted(set(numbers)) if not sheet.line(number).withheld)


def around(numbers: Iterable[int], sheet: Sheet) -> Sequence[PageLine]:
    """The lines and their neighbours on the same page, in order."""
    near = {near for number in numbers for near in _neighbours(number, sheet)}
    return [sheet.line(number) for number in sorted(near)]


def _copied(line: PageLine, questions: Sequence[str]) -> bool:
    """Whether the line stands in the questions like this, but for a word that was read wrongly."""
    words = _words(_NUMBERING.sub("", line.readable))
    runs = SequenceMatcher(None, words, questions, autojunk=False).get_matching_blocks()
    alike = sum(run.size for run in runs if run.size > 1)
    return len(words) >= LEAST_COPIED and alike >= 0.8 * len(words)


def _words(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(text)]


def _said(lines: Iterable[PageLine]) -> frozenset[str]:
    return stems(" ".join(_NUMBERING.sub("", line.readable) for line in lines))


def _neighbours(number: int, sheet: Sheet) -> list[int]:
    page = sheet.line(number).page
    near = (number - 1, number, number + 1)
    return [at for at in near if 1 <= at <= len(sheet.lines) and sheet.line(at).page == page]


def _telling(word: str) -> bool:
    return (
        any(char.isdigit() for char in word) or (len(word) > 2 and word not in _COMMON) or not word.isascii()
    )


def _stem(word: str) -> str:
    return word if any(char.isdigit() for char in word) else word[:STEM]


def _latin(words: Iterable[str]) -> bool:
    """Whether most of the words are in the Latin script; numbers belong to every script."""
    known = [word for word in words if word.isalpha()]
    return 2 * sum(word[0] < "\u0250" for word in known) >= len(known)
