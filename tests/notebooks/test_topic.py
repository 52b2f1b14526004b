"""On the topic or off it, in whatever language: what words can tell, and what only a model can."""

import pytest

from introeval.notebooks.pairs import pairs
from tests.notebooks.books import RUBRIC, case, code, stream, text
from tests.notebooks.test_counts import counted
from tests.notebooks.test_grade import LINES, codes, graded

ENGLISH = (
    "Write a function that returns the average of a list of numbers. Then plot the monthly sales from the table as a "
    "histogram, compare both halves of the year, discuss outliers, and conclude with a recommendation for the owner."
)
GERMAN = (
    "Ich berechne den Durchschnitt der Zahlen, indem ich sie in einer Schleife addiere und durch ihre Anzahl teile. "
    "Das war einfach, weil man nur die Summe braucht."
)
CHINESE = "编写一个函数。计算列表中数字的平均值。\n不要使用内置的求和函数。\n然后用文字解释你的算法。"


def test_texts_are_compared_where_they_can_be() -> None:
    """Both in English, and enough of it; anything else may say the same in other words."""
    own = "The list was summed in a loop, and then I divided the sum by the number of its elements."
    assert counted(text(own), code("x = 1"), instructions=ENGLISH).alike
    assert not counted(text(GERMAN), code("x = 1"), instructions=ENGLISH).alike
    assert not counted(text(own), code("x = 1"), instructions=GERMAN).alike
    assert not counted(text("A sum of the list."), code("x = 1"), instructions=ENGLISH).alike


def test_only_what_has_no_spaces_is_in_pairs() -> None:
    """Not over punctuation or Latin letters, and no character alone."""
    assert pairs("the 平均值。和 mean数 値段") == {"平均", "均值", "値段"}
    assert pairs("Durchschnitt, 42") == frozenset()


def test_scripts_without_spaces_are_compared_by_pairs() -> None:
    """A text about the same shares many, one about something else next to none; a line is not one long word."""
    same = text("我写了一个函数。用循环计算列表的平均值。没有使用内置函数。")
    other = text("昨天我们去公园散步。天气很好。孩子们都很高兴。")
    near, away = (counted(own, code("x"), instructions=CHINESE).topic for own in (same, other))
    assert near is not None
    assert away is not None
    assert away < 0.12 < 0.3 < near


@pytest.mark.parametrize(("instructions", "own"), [(ENGLISH, GERMAN * 3), (CHINESE, GERMAN * 3)])
def test_few_terms_in_another_language_are_only_flagged(instructions: str, own: str) -> None:
    """Who explains in German what was asked in English is not off topic for that; a model that says so is believed."""
    opened = case(text(own), code(LINES, stream("6")), instructions=instructions)
    assert opened.counts.topic is not None
    assert opened.counts.topic < RUBRIC.notebook.off_topic_share
    report = graded(opened, 9, 9)
    assert (report.score, codes(report), [flag.code for flag in report.flags]) == (9, [], ["few_terms"])
    said = graded(opened, 9, 9, topic="other")
    assert (said.score, codes(said), [flag.code for flag in said.flags]) == (2, ["off_topic"], ["off_topic"])


def test_whoever_writes_a_name_that_was_asked_for_is_not_off_topic() -> None:
    """However few of the words are there."""
    task = "Write the function `f`. " + ENGLISH
    own = text("It was a joy, and then there was this: what you see is all that I did in the end.")
    for name, guards in (("f", []), ("g", ["off_topic"])):
        report = graded(case(own, code(f"def {name}(x): y\n" + "z\n" * 5), instructions=task), 9)
        assert [code for code in codes(report) if code == "off_topic"] == guards
