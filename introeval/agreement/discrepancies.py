"""Where two raters' marks differ, counted three ways. Pure.

1. The unit is one mark: one question of one submission that *both* raters marked (``compared`` of them in all).
2. Every number is a count of such units, never a percentage; divide by ``compared`` (or by the question's
   ``questionCompared``) for a share.
3. ``discrepancies100``: the marks are not the same (agreement below 100 %). ``zpfDiscrepancies``: one is of another
   class than the other, of zero, partial and full marks. ``rangeDiscrepancies``: they differ by more than the
   tolerance.
4. The ``question...`` maps give the same counts by question, with every question in them. ``lt100Questions``,
   ``zpfQuestions``, ``rangeQuestions`` are the questions whose count is above 0, in the order of the question list.
5. Where one rater gave no mark, the unit is in ``missingFirst`` or ``missingSecond`` (both: ``missingBoth``) and in
   ``questionMissing``, and in nothing else. Submissions that only one rater has at all are ``onlyFirst``,
   ``onlySecond``.

A class mismatch is also an exact one. A mismatch beyond the tolerance is too, but it need not be one of class, nor the
other way round (0 and 1 of 100).
"""

from collections.abc import Mapping

from pydantic import ConfigDict
from pydantic.alias_generators import to_camel

from introeval.agreement.marks import MarkSheet, Tolerance, Value, checked, checked_questions, kind_of, same


class Discrepancies(Value):
    """The counts; JSON names are camel case (``discrepancies100``, ``questionZpfDiscrepancies``, ...)."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True)

    submissions: int
    compared: int
    discrepancies100: int
    zpf_discrepancies: int
    range_discrepancies: int
    question_compared: dict[str, int]
    question_discrepancies100: dict[str, int]
    question_zpf_discrepancies: dict[str, int]
    question_range_discrepancies: dict[str, int]
    lt100_questions: tuple[str, ...]
    zpf_questions: tuple[str, ...]
    range_questions: tuple[str, ...]
    missing_first: int
    missing_second: int
    missing_both: int
    question_missing: dict[str, int]
    only_first: int
    only_second: int
    tolerance: Tolerance


class _Count:
    """One kind of discrepancy, by question."""

    def __init__(self, questions: Mapping[str, float]) -> None:
        self.by_question = dict.fromkeys(questions, 0)

    def add(self, question: str, differs: bool) -> None:
        self.by_question[question] += differs

    @property
    def total(self) -> int:
        return sum(self.by_question.values())

    @property
    def questions(self) -> tuple[str, ...]:
        return tuple(question for question, count in self.by_question.items() if count)


def discrepancies(
    first: MarkSheet, second: MarkSheet, max_marks: Mapping[str, float], tolerance: Tolerance | None = None
) -> Discrepancies:
    """Compare two raters over the submissions that both have. ``max_marks``: every question with its highest mark.

    Raises ``AgreementError`` for an unknown question, a mark that is no number, or no question at all.
    """
    within = tolerance or Tolerance()
    checked_questions(max_marks)
    checked(first, max_marks)
    checked(second, max_marks)
    shared = sorted(first.keys() & second.keys())
    compared, exact, zpf, beyond, gaps = (_Count(max_marks) for _ in range(5))
    missing = {(True, False): 0, (False, True): 0, (True, True): 0}
    for submission in shared:
        for question, highest in max_marks.items():
            one, other = first[submission].get(question), second[submission].get(question)
            if one is None or other is None:
                missing[one is None, other is None] += 1
                gaps.add(question, True)
                continue
            compared.add(question, True)
            exact.add(question, not same(one, other, highest))
            zpf.add(question, kind_of(one, highest) is not kind_of(other, highest))
            beyond.add(question, not within.allows(one - other, highest))
    return Discrepancies(
        submissions=len(shared),
        compared=compared.total,
        discrepancies100=exact.total,
        zpf_discrepancies=zpf.total,
        range_discrepancies=beyond.total,
        question_compared=compared.by_question,
        question_discrepancies100=exact.by_question,
        question_zpf_discrepancies=zpf.by_question,
        question_range_discrepancies=beyond.by_question,
        lt100_questions=exact.questions,
        zpf_questions=zpf.questions,
        range_questions=beyond.questions,
        missing_first=missing[True, False],
        missing_second=missing[False, True],
        missing_both=missing[True, True],
        question_missing=gaps.by_question,
        only_first=len(first.keys() - second.keys()),
        only_second=len(second.keys() - first.keys()),
        tolerance=within,
    )
