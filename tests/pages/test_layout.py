"""Boxes become lines in reading order, however the page lay under the camera."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from introeval.pages.layout import Found, Point, in_order, mostly_tall
from introeval.pages.texts import (
    LINE_CHARS,
    PageText,
    TextLine,
    line_from,
    lines_to_json,
    mean_confidence,
    page_from_json,
    settled,
    whole,
)

WIDTH, HEIGHT = 1400, 2000


def box(text: str, left: float, top: float, width: float, height: float = 40, degrees: float = 0) -> Found:
    """A stretch of text on a page that is turned by ``degrees`` around its middle."""
    angle = math.radians(degrees)

    def turned(x: float, y: float) -> Point:
        x, y = x - WIDTH / 2, y - HEIGHT / 2
        return (
            x * math.cos(angle) - y * math.sin(angle) + WIDTH / 2,
            x * math.sin(angle) + y * math.cos(angle) + HEIGHT / 2,
        )

    right, bottom = left + width, top + height
    corners = (turned(left, top), turned(right, top), turned(right, bottom), turned(left, bottom))
    return Found(text, 0.9, corners)


@settings(max_examples=200, deadline=None)
@given(
    rows=st.lists(st.lists(st.integers(2, 12), min_size=1, max_size=3), min_size=1, max_size=25),
    degrees=st.floats(-4, 4),
    data=st.data(),
)
def test_lines_come_in_reading_order(rows: list[list[int]], degrees: float, data: st.DataObject) -> None:
    """Words of a row are joined from left to right, rows come from top to bottom, at any small angle."""
    found, wanted = list[Found](), list[str]()
    for at, words in enumerate(rows):
        left, texts = 80.0, list[str]()
        for index, length in enumerate(words):
            text = f"{at}.{index}".ljust(length, "x")
            found.append(box(text, left, 60 + 70 * at, 30.0 * length, degrees=degrees))
            texts.append(text)
            left += 30.0 * length + 60
        wanted.append(" ".join(texts))
    lines = in_order(data.draw(st.permutations(found)), WIDTH, HEIGHT)
    assert [line.text for line in lines] == wanted


def test_two_columns_are_not_joined() -> None:
    """What is far apart on one line stays two lines, the left one first."""
    lines = in_order([box("right", 900, 100, 200), box("left", 80, 102, 200)], WIDTH, HEIGHT)
    assert [line.text for line in lines] == ["left", "right"]


def test_boxes_are_shares_of_the_page() -> None:
    """So that a region can be shown on any copy of the page."""
    (line,) = in_order([box("a", 140, 200, 280), box("b", 460, 200, 100)], WIDTH, HEIGHT)
    assert line == TextLine("a b", 0.9, (0.1, 0.1, 0.4, 0.12))
    assert in_order([], WIDTH, HEIGHT) == ()


def test_a_page_on_its_side_is_noticed() -> None:
    """Most of the text runs upwards."""
    tall = box("tall", 100, 100, 40, 400)
    assert mostly_tall([tall, tall, box("wide", 0, 0, 300)])
    assert not mostly_tall([tall, box("wide", 0, 0, 300)])


@given(
    st.lists(
        st.builds(
            TextLine,
            st.text(st.characters(exclude_categories=["Cs"])).map(
                lambda text: " ".join(text.split())[:LINE_CHARS]
            ),
            st.floats(0, 1),
            st.none() | st.just((0.1, 0.2, 0.3, 0.4)),
        )
    ),
    st.booleans(),
)
def test_what_was_read_survives_the_tables(lines: list[TextLine], inked: bool) -> None:
    """JSON and back."""
    page = PageText(3, "rapidocr", 0.5, tuple(lines), inked, of=7)
    assert page_from_json(3, "rapidocr", 0.5, lines_to_json(page)) == page


def test_confidence_is_weighed_by_length_and_bounded() -> None:
    """A long sure line outweighs a short unsure one; numbers of a model are put in range."""
    lines = [TextLine("x" * 9, 1.0), TextLine("x", 0.0)]
    assert mean_confidence(lines) == pytest.approx(0.9)
    assert mean_confidence([]) == 0.0
    assert line_from({"text": "a\nb", "confidence": 7}) == TextLine("a b", 1.0)
    with pytest.raises(TypeError):
        line_from({"text": "a", "confidence": "sure"})
    assert PageText(1, "x", 0.4, tuple(lines)).unsure


def test_a_page_with_ink_and_without_lines_is_not_blank() -> None:
    """What nobody could read is never taken for nothing."""
    nothing = PageText(1, "x", 0.0, (), inked=False)
    assert settled(nothing, 0.0001, 3) == PageText(1, "x", 1.0, (), inked=False, of=3)
    assert settled(nothing, 0.0001, 3).blank
    assert not settled(nothing, 0.01, 3).blank
    assert settled(nothing, 0.01, 3).unsure
    faint = PageText(1, "x", 0.0, (), inked=True)
    assert settled(faint, 0.0, 1).unsure, "its reader saw something, though it is too faint for ink"


def test_whole_means_every_page() -> None:
    """As many as there are, each once."""
    pages = [PageText(number, "x", 1.0, (), of=3) for number in (1, 2, 3)]
    assert whole(pages)
    assert not whole(pages[:2])
    assert not whole([])
