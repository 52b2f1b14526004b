"""``introeval.pages.ocr_child JOB``: reads page images with rapidocr; one JSON line for each page.

Started by ``stt.sandbox``, so it is confined: it can read those images and the libraries, and write nothing.

The rules:

1. It reads only JPEGs that the daemon made (``introeval.pages.decoding``).
2. It never downloads: the three models are the files in rapidocr's own wheel, or it ends with a reason.
3. A page is read as it lies. One whose lines run upwards is turned, and one that cannot be read is tried upside down.
   (rapidocr's own classifier turns each line by itself, and would leave the lines in the wrong order.)
4. A page on which no text was found is not blank when there is ink on it: a drawing is an answer too. This is measured
   here, on the very page that was read, so that whoever has pages read may rely on it.
5. Standard output carries pages and nothing else; the library's words go to standard error.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from introeval.pages.ink import ink
from introeval.pages.layout import Found, Point, in_order, mostly_tall
from introeval.pages.texts import INK_SHARE, LINES_MAX, PageText, lines_to_json, mean_confidence

ENGINE = "rapidocr"
POOR = 0.6
"""Below this confidence a page is tried upside down."""

LEAST_SCORE = 0.3
"""A stretch that the recogniser trusts less is not taken for text, but for something that it could not read.

(rapidocr's own limit of 0.5 drops handwriting.)
"""


class Reader:
    """rapidocr with its own models, on ``threads`` threads. Raises ``FileNotFoundError`` without the models."""

    def __init__(self, threads: int) -> None:
        import cv2
        import rapidocr

        cv2.setNumThreads(threads)
        folder = Path(rapidocr.__file__).parent / "models"
        params: dict[str, Any] = {
            "Global.log_level": "error",
            "Global.use_cls": False,
            "Global.text_score": 0.0,
            "EngineConfig.onnxruntime.intra_op_num_threads": threads,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
        for part, pattern in (("Det", "*_det_*.onnx"), ("Rec", "*_rec_*.onnx")):
            models = sorted(folder.glob(pattern))
            if len(models) != 1:
                raise FileNotFoundError(f"rapidocr's wheel has {len(models)} models like {pattern}, not one")
            params[f"{part}.model_path"] = str(models[0])
        self._engine = rapidocr.RapidOCR(params=params)

    def read(self, number: int, path: str) -> PageText:
        """What is on the page image at ``path``."""
        from PIL import Image

        with Image.open(path, formats=("JPEG",)) as file:
            picture = file.convert("RGB")
        best = self._look(picture)
        if mostly_tall(best):
            turns = [
                picture.transpose(Image.Transpose.ROTATE_90),
                picture.transpose(Image.Transpose.ROTATE_270),
            ]
            best, picture = max(((self._look(turn), turn) for turn in turns), key=lambda one: _trust(one[0]))
        elif best and _trust(best) < POOR:
            turned = picture.transpose(Image.Transpose.ROTATE_180)
            best = max(best, self._look(turned), key=_trust)
        sure = [found for found in best if found.confidence >= LEAST_SCORE]
        lines = in_order(sure, picture.width, picture.height)[:LINES_MAX]
        inked = bool(best) or ink(picture) > INK_SHARE
        return PageText(number, ENGINE, mean_confidence(lines), lines, inked)

    def _look(self, picture: Any) -> list[Found]:
        import numpy
        from rapidocr.utils.output import RapidOCROutput

        # OpenCV's order of channels.
        seen = self._engine(numpy.ascontiguousarray(numpy.asarray(picture)[:, :, ::-1]))
        if not isinstance(seen, RapidOCROutput) or seen.boxes is None or not seen.txts or not seen.scores:
            return []
        return [
            Found(" ".join(text.split()), float(score), _corners(box))
            for box, text, score in zip(seen.boxes, seen.txts, seen.scores, strict=True)
            if text.strip()
        ]


def _corners(box: Any) -> tuple[Point, Point, Point, Point]:
    first, second, third, fourth = ((float(x), float(y)) for x, y in box)
    return first, second, third, fourth


def _trust(found: list[Found]) -> float:
    weight = sum(len(item.text) for item in found)
    return sum(item.confidence * len(item.text) for item in found) / weight if weight else 0.0


def main(argument: str) -> None:
    """Load, then read one page after the other."""
    job = json.loads(argument)
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    reader = Reader(job["threads"])
    for number, path in job["pages"]:
        page = reader.read(number, path)
        line = {"page": number, "engine": ENGINE, "confidence": page.confidence, "lines": lines_to_json(page)}
        out.write(json.dumps(line).encode() + b"\n")


if __name__ == "__main__":
    main(sys.argv[1])
