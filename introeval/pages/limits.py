"""What pages are accepted, and how much a process that reads them may use. Values only."""

from dataclasses import dataclass

MIB = 1024 * 1024

IMAGE_TYPES = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WebP", "image/heic": "HEIC"}
"""Media type to the name that people know."""

EXTENSIONS = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".heic": "image/heic",
    ".heif": "image/heic",
    ".pdf": "application/pdf",
}
"""What a file's name promises. A name that is not here promises nothing."""

READABLE_IMAGES = "JPEG, PNG, WebP or HEIC"


@dataclass(frozen=True, slots=True, kw_only=True)
class PageLimits:
    """``image_bytes``: of one picture. ``max_pixels``: of one picture, before it is decoded. ``max_ratio``: of its
    long side to its short one. ``long_side``: pixels of the images that we make (2,000 are 170 dots per inch of A4;
    the embedded text recognition reads no more).
    ``max_pages``: of one submission. ``file_bytes``: of a PDF or of several pictures together.

    ``check_seconds``, ``render_seconds``: wall clock, generous, since a busy machine is no fault of the file.
    ``cpu_seconds``: of one picture, and of one page (a scan takes 0.3, a photo of 50 megapixels 1.5, a full page of
    drawings 1). ``document_cpu_seconds``: of all pages together. ``memory``: bytes of address space.
    """

    image_bytes: int = 10 * MIB
    max_pixels: int = 64_000_000
    max_ratio: int = 20
    long_side: int = 2000
    max_pages: int = 40
    file_bytes: int = 100 * MIB
    check_seconds: float = 60.0
    render_seconds: float = 300.0
    cpu_seconds: int = 10
    document_cpu_seconds: int = 90
    memory: int = 2048 * MIB
