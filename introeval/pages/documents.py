"""A handed-in file as page images: a PDF, one picture, or several photos in their order (``bundle``).

A child process does the reading (``introeval.pages.child``), within limits. Call these from the event loop's own
thread.
"""

import shutil
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from introeval.pages.errors import PageReaderError, PagesRejectedError
from introeval.pages.images import ask_child, refuse_mislabelled, require_size
from introeval.pages.job import entry_name, job_of, page_name
from introeval.pages.limits import PageLimits

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time that a ZIP entry has at least; the same photos make the same archive."""

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class DocumentFacts:
    """``media_type``: by content; ``application/zip`` is our own archive of photos. ``pages``: at least 1."""

    media_type: str
    pages: int


@dataclass(frozen=True, slots=True)
class PageImage:
    """One page, as a JPEG that we made. ``number`` counts from 1, in the student's order. Sizes in pixels.

    ``ink``: the share of its pixels that stand out from the paper (``introeval.pages.ink``).
    """

    number: int
    path: Path
    width: int
    height: int
    ink: float = 1.0


async def inspect_document(
    path: str | Path, *, claimed: str | None = None, limits: PageLimits | None = None
) -> DocumentFacts:
    """What was handed in, and how many pages it has; asked before an upload is accepted. Photos are decoded whole.

    ``claimed``: the upload's file name or media type. Raises a ``PagesRejectedError`` that says what is wrong and what
    to do, or ``PageReaderError`` when nobody could tell.
    """
    media_type, sizes = await _document(Path(path), None, limits or PageLimits())
    refuse_mislabelled(claimed, media_type)
    return DocumentFacts(media_type, len(sizes))


async def render_pages(
    path: str | Path, folder: Path, *, limits: PageLimits | None = None
) -> tuple[PageImage, ...]:
    """Write one JPEG per page into ``folder`` (it exists and is the caller's to remove). Raises as above."""
    _, sizes = await _document(Path(path), folder, limits or PageLimits())
    return tuple(
        PageImage(number, folder / page_name(number), width, height, ink)
        for number, (width, height, ink) in enumerate(sizes, 1)
    )


def bundle(photos: Sequence[Path], target: Path, limits: PageLimits | None = None) -> None:
    """Put photos, in this order, into one file that ``render_pages`` reads. Blocking; the caller syncs the file.

    Their content is looked at afterwards (``inspect_document``), their sizes here, before anything is written: raises
    ``EmptyPagesError`` or ``PagesTooLargeError``. Raises ``ValueError`` without a photo, ``OSError`` as writing does.
    """
    if not photos:
        raise ValueError("a submission has at least one photo")
    most = (limits or PageLimits()).image_bytes
    for page, photo in enumerate(photos, 1):
        try:
            require_size(photo.stat().st_size, most)
        except PagesRejectedError as refused:
            raise type(refused)(f"Picture {page}: {refused}") from None
    with zipfile.ZipFile(target, "x", zipfile.ZIP_STORED) as archive:
        for page, photo in enumerate(photos, 1):
            with (
                photo.open("rb") as source,
                archive.open(zipfile.ZipInfo(entry_name(page), _EPOCH), "w") as entry,
            ):
                shutil.copyfileobj(source, entry, _BLOCK)


async def _document(
    path: Path, folder: Path | None, limits: PageLimits
) -> tuple[str, list[tuple[int, int, float]]]:
    job = job_of("document", folder, limits)
    answer = await ask_child(path, job, limits.render_seconds, limits.file_bytes)
    try:
        sizes = [(int(width), int(height), float(ink)) for width, height, ink in answer["pages"]]
        return str(answer["media_type"]), sizes
    except (KeyError, TypeError, ValueError) as error:
        raise PageReaderError("the page reader gave an answer that is none") from error
