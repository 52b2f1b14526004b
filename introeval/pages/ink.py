"""How much is on a page image that we made, whatever it is: writing, a drawing, a formula. In the child processes only.

The rules:

1. Ink is what stands out from the paper *around it*, darker or lighter: a white stroke on a black page is ink, the dark
   side of a photo is not.
2. Borders, where photos show the desk, do not count.
3. It is measured on the page as it was written to the disk, never on the upload: 16 bits, a transparent ground and the
   like are gone there.
4. When in doubt it is ink. A page that is called inked and is not costs a teacher a look, the other way round costs a
   student the marks.
"""

from PIL import Image, ImageChops, ImageFilter

SIDE = 1000
"""Pixels of the long side at which it is looked: half a millimetre, a thin pen, is almost two; grain is averaged."""

CELL, WINDOW = 8, 9
"""The paper around a pixel is the median of 9 x 9 cells of 8 x 8 pixels, 2 cm of A4: it follows light and the edges of
shadows, and no stroke is as broad."""

SHARE, LEAST = 5, 25
"""Ink differs from the paper by a fifth of its level and by 25 levels at least.

The rules of the sample pages are 16 % darker than their paper at most; a pencil (grey 170 on white) is 33 % darker, in
any light. Measured: at 25 levels alone the blank sample has 0.01 of ink, its rules; at a fifth none, and a pencil's
thin drawing four times what is asked for (``texts.INK_SHARE``). Grain of 8 levels and JPEG's marks never reach 25.
"""


def ink(page: Image.Image) -> float:
    """The share of the page's pixels that are ink."""
    seen = page.convert("L")
    seen.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
    wide, high = seen.size
    cells = seen.resize((max(1, wide // CELL), max(1, high // CELL)), Image.Resampling.BOX)
    paper = cells.filter(ImageFilter.MedianFilter(WINDOW)).resize(seen.size, Image.Resampling.BILINEAR)
    asked = paper.point(lambda level: max(LEAST, level // SHARE) - 1)
    beyond = ImageChops.subtract(ImageChops.difference(seen, paper), asked)
    inner = beyond.crop((wide // 20, high // 20, wide - wide // 20, high - high // 20))
    levels = inner.histogram()
    return sum(levels[1:]) / sum(levels)
