"""The embedded text recognition, for real: its own models, in its own process."""

import os
from contextlib import aclosing
from pathlib import Path

import pytest
from PIL import Image

from introeval.pages.documents import PageImage
from introeval.pages.errors import PageReaderError
from introeval.pages.ocr import OcrLimits, PageReader
from introeval.pages.texts import PageText
from tests.pages.pictures import put, written

LINES = ["Question 1", "A stack is last in, first out: a[i] = 5", "A queue is first in, first out"]


def image(folder: Path, number: int, page: Image.Image) -> PageImage:
    """A page image as the daemon makes it."""
    path = folder / f"{number}.jpg"
    page.save(path, quality=85)
    return PageImage(number, path, page.width, page.height)


async def read(pages: list[PageImage], limits: OcrLimits | None = None) -> list[PageText]:
    """All pages."""
    async with aclosing(PageReader(limits).read(pages)) as found:
        return [page async for page in found]


async def test_a_rendered_page_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crooked page: its lines in order, with places and a confidence; and a blank one. No network is needed."""
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setitem(os.environ, name, "http://127.0.0.1:9")
    crooked = written(LINES).rotate(1.5, fillcolor="white")
    first, second = await read(
        [image(tmp_path, 1, crooked), image(tmp_path, 2, Image.new("RGB", (600, 400), "white"))]
    )
    assert [line.text for line in first.lines] == LINES
    assert first.confidence > 0.9
    assert first.engine == "rapidocr"
    boxes = [line.box for line in first.lines]
    tops = [box[1] for box in boxes if box is not None]
    assert len(tops) == 3
    assert tops == sorted(tops)
    assert second == PageText(2, "rapidocr", 0.0, (), inked=False)


async def test_a_child_that_fails_says_why(tmp_path: Path) -> None:
    """A page image that is none (only we make them) ends the child; its last words are in the error."""
    path = put(tmp_path, b"no picture")
    with pytest.raises(PageReaderError, match=r"ended at page 1: .*cannot identify image file"):
        await read([PageImage(1, path, 10, 10)])


async def test_a_child_that_hangs_is_killed(tmp_path: Path) -> None:
    """No time at all for a page: the attempt fails, and the lock is free again."""
    pages = [image(tmp_path, 1, written(LINES))]
    reader = PageReader(OcrLimits(page_seconds=0))
    for _ in range(2):
        with pytest.raises(PageReaderError, match="was not read within 0 s"):
            async with aclosing(reader.read(pages)) as found:
                await anext(found)
