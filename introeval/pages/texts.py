"""What was read on a page: lines with a confidence, and where they are. Values and their JSON; pure.

``confidence``: 0 to 1; the reader's own estimate, of a line, and of a page (the mean over its characters). ``box``:
left, top, right and bottom as shares of the page's width and height; vision models do not say where a line is.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from introeval.pages.errors import PageReaderError

Box = tuple[float, float, float, float]
LINE_CHARS = 500
"""Longer lines are cut: no line on paper has as many characters."""

LINES_MAX = 300
"""Lines of one page."""

INK_SHARE = 0.0004
"""Share of ink from which a page is not blank: two handwritten words on A4 have about 0.001."""

UNSURE = 0.7
"""Below this confidence a page should be read by a person."""


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line, in the reader's words."""

    text: str
    confidence: float
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class PageText:
    """One page. ``page`` counts from 1, of ``of``. ``engine``: ``rapidocr``, or the vision model's name.

    ``inked``: something is on it, as its reader or its image says. A page with ink and without a line was not read:
    nobody may take it for blank.
    """

    page: int
    engine: str
    confidence: float
    lines: tuple[TextLine, ...]
    inked: bool = True
    of: int = 1

    @property
    def blank(self) -> bool:
        """Nothing is on it."""
        return not self.lines and not self.inked

    @property
    def unsure(self) -> bool:
        """A person should look at it."""
        return not self.blank and self.confidence < UNSURE


def settled(page: PageText, ink: float, of: int) -> PageText:
    """What was read, with what the image itself shows; a page on which neither found anything is surely blank."""
    inked = page.inked or ink > INK_SHARE
    return replace(page, of=of, inked=inked, confidence=page.confidence if inked else 1.0)


def whole(pages: Sequence[PageText]) -> bool:
    """Whether every page of a submission is there."""
    return bool(pages) and {page.page for page in pages} == set(range(1, pages[0].of + 1))


def mean_confidence(lines: Sequence[TextLine]) -> float:
    """The mean over the characters of the lines; 0 without any."""
    weights = [len(line.text) for line in lines]
    if not sum(weights):
        return 0.0
    total = sum(line.confidence * weight for line, weight in zip(lines, weights, strict=True))
    return round(min(1.0, max(0.0, total / sum(weights))), 4)


def lines_to_json(page: PageText) -> str:
    """The lines of a page, and what else is known of it, as one JSON text."""
    lines = [{"text": line.text, "confidence": line.confidence, "box": line.box} for line in page.lines]
    return json.dumps({"of": page.of, "inked": page.inked, "lines": lines}, ensure_ascii=False)


def page_from_json(page: int, engine: str, confidence: float, lines: str) -> PageText:
    """The page that ``lines_to_json`` wrote. Raises ``PageReaderError`` when it did not."""
    try:
        kept = json.loads(lines)
        found = tuple(line_from(item) for item in kept["lines"])
        return PageText(page, engine, confidence, found, bool(kept["inked"]), int(kept["of"]))
    except (ValueError, KeyError, TypeError) as error:
        raise PageReaderError(f"what was read on page {page} cannot be understood any more") from error


def line_from(item: dict[str, object]) -> TextLine:
    """One line from JSON: bounded, its numbers in range. Raises ``KeyError``, ``TypeError`` or ``ValueError``."""
    box, confidence = item.get("box"), item["confidence"]
    if not isinstance(confidence, int | float):
        raise TypeError("a confidence is a number")
    whole = " ".join(str(item["text"]).split())[:LINE_CHARS]
    return TextLine(whole, min(1.0, max(0.0, float(confidence))), None if box is None else _box(box))


def _box(box: object) -> Box:
    if not isinstance(box, list | tuple):
        raise TypeError("a box is four numbers")
    left, top, right, bottom = (round(min(1.0, max(0.0, float(value))), 4) for value in box)
    return (left, top, right, bottom)
