"""Makes the sample pages of this folder from ``texts/`` and ``manifest.json``: ruled paper, blue ink, a slight tilt.

Needs Pillow and pillow-heif only; the font is Pillow's own, and each letter is set by itself, a little off, as a hand
would. Run ``python samples/pages/make.py``; the pages are committed, so nobody needs to. The same seed gives the same
pages.
"""

import json
import random
from pathlib import Path

import pillow_heif
from PIL import Image, ImageDraw, ImageFont, ImageOps

HERE = Path(__file__).parent
SEED = 20_260
SIZE = (900, 1273)
"""Pixels of A4 at 109 dots per inch: small files that can still be read."""

LEFT, TOP, LEADING, LETTER = 80, 96, 46, 27
PAPER, RULE, INK = (250, 248, 240), (205, 214, 226), (28, 38, 110)
QUALITY = 62


def paper() -> Image.Image:
    """An empty sheet with lines."""
    sheet = Image.new("RGB", SIZE, PAPER)
    draw = ImageDraw.Draw(sheet)
    for level in range(TOP, SIZE[1] - 60, LEADING):
        draw.line((50, level, SIZE[0] - 50, level), fill=RULE)
    return sheet


def write(sheet: Image.Image, lines: list[str], chance: random.Random) -> None:
    """The lines, letter by letter: size, height and place vary a little."""
    draw = ImageDraw.Draw(sheet)
    fonts = [ImageFont.load_default(size=LETTER + extra) for extra in (-1, 0, 0, 1)]
    for row, line in enumerate(lines):
        at = LEFT + chance.uniform(-4, 4)
        for letter in line:
            font = chance.choice(fonts)
            base = TOP + row * LEADING - 6 + chance.uniform(-1.2, 1.2)
            ink = (*(min(255, level + chance.randrange(26)) for level in INK),)
            draw.text((at, base), letter, font=font, fill=ink, anchor="ls")
            at += font.getlength(letter) + chance.uniform(0.0, 1.2)


def photographed(sheet: Image.Image, tilt: float, chance: random.Random) -> Image.Image:
    """As a camera sees it: tilted, darker at one side, grainy."""
    turned = sheet.rotate(tilt, resample=Image.Resampling.BICUBIC, fillcolor=(214, 210, 200))
    light = Image.linear_gradient("L").resize(SIZE).point(lambda level: 255 - level // 7)
    if chance.random() < 0.5:
        light = light.transpose(Image.Transpose.ROTATE_180)
    shaded = Image.composite(turned, Image.new("RGB", SIZE, (120, 116, 110)), light)
    dots = bytes(max(0, min(255, round(chance.gauss(128, 24)))) for _ in range(SIZE[0] * SIZE[1] // 4))
    grain = Image.frombytes("L", (SIZE[0] // 2, SIZE[1] // 2 + SIZE[1] % 2), _padded(dots))
    return Image.blend(shaded, grain.resize(SIZE).convert("RGB"), 0.06)


def _padded(dots: bytes) -> bytes:
    wanted = (SIZE[0] // 2) * (SIZE[1] // 2 + SIZE[1] % 2)
    return (dots + dots)[:wanted]


def store(pages: list[Image.Image], target: Path) -> None:
    """In the format that the name says; several pages make a PDF."""
    first, rest = pages[0], pages[1:]
    if target.suffix == ".pdf":
        first.save(target, "PDF", save_all=True, append_images=rest, resolution=109, quality=QUALITY)
    elif target.suffix == ".png":
        # Without this a noisy PNG is ten times a JPEG.
        ImageOps.posterize(first.convert("L"), 4).save(target, "PNG", optimize=True)
    else:
        first.save(target, quality=QUALITY)


def main() -> None:
    """Make every sample that the manifest names."""
    pillow_heif.register_heif_opener()
    for at, entry in enumerate(json.loads((HERE / "manifest.json").read_text(encoding="utf-8"))):
        chance = random.Random(SEED + at)
        pages = []
        for part in (HERE / "texts" / entry["text"]).read_text(encoding="utf-8").split("----\n"):
            sheet = paper()
            write(sheet, part.splitlines(), chance)
            pages.append(photographed(sheet, entry["tilt"], chance))
        store(pages, HERE / entry["file"])


if __name__ == "__main__":
    main()
