"""From lines and replies to marks: evidence that exists, guards in code, totals that add up."""

from typing import Any

import pytest

from introeval.grading.report import GradeReport
from introeval.grading.trust import Opinion, combine
from introeval.pages.grade import grade, refused
from introeval.pages.lines import Sheet, number_lines
from introeval.pages.marking import items
from introeval.pages.reply import Reply, parse_reply
from tests.pages.exams import EXAM, FULL, GOOD, exam, page, said, sheet

ITEMS = items(EXAM)


def parsed(text: str, of: Sheet) -> Reply:
    """A reply about all questions, checked."""
    return parse_reply(text, ITEMS, [line.number for line in of.lines])


def marked(lines: tuple[str, ...], answers: Any) -> GradeReport:
    """The grade of one page for one reply."""
    read = sheet(*lines)
    return grade(read, ITEMS, [parsed(said(answers), read)], EXAM.id, 1)


def test_full_marks_with_evidence() -> None:
    """Points add up in code, and each question quotes lines that are there."""
    report = marked(GOOD, FULL)
    assert (report.score, report.max_score) == (10.0, 10.0)
    assert [criterion.name for criterion in report.criteria] == ["Question 1", "Question 2", "Question 3"]
    assert [(item.place, item.quote) for item in report.criteria[0].evidence] == [
        ("page 1, line 2", GOOD[1]),
        ("page 1, line 3", GOOD[2]),
    ]
    assert (report.flags, report.guards, report.review) == ((), (), ())
    assert "1 of 1 (says last in, first out" in report.criteria[0].reason


@pytest.mark.parametrize(
    ("worth", "points"),
    [(0.375, (0.125, 0.25)), (0.3, (0.1, 0.2)), (2 / 3, (1 / 3, 1 / 3)), (0.004, (0.001, 0.003))],
)
def test_full_marks_are_the_maximum_whatever_that_is(worth: float, points: tuple[float, float]) -> None:
    """Not a hundredth more or less, for the question and the whole; half of it is no more than half."""
    one = exam(
        questions=[{"question_number": "1", "max_mark": worth, "text": "What is a stack?"}],
        marking=[
            {"question_number": "1", "points": each, "criterion": what}
            for each, what in zip(points, ("says last in, first out", "names push and pop"), strict=True)
        ],
        answer_key=[],
    )
    read = sheet("A stack is last in, first out.", "push and pop")

    def given(first: float, second: float) -> GradeReport:
        reply = parse_reply(said({"1": ([1, 2], [([1], first), ([2], second)])}), items(one), [1, 2])
        return grade(read, items(one), [reply], "one", 1)

    full = given(*points)
    assert full.criteria[0].score == full.criteria[0].max_score == worth
    assert full.score == full.max_score
    part = given(points[0], 0)
    assert part.score == pytest.approx(points[0], abs=0.0051)  # kept to the hundredth
    for reports in ((full, full), (full, part), (part, part)):
        both = combine([Opinion(f"m{at}", 1, report) for at, report in enumerate(reports)], 1.0)
        assert part.score - 0.05 <= both.score <= both.max_score
        assert both.criteria[0].score <= worth
    assert combine([Opinion("a", 1, full), Opinion("b", 1, full)], 1.0).score == full.max_score


def test_a_question_without_lines_gets_nothing() -> None:
    """Whatever points the model gave: without a line there is no answer, and a teacher learns of it."""
    none: dict[str, Any] = FULL | {"3": ([], [([], 1.0), ([], 2.0)])}
    report = marked(GOOD, none)
    last = report.criteria[2]
    assert (last.score, last.model_score, last.evidence) == (0.0, 3.0, ())
    assert last.reason == "No line of the pages answers this question."
    assert report.review == ("The model gave Question 3 3 points without any line to show for them.",)
    quiet: dict[str, Any] = FULL | {"3": ([], [([], 0.0), ([], 0.0)])}
    assert marked(GOOD, quiet).review == ()


def test_points_without_lines_of_their_own_rest_on_the_answer() -> None:
    """The answer's lines are the evidence of a point that cites none."""
    report = marked(GOOD, FULL | {"3": ([7], [([], 1.0), ([], 2.0)])})
    assert report.criteria[2].score == 3.0
    assert [item.place for item in report.criteria[2].evidence] == ["page 1, line 7"]


def test_a_point_without_any_line_gets_nothing() -> None:
    """Neither it nor the answer has lines; the other points of the question keep theirs."""
    report = marked(GOOD, FULL | {"3": ([], [([7], 1.0), ([], 2.0)])})
    last = report.criteria[2]
    assert (last.score, last.model_score) == (1.0, 3.0)
    assert "0 of 2 (describes one way" in last.reason
    assert "no line was given for it. The model gave 2" in last.reason
    assert len(report.review) == 1


RECIPE = ("Take two eggs and a cup of flour.", "Bake the pancakes until they are golden brown.")


