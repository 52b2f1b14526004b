"""Inside the child: one handed-in file becomes its page images, in order. Never imported by the daemon.

The rules:

1. A PDF is drawn as a person sees it, with its annotations and filled forms. Its text layer is never read: it can say
   something else than the page shows. Nothing in it is executed (this pdfium has no JavaScript).
2. Photos come alone, or as the archive that ``introeval.pages.documents.bundle`` makes: stored entries ``0001``,
   ``0002``, ... without a gap. Any other archive is refused.
3. The number of pages is checked before the first one is drawn.
4. Each page may use ``cpu_seconds`` of CPU. The kernel ends the process at that, with a signal that says why: pdfium
   cannot be interrupted within one path, and a page of curves once held a reader for 300 s.
"""

import errno
import io
import resource
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pypdfium2
from PIL import Image

from introeval.pages.decoding import BROKEN, HEAD_BYTES, UNKNOWN, look, media_type, save
from introeval.pages.errors import (
    BrokenPagesError,
    EmptyPagesError,
    EncryptedPagesError,
    PagesRejectedError,
    PagesTooLargeError,
    UnknownPagesError,
)
from introeval.pages.ink import ink
from introeval.pages.job import Job, entry_name, page_name
from introeval.pages.limits import IMAGE_TYPES, PageLimits

END_BYTES = 2048
"""A PDF ends with ``%%EOF`` within its last 1,024 bytes (ISO 32000-1, Adobe's implementation note 18)."""

PADDING = b"\0 \t\r\n"
"""What mail gateways and recovered disks put behind a file, to the end of a block and further."""

_BLOCK = 1 << 16
_OF_THE_DISK = {errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EROFS}

Size = tuple[int, int, float]
"""Width and height in pixels, and the share of ink."""

PASSWORD_ERROR = 4
"""``FPDF_ERR_PASSWORD``."""

EMPTY = "There is no page in this file. Check it on your own machine and send it again."
ENCRYPTED = "This PDF is protected with a password. Print it to a new PDF without one and send that."
TOO_MANY = (
    "This submission has {pages} pages; at most {most} are accepted. "
    "Leave out what is no answer and send it again."
)
ODD_PAGE = (
    "Page {page} of this PDF is no sheet of paper ({width:.0f} x {height:.0f} points). "
    "Print it to A4 and send that."
)


def document(file: IO[bytes], job: Job) -> dict[str, Any]:
    """Facts about the file: its type, and the size and the ink of each page; with a target they are written there.

    Raises ``PagesRejectedError`` and ``MemoryError``.
    """
    file.seek(0)
    found = media_type(file.read(HEAD_BYTES))
    if found == "application/pdf":
        sizes = _pdf(file, job)
    elif found == "application/zip":
        sizes = _photos(file, job)
    elif found in IMAGE_TYPES:
        sizes = [_keep(look(file, job.limits)[0], 1, job)]
    else:
        raise UnknownPagesError(UNKNOWN)
    return {"media_type": found, "pages": sizes}


def _keep(picture: Image.Image, page: int, job: Job) -> Size:
    if job.target is None:
        return (*picture.size, 0.0)
    made = save(picture, Path(job.target) / page_name(page), job.limits)
    return (*made.size, round(ink(made), 6))


def _count(pages: int, limits: PageLimits) -> None:
    if not pages:
        raise EmptyPagesError(EMPTY)
    if pages > limits.max_pages:
        raise PagesTooLargeError(TOO_MANY.format(pages=pages, most=limits.max_pages))


def _end(file: IO[bytes]) -> int:
    """The length of the file without its padding."""
    end = file.seek(0, io.SEEK_END)
    while end:
        start = max(0, end - _BLOCK)
        file.seek(start)
        kept = file.read(end - start).rstrip(PADDING)
        if kept:
            return start + len(kept)
        end = start
    return 0


def _pdf(file: IO[bytes], job: Job) -> list[Size]:
    length, end = file.seek(0, io.SEEK_END), _end(file)
    file.seek(max(0, end - END_BYTES))
    if b"%%EOF" not in file.read(min(end, END_BYTES)):
        # pdfium repairs what was cut, and silently leaves out the pages that are missing.
        raise BrokenPagesError(BROKEN)
    file.seek(0)
    if length - end > END_BYTES:
        # pdfium looks for the table of its parts near the end, and else guesses them.
        file = io.BytesIO(file.read(end))
    try:
        pdf = pypdfium2.PdfDocument(file)
    except pypdfium2.PdfiumError as error:
        if error.err_code == PASSWORD_ERROR:
            raise EncryptedPagesError(ENCRYPTED) from None
        raise BrokenPagesError(BROKEN) from None
    try:
        pdf.init_forms()
        _count(len(pdf), job.limits)
        return [_sheet(pdf, page, job) for page in range(1, len(pdf) + 1)]
    except pypdfium2.PdfiumError:
        raise BrokenPagesError(BROKEN) from None
    finally:
        pdf.close()


def next_page(limits: PageLimits) -> None:
    """Give this process ``cpu_seconds`` more of CPU, up to what it may have in all."""
    spent = resource.getrusage(resource.RUSAGE_SELF)
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    wanted = int(spent.ru_utime + spent.ru_stime) + 1 + limits.cpu_seconds
    if most != resource.RLIM_INFINITY:
        # One below the hard limit: there the kernel kills without a reason.
        resource.setrlimit(resource.RLIMIT_CPU, (min(wanted, most - 1), most))


def _sheet(pdf: pypdfium2.PdfDocument, page: int, job: Job) -> Size:
    next_page(job.limits)
    sheet = pdf[page - 1]
    width, height = sheet.get_size()
    # A point is a 72nd of an inch; a page that is a few points wide, or a banner, is no answer.
    if min(width, height) < 36 or max(width, height) > job.limits.max_ratio * min(width, height):
        raise BrokenPagesError(ODD_PAGE.format(page=page, width=width, height=height))
    scale = job.limits.long_side / max(width, height)
    if job.target is None:
        return round(width * scale), round(height * scale), 0.0
    try:
        return _keep(sheet.render(scale=scale, rev_byteorder=True).to_pil(), page, job)
    finally:
        sheet.close()


def _photos(file: IO[bytes], job: Job) -> list[Size]:
    try:
        with zipfile.ZipFile(file) as archive:
            names = [entry.filename for entry in archive.infolist()]
            _count(len(names), job.limits)
            if names != [entry_name(page) for page in range(1, len(names) + 1)]:
                raise UnknownPagesError(UNKNOWN)
            return [_photo(data, page, job) for page, data in _entries(archive, job.limits)]
    except OSError as error:
        if error.errno in _OF_THE_DISK:
            raise
        raise BrokenPagesError(BROKEN) from None
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError):
        raise BrokenPagesError(BROKEN) from None


def _entries(archive: zipfile.ZipFile, limits: PageLimits) -> Iterator[tuple[int, bytes]]:
    for page, entry in enumerate(archive.infolist(), 1):
        if entry.compress_type != zipfile.ZIP_STORED or entry.file_size > limits.image_bytes:
            raise UnknownPagesError(UNKNOWN)
        yield page, archive.read(entry)


def _photo(data: bytes, page: int, job: Job) -> Size:
    next_page(job.limits)
    try:
        return _keep(look(io.BytesIO(data), job.limits)[0], page, job)
    except PagesRejectedError as refused:
        raise type(refused)(f"Picture {page}: {refused}") from None
