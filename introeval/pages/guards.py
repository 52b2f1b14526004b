"""What is decided in code about the marks of a page exam, whatever a model says. Pure.

Rules:

1. Nothing on the pages: no model is asked, every question gets 0, with the reason. Ink that nobody could read is not
   nothing: it is flagged, and the grade is not final.
2. A question for which the model cites no line gets 0: there is no answer. Points without a line of their own take the
   lines of the answer as their evidence; without those they are not given.
3. A cited line counts only if something of it was shown to the model (``lines``, rule 3).
4. An answer whose lines share no word with the question, its marking points or its key (or only one, though they have
   six or more) is about something else. One whose lines are copies of questions (three words or more in their order)
   repeats the question. Both get at most 20 % of the question. The answer of the key itself is neither.
5. A marking point of which no word of its own (one that is not in the question too) is on the lines gets at most half,
   and the grade is not final: a small model grants what it has just read in the marking, and who says the same in other
   words must not lose it all. The answer of the key loses nothing.
6. Sharing needs words that can be compared. It is not asked when the marking has fewer than three of them, when pages
   and marking are in different scripts, or in one that glues words together (``words``, rule 3): of 21 right answers in
   Chinese, Japanese and Korean, written to measure it, 8 had no pair of letters in common with the question, its points
   and its key. Rule 4 does not ask it of a *brief* answer either: a letter, yes or no, a number, a formula, a name. Who
   says that he does not know has no answer, however brief; nor are the remains of words to the grader one.

The lines next to a cited one, on the same page, count too: a sentence on paper goes on in the next line. Whether an
answer is brief is seen with those that no number parts from it: nobody gets round rule 4 by a short line of a long
text.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from introeval.pages.lines import PageLine, Sheet
from introeval.pages.marking import Item, Point
from introeval.pages.words import alone, bare, numbered, script, stems, units, unnumbered, weight, words

OFF_TOPIC_SHARE = 0.2
UNSAID_SHARE = 0.5
LEAST_WORDS = 3
MANY_WORDS, LEAST_COPIED = 6, 3
_NO_ANSWER = frozenset(("know", "idea", "idk", "sorry"))


@dataclass(frozen=True, slots=True)
class Limit:
    """Rule 4 for one question: the share of its marks that it may get at most, and why."""

    code: Literal["off_topic", "repeats_question"]
    share: float
    reason: str


def limit(item: Item, cited: Iterable[int], sheet: Sheet, exam: Sequence[Item] = ()) -> Limit | None:
    """Rule 4 for a question whose answer is on these lines (at least one); ``None``: no limit.

    ``exam``: all questions, since a copy may go on into the next one.
    """
    marking = " ".join([item.text, item.key, *(point.criterion for point in item.points)])
    expected, numbers = stems(marking), tuple(cited)
    near = around(numbers, sheet)
    if len(expected) < LEAST_WORDS or _is_key(item, numbers, sheet):
        return None
    if (
        _comparable(marking, _text(near))
        and len(_said(near) & expected) < _asked(numbers, sheet)
        and not _brief(item, numbers, sheet)
    ):
        reason = "The lines have next to nothing to do with the question and its marking points."
        return Limit("off_topic", OFF_TOPIC_SHARE, reason)
    questions = units(" ".join(one.text for one in exam or (item,)))
    rest = [line for line in near if not _copied(line, questions)]
    if len(rest) < len(near) and not _said(rest):
        return Limit("repeats_question", OFF_TOPIC_SHARE, "The lines only repeat the question.")
    return None


def unsaid(item: Item, point: Point, cited: Iterable[int], sheet: Sheet) -> bool:
    """Rule 5: whether no word of the marking point's own is on these lines or next to them."""
    own, numbers = stems(point.criterion) - stems(item.text), tuple(cited)
    near = around(numbers, sheet)
    said = _said(near) | stems(" ".join(_own(item, numbers, sheet)))
    if not own or own & said or _is_key(item, numbers, sheet):
        return False
    return _comparable(point.criterion, _text(near))


def countable(numbers: Iterable[int], sheet: Sheet) -> tuple[int, ...]:
    """Rule 3: the cited lines that may count, each once, in order."""
    return tuple(number for number in sorted(set(numbers)) if not sheet.line(number).withheld)


def around(numbers: Iterable[int], sheet: Sheet) -> Sequence[PageLine]:
    """The lines and their neighbours on the same page, in order."""
    near = {near for number in numbers for near in _neighbours(number, sheet)}
    return [sheet.line(number) for number in sorted(near)]


def _asked(numbers: Iterable[int], sheet: Sheet) -> int:
    """How many words an answer on these lines must share."""
    return 2 if len(_said(sheet.line(number) for number in numbers)) >= MANY_WORDS else 1


def _is_key(item: Item, numbers: Iterable[int], sheet: Sheet) -> bool:
    """Whether these lines, or one of them, are the key's answer."""
    key, own = bare(item.key), [sheet.line(number).readable for number in numbers]
    return bool(key) and any(key == words(text) or key == bare(text) for text in (*own, " ".join(own)))


def _own(item: Item, numbers: Iterable[int], sheet: Sheet) -> list[str]:
    """What the cited lines say. A number that stands alone is an answer, unless it is the question's own."""
    found = (unnumbered(sheet.line(number).readable).strip() for number in numbers)
    return [text for text in found if not (alone(text) and bare(text) == words(item.number))]


def _brief(item: Item, numbers: Sequence[int], sheet: Sheet) -> bool:
    """Whether the answer is one of too few words to be compared, but is one (rule 6)."""
    lines = _running(numbers, sheet)
    own = " ".join(_own(item, numbers, sheet))
    if not any(char.isalnum() for char in own) or any(line.addressed for line in lines):
        return False
    said = [word for line in lines for word in words(unnumbered(line.readable))]
    spoken = [word for word in said if len(word) > 1 and word.isalpha()]
    return (
        len(stems(" ".join(spoken))) < LEAST_WORDS
        and len(spoken) < MANY_WORDS
        and _NO_ANSWER.isdisjoint(spoken)
    )


def _running(numbers: Iterable[int], sheet: Sheet) -> list[PageLine]:
    """The cited lines with those before and behind them that no number parts from them."""
    found: set[int] = set()
    for number in numbers:
        for at in _neighbours(number, sheet):
            later = max(at, number)
            if at == number or not numbered(sheet.line(later).readable):
                found.add(at)
    return [sheet.line(number) for number in sorted(found)]


def _copied(line: PageLine, questions: Sequence[str]) -> bool:
    """Whether the line stands in the questions like this, but for a word that was read wrongly."""
    own = units(unnumbered(line.readable))
    runs = SequenceMatcher(None, own, questions, autojunk=False).get_matching_blocks()
    alike = sum(run.size for run in runs if run.size > 1)
    return weight(own) >= LEAST_COPIED and alike >= 0.8 * len(own)


def _comparable(marking: str, said: str) -> bool:
    """Rule 6, as far as the scripts go."""
    scripts = {script(marking), script(said)} - {None}
    return "glued" not in scripts and len(scripts) < 2


def _text(lines: Iterable[PageLine]) -> str:
    """Without what numbers the lines, or may do so."""
    return " ".join(unnumbered(line.readable) for line in lines if not alone(line.readable))


def _said(lines: Iterable[PageLine]) -> frozenset[str]:
    return stems(_text(lines))


def _neighbours(number: int, sheet: Sheet) -> list[int]:
    page = sheet.line(number).page
    near = (number - 1, number, number + 1)
    return [at for at in near if 1 <= at <= len(sheet.lines) and sheet.line(at).page == page]