def test_another_topic_gets_a_fifth_at_most() -> None:
    """A model that gives a recipe full marks is held by the guard, and a teacher must look."""
    report = marked(
        RECIPE,
        {
            "1": ([1], [([1], 1.0)] * 4),
            "2": ([2], [([2], 1.0), ([2], 1.0), ([2], 1.0)]),
            "3": ([1, 2], [([1], 1.0), ([2], 2.0)]),
        },
    )
    assert report.score == pytest.approx(2.0)
    assert {flag.code for flag in report.flags} == {"off_topic"}
    assert [guard.code for guard in report.guards] == ["off_topic"]
    assert "Question 1, 2, 3" in report.guards[0].reason
    assert report.criteria[0].reason.endswith("At most 20% of the marks.")
    assert len(report.review) == 3


def test_a_copied_question_is_no_answer() -> None:
    """Lines that have no word but the question's own."""
    lines = ("What is a stack? Name its two main operations", "and give one example of its use.")
    report = marked(lines, FULL | {"1": ([1, 2], [([1], 1.0)] * 4), "2": NOTHING[1], "3": NOTHING[2]})
    assert report.criteria[0].score == pytest.approx(0.8)
    assert [guard.code for guard in report.guards] == ["repeats_question"]


def test_a_copy_may_be_misread_and_go_on_into_the_next_question() -> None:
    """One word wrong, and the neighbouring line is a copy too; a short answer in the question's words is none."""
    lines = (
        "Question 1",
        "What is a stock? Name its two main operations",
        "and give one example of its use. How does binary",
        "search work, what does it need, and how many steps",
    )
    answers = FULL | {"1": ([2, 3], [([2], 1.0)] * 4), "2": NOTHING[1], "3": NOTHING[2]}
    assert [guard.code for guard in marked(lines, answers).guards] == ["repeats_question"]
    answers = FULL | {"1": ([1], [([1], 1.0)] * 4), "2": NOTHING[1], "3": NOTHING[2]}
    assert [guard.code for guard in marked(("a stack",), answers).guards] == ["unsaid"]


NOTHING: tuple[Any, ...] = (None, ([], [([], 0)] * 3), ([], [([], 0)] * 2))


def test_points_for_what_nobody_wrote_are_halved() -> None:
    """A small model grants what it has just read in the marking; the numbers of questions are no words of an answer."""
    lines = (
        "Question 1",
        "A stack is last in, first out; push puts on it.",
        "2. The list must be sorted",
        "Question 3",
    )
    report = marked(
        lines,
        {
            "1": ([2], [([2], 1.0), ([2], 1.0), ([2], 0.5), ([2], 1.0)]),
            "2": ([3], [([3], 0.0), ([3], 1.0), ([3], 1.0)]),
            "3": NOTHING[2],
        },
    )
    assert [criterion.score for criterion in report.criteria] == [3.0, 1.5, 0.0]
    assert [guard.code for guard in report.guards] == ["unsaid"]
    assert "Question 1, 2" in report.guards[0].reason
    assert [doubt.partition(":")[0] for doubt in report.review] == ["Question 1", "Question 2"]
    assert "says that it takes about log n steps" in report.review[1]
    assert (
        "0.5 of 1 (says that it takes about log n steps (base 2)): no word of it" in report.criteria[1].reason
    )


def test_a_short_right_answer_is_not_off_topic() -> None:
    """One word of the marking is enough; so is a number; and another script is not compared."""
    for line in ("LIFO, push and pop", "push", "Ein Stapel: push, pop"):
        report = marked((line,), {"1": ([1], [([1], 1.0)] * 4), "2": NOTHING[1], "3": NOTHING[2]})
        assert report.criteria[0].score >= 2.5, line
        assert report.flags == (), line
    report = marked(
        ("Стек: последний вошел, первый вышел",),
        {"1": ([1], [([1], 1.0), *[([1], 0.0)] * 3]), "2": NOTHING[1], "3": NOTHING[2]},
    )
    assert report.criteria[0].score == 1.0


def test_blank_pages_never_reach_a_model() -> None:
    """0 for everything, with the reason; pages with ink that nobody could read are no blank ones."""
    blank = refused(number_lines([page(inked=False)]), ITEMS, EXAM.id, 1)
    assert blank is not None
    assert (blank.score, blank.max_score, blank.asked_model, blank.review) == (0, 10, False, ())
    assert {criterion.reason for criterion in blank.criteria} == {
        "The pages are blank: there is no answer to mark."
    }
    unread = refused(number_lines([page(inked=True, confidence=0.0)]), ITEMS, EXAM.id, 1)
    assert unread is not None
    assert unread.review == (
        "Nothing on the pages could be read, though they are not blank. A teacher must mark them.",
    )
    dots = refused(sheet("...", "- -"), ITEMS, EXAM.id, 1)
    assert dots is not None
    assert dots.score == 0
    assert refused(sheet("a"), ITEMS, EXAM.id, 1) is None


def test_what_is_hard_to_read_is_not_final() -> None:
    """Unsure pages, unread ones, and ones that were cut."""
    read = number_lines(
        [
            page(*GOOD, confidence=0.5, of=3),
            page(number=2, confidence=0.0, of=3),
            page(*("x" * 400 for _ in range(80)), number=3, of=3),
        ]
    )
    assert read.cut == (3,)
    report = grade(read, ITEMS, [parsed(said(FULL), read)], EXAM.id, 1)
    assert [flag.code for flag in report.flags] == ["unread_pages", "hard_to_read", "page_cut"]
    assert len(report.review) == 3
