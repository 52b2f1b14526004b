"""Boxes of text on a page, put into reading order: from top to bottom, from left to right within a line. Pure.

A photo is rarely straight: on a page that is turned by one degree, the right end of a line is as high as the left end
of its neighbour. So the boxes' own slope is taken out first; what then overlaps in height is one line.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from introeval.pages.texts import Box, TextLine

Point = tuple[float, float]
WIDE_GAP = 4.0
"""Heights of a line; what is further apart is not joined, though it may be on one line (two columns)."""


@dataclass(frozen=True, slots=True)
class Found:
    """A stretch of text. ``corners``: in pixels, from the upper left one clockwise."""

    text: str
    confidence: float
    corners: tuple[Point, Point, Point, Point]

    @property
    def height(self) -> float:
        """Of the text itself, in pixels."""
        (_, a), (_, b), (_, c), (_, d) = self.corners
        return max(1.0, ((d - a) + (c - b)) / 2)

    @property
    def slope(self) -> float:
        """Of its upper edge: pixels down for each pixel to the right."""
        (left, top), (right, lower), *_ = self.corners
        return (lower - top) / max(1.0, right - left)

    @property
    def left(self) -> float:
        return min(x for x, _ in self.corners)

    @property
    def right(self) -> float:
        return max(x for x, _ in self.corners)

    def level(self, slope: float) -> float:
        """How far down its middle is, once the page is straight."""
        xs, ys = [x for x, _ in self.corners], [y for _, y in self.corners]
        return sum(ys) / 4 - slope * sum(xs) / 4


def in_order(found: Sequence[Found], width: int, height: int) -> tuple[TextLine, ...]:
    """The lines of a page of ``width`` x ``height`` pixels."""
    if not found:
        return ()
    # Short words have no slope worth the name.
    long = [item for item in found if item.right - item.left > 3 * item.height]
    slope = median(item.slope for item in long or found)
    rows: list[list[Found]] = []
    for item in sorted(found, key=lambda one: one.level(slope)):
        if rows and _same_row(rows[-1], item, slope):
            rows[-1].append(item)
        else:
            rows.append([item])
    return tuple(
        _line(part, width, height) for row in rows for part in _parts(sorted(row, key=lambda o: o.left))
    )


def mostly_tall(found: Sequence[Found]) -> bool:
    """Whether the text runs up or down the page: the page lies on its side."""
    tall = sum(item.height > 1.5 * (item.right - item.left) for item in found)
    return 2 * tall > len(found)


def _same_row(row: Sequence[Found], item: Found, slope: float) -> bool:
    other = row[0]
    near = abs(item.level(slope) - other.level(slope)) < 0.5 * min(item.height, other.height)
    # Two words above each other are two lines, however near they are.
    return near and all(
        item.left >= one.right - one.height or item.right <= one.left + one.height for one in row
    )


def _parts(row: Sequence[Found]) -> list[list[Found]]:
    parts = [[row[0]]]
    for item in row[1:]:
        before = parts[-1][-1]
        if item.left - before.right > WIDE_GAP * max(item.height, before.height):
            parts.append([item])
        else:
            parts[-1].append(item)
    return parts


def _line(part: Sequence[Found], width: int, height: int) -> TextLine:
    text = " ".join(item.text for item in part)
    weight = sum(len(item.text) for item in part) or 1
    confidence = sum(item.confidence * len(item.text) for item in part) / weight
    xs = [x for item in part for x, _ in item.corners]
    ys = [y for item in part for _, y in item.corners]
    box: Box = (min(xs) / width, min(ys) / height, max(xs) / width, max(ys) / height)
    left, top, right, bottom = (round(min(1.0, max(0.0, value)), 4) for value in box)
    return TextLine(text, round(confidence, 4), (left, top, right, bottom))
