"""A PDF, a picture or a bundle of photos becomes page images, in the student's order, or is refused with a reason."""

import io
import os
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from introeval.pages import rendering
from introeval.pages.documents import DocumentFacts, bundle, inspect_document, render_pages
from introeval.pages.errors import (
    BrokenPagesError,
    EmptyPagesError,
    EncryptedPagesError,
    MislabelledPagesError,
    PagesRejectedError,
    PagesTooLargeError,
    UnknownPagesError,
)
from introeval.pages.job import Job
from introeval.pages.limits import PageLimits
from tests.pages.pictures import card, encoded, locked_pdf, noise, pdf, put, turned

SMALL = PageLimits(long_side=64)


def grey(level: int) -> Image.Image:
    """A page that is told from others by its brightness."""
    return Image.new("RGB", (60, 80), (level, level, level))


def levels(folder: Path) -> list[int]:
    """The brightness of the pages in ``folder``, in the order of their names."""
    found = []
    for path in sorted(folder.iterdir()):
        with Image.open(path) as page:
            found.append(page.convert("L").tobytes()[0])
    return found


def read(data: bytes, folder: Path | None = None, limits: PageLimits = SMALL) -> list[tuple[int, int, float]]:
    """The sizes of the pages, as the child finds them; the tests of many files do without the process."""
    job = Job("document", None if folder is None else str(folder), limits)
    sizes: list[tuple[int, int, float]] = rendering.document(io.BytesIO(data), job)["pages"]
    return sizes


def archive(entries: list[tuple[str, bytes]], method: int = zipfile.ZIP_STORED) -> bytes:
    """A ZIP, well made or not."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as made:
        for name, data in entries:
            made.writestr(name, data)
    return buffer.getvalue()


async def test_a_pdf_becomes_its_pages(tmp_path: Path) -> None:
    """Through the child: facts first, then one JPEG a page, of the size that was asked for."""
    path, folder = put(tmp_path, pdf([card(600, 800), card(600, 800)])), tmp_path / "pages"
    folder.mkdir()
    assert await inspect_document(path, claimed="scan.pdf") == DocumentFacts("application/pdf", 2)
    pages = await render_pages(path, folder, limits=PageLimits(long_side=400))
    assert [(page.number, page.width, page.height) for page in pages] == [(1, 300, 400), (2, 300, 400)]
    with Image.open(pages[0].path) as first:
        dots = first.convert("L").tobytes()
    assert dots[100 * 300 + 100] < 40
    assert pages[0].ink > 0.01
    assert dots[300 * 300 + 200] > 215


async def test_a_photo_is_one_page_and_is_put_upright(tmp_path: Path) -> None:
    """A single picture needs no archive."""
    path, folder = put(tmp_path, turned("JPEG")), tmp_path / "pages"
    folder.mkdir()
    (page,) = await render_pages(path, folder)
    assert (page.width, page.height) == (320, 200)


async def test_a_bundle_goes_through_the_child(tmp_path: Path) -> None:
    """Photos of several types, in the order in which they were given, not in that of their names."""
    photos = [put(tmp_path, encoded(grey(90), "PNG"), "z"), put(tmp_path, encoded(grey(180), "WEBP"), "a")]
    path, folder = tmp_path / "submission", tmp_path / "pages"
    folder.mkdir()
    bundle(photos, path)
    assert await inspect_document(path) == DocumentFacts("application/zip", 2)
    await render_pages(path, folder)
    assert levels(folder) == pytest.approx([90, 180], abs=2)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(12)), kind=st.sampled_from(["bundle", "pdf"]))
def test_pages_keep_their_order(
    order: list[int], kind: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever order a student has chosen: page k of the result is page k of the submission."""
    folder = tmp_path_factory.mktemp("pages")
    wanted = [20 * number for number in order]
    if kind == "pdf":
        data = pdf([grey(level) for level in wanted])
    else:
        photos = [put(folder, encoded(grey(level), "PNG"), f"{level}.png") for level in wanted]
        bundle(photos, folder / "made")
        data = (folder / "made").read_bytes()
    target = folder / "target"
    target.mkdir()
    read(data, target)
    assert levels(target) == pytest.approx(wanted, abs=3)


async def test_a_locked_pdf_is_refused(tmp_path: Path) -> None:
    """The message says what to do."""
    with pytest.raises(EncryptedPagesError, match="without one"):
        await inspect_document(put(tmp_path, locked_pdf()))


