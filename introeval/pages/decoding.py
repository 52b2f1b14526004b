"""Inside the child: pictures of four formats decoded, and nothing else. Never imported by the daemon.

The rules:

1. The first bytes decide what a file is, and only that one decoder gets it.
2. The size is checked before a pixel is decoded; then the whole picture is decoded, for only that shows a cut file.
3. What is written is a plain JPEG of bounded size, upright, without metadata, on white (on black where light
   strokes on nothing came).
4. A JPEG with further pictures behind the first one (phones put previews and depth there) is the first one. Frames of
   the other formats are an animation or a burst, and are refused.
"""

import io
from pathlib import Path
from typing import IO, Any

from PIL import Image, ImageOps, ImageStat, UnidentifiedImageError

from introeval.pages.errors import AnimatedImageError, BrokenPagesError, PagesTooLargeError, UnknownPagesError
from introeval.pages.limits import READABLE_IMAGES, PageLimits

JPEG_QUALITY = 88
LIGHT = 170
"""The mean level from which strokes on a transparent ground need a dark one."""

UNKNOWN = (
    "This file is no picture or document that can be read here, whatever its name says. "
    f"Send photos as {READABLE_IMAGES}, or one PDF."
)
BROKEN = (
    "This file is damaged or was cut off on its way. Open it on your own machine; if it opens there, send it again, "
    "otherwise take the photo or the scan again."
)
ANIMATED = (
    "This picture has {frames} frames; a page is one still picture. "
    "Save the frame that you mean as a JPEG and send that."
)
TOO_LARGE = (
    "This picture has {width} x {height} pixels; at most {most} megapixels are accepted, and sides of at most 1 to "
    "{ratio}. Make it smaller and send it again."
)
_FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP", "image/heic": "HEIF"}
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}

# The size of a picture has our own check, after the header was read and before a pixel is decoded.
Image.MAX_IMAGE_PIXELS = None


HEAD_BYTES = 1024
"""Of a file, by which its type is known: a PDF may have as many in front, such as the header of a mail (ISO 32000-1,
Adobe's implementation note 13).
"""


def media_type(head: bytes) -> str | None:
    """The type of a file by its first ``HEAD_BYTES``; ``None``: none that anybody accepts here."""
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS:
        return "image/heic"
    if head.startswith(b"PK\x03\x04"):
        return "application/zip"
    return "application/pdf" if b"%PDF-" in head else None


def look(file: IO[bytes], limits: PageLimits) -> tuple[Image.Image, dict[str, Any]]:
    """The decoded, upright picture, and what it is. Raises ``PagesRejectedError`` and ``MemoryError``."""
    file.seek(0)
    found = media_type(file.read(HEAD_BYTES))
    if found not in _FORMATS:
        raise UnknownPagesError(UNKNOWN)
    file.seek(0)
    if found == "image/heic":
        _know_heic()
    try:
        picture = Image.open(file, formats=(_FORMATS[found],))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
        raise BrokenPagesError(BROKEN) from None
    frames = 1 if found == "image/jpeg" else getattr(picture, "n_frames", 1)
    width, height = picture.size
    if frames > 1:
        raise AnimatedImageError(ANIMATED.format(frames=frames))
    if width * height > limits.max_pixels or max(width, height) > limits.max_ratio * min(width, height):
        most = limits.max_pixels // 1_000_000
        raise PagesTooLargeError(
            TOO_LARGE.format(width=width, height=height, most=most, ratio=limits.max_ratio)
        )
    upright = _decode(picture, limits)
    turned = (upright.width > upright.height) != (width > height)
    size = (height, width) if turned else (width, height)
    return upright, {"media_type": found, "width": size[0], "height": size[1], "frames": frames}


def save(picture: Image.Image, target: Path, limits: PageLimits) -> Image.Image:
    """Write the picture as rule 3 says; returns what was written. Raises ``OSError`` when the disk fails."""
    plain = _flattened(picture)
    plain.thumbnail((limits.long_side, limits.long_side), Image.Resampling.LANCZOS)
    plain.info.clear()
    # Not to the file itself: Pillow's encoder takes a write that a full disk cut short for a whole one (13.0, JPEG).
    made = io.BytesIO()
    plain.save(made, "JPEG", quality=JPEG_QUALITY)
    target.write_bytes(made.getbuffer())
    return plain


def _know_heic() -> None:
    import pillow_heif

    pillow_heif.register_heif_opener()


def _decode(picture: Image.Image, limits: PageLimits) -> Image.Image:
    try:
        # A JPEG can be decoded at a half, a quarter or an eighth, which saves memory, and is read to its end anyway.
        picture.draft(None, (limits.long_side, limits.long_side))
        picture.load()
        upright = ImageOps.exif_transpose(picture)
    except (
        OSError,
        ValueError,
        SyntaxError,
        ArithmeticError,
        IndexError,
        TypeError,
        AttributeError,
        EOFError,
    ):
        # Pillow's decoders answer damage with any of these.
        raise BrokenPagesError(BROKEN) from None
    return upright


def _flattened(picture: Image.Image) -> Image.Image:
    """Three channels of 8 bits, without transparency."""
    if picture.mode.startswith("I;16") or picture.mode in ("I", "F"):
        picture = picture.convert("I").point(lambda value: value / 256).convert("L")
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        layered = picture.convert("RGBA")
        ground = Image.new("RGBA", layered.size, _ground(layered))
        picture = Image.alpha_composite(ground, layered)
    return picture.convert("RGB")


def _ground(layered: Image.Image) -> str:
    """White paper; black under light strokes on nothing (a note app's dark mode), which would vanish on white."""
    alpha = layered.getchannel("A")
    drawn = ImageStat.Stat(layered.convert("L"), mask=alpha.point(lambda value: 255 * (value > 127)))
    sparse = ImageStat.Stat(alpha).mean[0] < 128
    return "black" if sparse and drawn.count[0] and drawn.mean[0] > LIGHT else "white"
