"""What counts as something on a page: strokes of any colour and kind of file, and neither light, grain nor rules."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from introeval.pages.documents import render_pages
from introeval.pages.texts import INK_SHARE
from tests.pages.pictures import drawing, encoded, put

WIDE, HIGH = 707, 1000
PAPER = 245


def transparent(stroke: tuple[int, int, int] = (20, 20, 80)) -> bytes:
    """As a note-taking application exports it: strokes on nothing."""
    page = Image.new("RGBA", drawing().size, (0, 0, 0, 0))
    page.paste((*stroke, 255), mask=ImageOps.invert(drawing()))
    return encoded(page, "PNG")


def scanned() -> bytes:
    """A grey scan of 16 bits."""
    deep = drawing().convert("I").point(lambda value: value * 257)
    return encoded(deep.convert("I;16"), "PNG")


@pytest.mark.parametrize(
    "data",
    [
        encoded(drawing(), "JPEG"),
        scanned(),
        transparent(),
        transparent((250, 250, 240)),
        encoded(ImageOps.invert(drawing()), "JPEG"),
        encoded(drawing(170), "JPEG", quality=50),
        encoded(drawing(85, 122), "JPEG", quality=50),
    ],
    ids=[
        "pen",
        "16 bits",
        "transparent",
        "white on nothing",
        "white on black",
        "pencil",
        "pencil in the dark",
    ],
)
async def test_a_drawing_is_ink(data: bytes, tmp_path: Path) -> None:
    """Whatever file it comes in: ink is what stands out on the page that was made of it."""
    (page,) = await render_pages(put(tmp_path, data), tmp_path)
    assert page.ink > 5 * INK_SHARE


def ruled(level: int, every: int = 33) -> Image.Image:
    """Paper with printed lines."""
    page = Image.new("L", (WIDE, HIGH), PAPER)
    for at in range(80, HIGH, every):
        ImageDraw.Draw(page).line((0, at, WIDE, at), fill=level)
    return page


def uneven(page: Image.Image) -> Image.Image:
    """In the light of a lamp at one side: 40 % of it at the other."""
    light = Image.linear_gradient("L").resize(page.size).point(lambda level: 255 - level * 6 // 10)
    return ImageChops.multiply(page, light)


def shaded(page: Image.Image) -> Image.Image:
    """Half under the shadow of a hand, soft at its edge."""
    shadow = Image.new("L", page.size, 255)
    ImageDraw.Draw(shadow).polygon([(0, 300), (WIDE, 700), (WIDE, HIGH), (0, HIGH)], fill=140)
    return ImageChops.multiply(page, shadow.filter(ImageFilter.GaussianBlur(6)))


def shown_through(page: Image.Image) -> Image.Image:
    """The other side's writing, an eighth darker than the paper."""
    draw = ImageDraw.Draw(page)
    for at in range(80, HIGH - 80, 40):
        draw.text((70, at), "the other side of this sheet shows through", fill=PAPER * 7 // 8, font_size=20)
    return page


@pytest.mark.parametrize(
    "change", [uneven, shaded, shown_through], ids=["uneven light", "shadow", "other side"]
)
@pytest.mark.parametrize("rule", [PAPER, 210], ids=["plain", "ruled"])
async def test_empty_paper_is_none(
    rule: int, change: Callable[[Image.Image], Image.Image], tmp_path: Path
) -> None:
    """As a phone sees it, with grain (8 levels at twice this size) and the marks of its compression."""
    page, chance = change(ruled(rule)), random.Random(1)
    dots = bytes(max(0, min(255, round(chance.gauss(128, 4)))) for _ in range(WIDE * HIGH))
    grainy = ImageChops.add(page, Image.frombytes("L", page.size, dots), offset=-128)
    (made,) = await render_pages(put(tmp_path, encoded(grainy, "JPEG", quality=50)), tmp_path)
    assert made.ink < INK_SHARE / 2