@pytest.mark.parametrize(
    "before", [b"", b"\xef\xbb\xbf", b"Content-Type: application/pdf\r\n" * 20 + b"\r\n"]
)
@pytest.mark.parametrize("behind", [b"\r\n", b"\0" * 4096, b"\n \t\0" * 50_000])
def test_what_mail_puts_around_a_pdf_does_not_break_it(before: bytes, behind: bytes) -> None:
    """Headers in front, and padding behind its end, as long as it likes; the pages are the same."""
    data = pdf([noise(3), noise(4)])
    assert read(before + data + behind) == read(data)
    for cut in (data[: len(data) // 2], b""):
        with pytest.raises(PagesRejectedError):
            read(before + cut + behind)


@pytest.mark.parametrize("share", [0.2, 0.6, 0.99])
def test_a_cut_pdf_is_refused(share: float) -> None:
    """pdfium would repair it, and leave out pages."""
    data = pdf([noise(3), noise(4)])
    with pytest.raises(BrokenPagesError):
        read(data[: int(len(data) * share)])


@settings(max_examples=150, deadline=None)
@given(tail=st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(tail: bytes) -> None:
    """A PDF's beginning and end with anything between, and so for archives: never another error."""
    for data in (b"%PDF-1.7\n" + tail + b"\n%%EOF", b"PK\x03\x04" + tail, archive([("0001", tail)])):
        with pytest.raises(PagesRejectedError):
            read(data)


def test_the_number_of_pages_is_bounded() -> None:
    """Counted before the first page is drawn."""
    limits = PageLimits(max_pages=2)
    photo = encoded(card(), "PNG")
    with pytest.raises(PagesTooLargeError, match="3 pages; at most 2"):
        read(pdf([card()] * 3), limits=limits)
    with pytest.raises(PagesTooLargeError, match="3 pages; at most 2"):
        read(archive([(f"{at:04d}", photo) for at in (1, 2, 3)]), limits=limits)
    assert len(read(pdf([card()] * 2), limits=limits)) == 2


def test_only_our_own_archives_are_read() -> None:
    """Names, gaps, order, compression and size: anything else was not made by us."""
    photo = encoded(card(), "PNG")
    for entries in (
        [("0001", photo), ("0003", photo)],
        [("0002", photo), ("0001", photo)],
        [("0001", photo), ("../0002", photo)],
        [("page.png", photo)],
    ):
        with pytest.raises(UnknownPagesError):
            read(archive(entries))
    with pytest.raises(UnknownPagesError):
        read(archive([("0001", photo)], zipfile.ZIP_DEFLATED))
    with pytest.raises(UnknownPagesError):
        read(archive([("0001", photo)]), limits=PageLimits(image_bytes=100))
    with pytest.raises(PagesRejectedError):
        read(archive([]))


def test_a_bad_photo_names_its_page() -> None:
    """The student learns which of the photos to take again."""
    data = encoded(noise(5), "JPEG")
    with pytest.raises(BrokenPagesError, match="Picture 2: This file is damaged"):
        read(archive([("0001", data), ("0002", data[:-400])]))


def test_a_banner_is_no_page() -> None:
    """A PDF page that is far too long or too small."""
    with pytest.raises(BrokenPagesError, match="Page 1"):
        read(pdf([Image.new("RGB", (2500, 100))]))


async def test_a_mislabelled_document_is_refused(tmp_path: Path) -> None:
    """A picture that is called a PDF."""
    with pytest.raises(MislabelledPagesError, match="labelled as PDF, but it holds PNG"):
        await inspect_document(put(tmp_path, encoded(card(), "PNG")), claimed="answers.pdf")


def test_an_empty_bundle_is_a_mistake_of_ours(tmp_path: Path) -> None:
    """There is nothing to hand in."""
    with pytest.raises(ValueError, match="at least one photo"):
        bundle([], tmp_path / "x")


def test_a_bundle_is_copied_in_blocks(tmp_path: Path) -> None:
    """No photo is held whole: 40 MB pass through at a cost of a few blocks, and arrive as they were."""
    photos = [put(tmp_path, os.urandom(10_000_000), f"{number}") for number in range(4)]
    tracemalloc.start()
    try:
        bundle(photos, tmp_path / "made")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 5_000_000
    with zipfile.ZipFile(tmp_path / "made") as archive:
        assert [entry.compress_type for entry in archive.infolist()] == [zipfile.ZIP_STORED] * 4
        assert [archive.read(name) for name in archive.namelist()] == [one.read_bytes() for one in photos]


@pytest.mark.parametrize(("size", "refusal"), [(0, EmptyPagesError), (1001, PagesTooLargeError)])
def test_a_photo_of_the_wrong_size(tmp_path: Path, size: int, refusal: type[Exception]) -> None:
    """Which one it is, before anything is written."""
    photos = [put(tmp_path, bytes(1000), "a"), put(tmp_path, bytes(size), "b")]
    with pytest.raises(refusal, match=r"^Picture 2: This file"):
        bundle(photos, tmp_path / "made", PageLimits(image_bytes=1000))
    assert not (tmp_path / "made").exists()
