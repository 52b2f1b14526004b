"""The criterion that explains a grade."""

from introeval.grading.report import CriterionGrade, Evidence
from introeval.grading.telling import telling

QUOTE = Evidence(start=75.4, end=78.0, quote="I built a robot")
CLARITY = CriterionGrade(name="clarity", score=9, max_score=10, reason="Clear.", evidence=(QUOTE,))
CONTENT = CriterionGrade(name="content", score=4, max_score=10, reason="Little said.", evidence=(QUOTE,))
SILENT = CriterionGrade(name="structure", score=0, max_score=10, reason="None.")


def test_a_grade_is_explained_by_the_costliest_criterion_with_a_quote() -> None:
    """A quote comes first: a reason that can be checked beats a larger loss."""
    assert telling([CLARITY, CONTENT, SILENT]) == CONTENT
    assert telling([SILENT]) == SILENT
    assert telling(()) is None


def test_what_a_guard_says_explains_nothing_more() -> None:
    """The reason of a refusal stands in every criterion; it is not repeated as an explanation."""
    assert telling([SILENT], ["None."]) is None
    assert telling([CLARITY, CONTENT], ["Little said."]) == CLARITY
