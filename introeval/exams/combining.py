"""One result out of all pairs and tries. Pure.

For each question: the *median* over a pair's tries (one wild try moves nothing), then the *mean* over the pairs (each
model's judgement counts the same, however often it was tried). The score is the sum over the questions. Tries without
a result count nowhere, and neither does a pair without any. The spread, lowest and highest over all tries, is shown
beside each mark and the score.

The median is taken of each question, not of the totals: it guards each answer against a wild try, and what is shown of
the questions adds up to the score. Its price: tries that are lenient on different questions can add up to a score that
no try came near (``outside``). The median of the totals would hide such tries; so both are said, and a teacher looks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from introeval.exams.marks import QuestionMark, total
from introeval.grading.rounding import kept_mark, summed

Try = Sequence[QuestionMark]

ROUNDED = 0.01
"""What rounding can move a question by: half a hundredth for a pair's median, as much for the mean over the pairs."""


@dataclass(frozen=True, slots=True)
class CombinedMark:
    """One question. ``lowest``, ``highest``: over all tries of all pairs."""

    question_number: str
    mark: float
    max_mark: float
    lowest: float
    highest: float

    @property
    def spread(self) -> float:
        """Between the lowest and the highest try, as a share of the question's maximum."""
        return (self.highest - self.lowest) / self.max_mark


@dataclass(frozen=True, slots=True)
class PairScore:
    """One pair: the sum of its medians, over ``tries`` that have a result."""

    index: int
    score: float
    lowest: float
    highest: float
    tries: int


@dataclass(frozen=True, slots=True)
class Combined:
    """The result of a session."""

    questions: tuple[CombinedMark, ...]
    pairs: tuple[PairScore, ...]
    score: float
    max_score: float
    lowest: float
    highest: float

    @property
    def spread(self) -> float:
        """Between the lowest and the highest try, as a share of the maximum."""
        return (self.highest - self.lowest) / self.max_score if self.max_score else 0.0

    @property
    def outside(self) -> bool:
        """Whether the score is less than the lowest try gave, or more than the highest."""
        room = ROUNDED * len(self.questions)
        return not self.lowest - room <= self.score <= self.highest + room


def combine(tries: Mapping[int, Sequence[Try]]) -> Combined | None:
    """``tries``: by the pair's index, those with a result. ``None`` when there is none. All have the same questions."""
    graded = {index: marks for index, marks in sorted(tries.items()) if marks}
    if not graded:
        return None
    first = next(iter(graded.values()))[0]
    medians = {index: _medians(marks) for index, marks in graded.items()}
    every = [one for marks in graded.values() for one in marks]
    totals = [total(one) for one in every]
    questions = tuple(
        CombinedMark(
            question_number=mark.question_number,
            mark=kept_mark(fmean(of_pair[at] for of_pair in medians.values()), mark.max_mark),
            max_mark=mark.max_mark,
            lowest=min(one[at].mark for one in every),
            highest=max(one[at].mark for one in every),
        )
        for at, mark in enumerate(first)
    )
    return Combined(
        questions=questions,
        pairs=tuple(_pair(index, medians[index], marks) for index, marks in graded.items()),
        score=summed(question.mark for question in questions),
        max_score=summed(mark.max_mark for mark in first),
        lowest=min(totals),
        highest=max(totals),
    )


def _medians(marks: Sequence[Try]) -> list[float]:
    return [
        kept_mark(median(one[at].mark for one in marks), mark.max_mark) for at, mark in enumerate(marks[0])
    ]


def _pair(index: int, medians: Sequence[float], marks: Sequence[Try]) -> PairScore:
    totals = [total(one) for one in marks]
    return PairScore(index, summed(medians), min(totals), max(totals), len(marks))
