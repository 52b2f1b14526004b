"""Pictures are judged by their content, in a confined child, and made into plain ones of our own."""

import io
from pathlib import Path

import pytest
from PIL import Image

from introeval.pages import decoding
from introeval.pages.errors import (
    AnimatedImageError,
    BrokenPagesError,
    EmptyPagesError,
    MislabelledPagesError,
    PageReaderError,
    PagesMissingError,
    PagesTooLargeError,
    UnknownPagesError,
)
from introeval.pages.images import ImageFacts, check_image, normalise, promise, refuse_mislabelled
from introeval.pages.limits import PageLimits
from tests.pages.pictures import card, encoded, huge_png, noise, put, turned

TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "HEIF": "image/heic"}


def seen(data: bytes) -> Image.Image:
    """The picture as the child decodes it; the tests of many pictures do without the process."""
    return decoding.look(io.BytesIO(data), PageLimits())[0]


@pytest.mark.parametrize("form", TYPES)
async def test_each_accepted_type_is_known_by_its_content(form: str, tmp_path: Path) -> None:
    """The stored name has no extension; the bytes say what it is."""
    path = put(tmp_path, encoded(card(), form))
    assert await check_image(path) == ImageFacts(TYPES[form], 320, 200, 1)


@pytest.mark.parametrize("form", ["JPEG", "HEIF"])
async def test_a_picture_on_its_side_is_put_upright(form: str, tmp_path: Path) -> None:
    """EXIF rotation is applied, the facts are those of the upright picture, and no metadata is left."""
    source, target = put(tmp_path, turned(form)), tmp_path / "page.jpg"
    assert await normalise(source, target) == ImageFacts("image/jpeg", 320, 200, 1)
    with Image.open(target) as made:
        assert made.format == "JPEG"
        assert dict(made.getexif()) == {}
        grey = made.convert("L").tobytes()
    assert [grey[y * 320 + x] > 128 for x, y in ((40, 40), (280, 40), (40, 160), (280, 160))] == [
        False,
        True,
        True,
        True,
    ]
    assert b"Maker of this phone" not in target.read_bytes()


async def test_a_large_picture_is_made_smaller(tmp_path: Path) -> None:
    """The long side is bounded, and the proportions stay."""
    source, target = put(tmp_path, encoded(card(1800, 900), "JPEG")), tmp_path / "page.jpg"
    made = await normalise(source, target, limits=PageLimits(long_side=600))
    assert (made.width, made.height) == (600, 300)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "L", "1", "CMYK", "I;16"])
def test_every_way_to_store_pixels_ends_as_three_channels_on_white(mode: str, tmp_path: Path) -> None:
    """Transparent, grey, indexed, printed and 16-bit pictures can all be read."""
    if mode == "I;16":
        picture = Image.new("I;16", (320, 200), 65535)
        picture.paste(0, (0, 0, 160, 100))
    elif mode in ("RGBA", "LA"):
        picture = Image.new(mode, (320, 200), 0)
        picture.paste(card().crop((0, 0, 160, 100)).convert(mode), (0, 0))
    else:
        picture = card(mode=mode)
    form = "JPEG" if mode == "CMYK" else "PNG"
    target = tmp_path / "page.jpg"
    decoding.save(seen(encoded(picture, form)), target, PageLimits())
    with Image.open(target) as made:
        assert made.mode == "RGB"
        dark, light = made.getpixel((40, 40)), made.getpixel((280, 160))
    assert isinstance(dark, tuple)
    assert isinstance(light, tuple)
    assert max(dark) < 20
    assert min(light) > 235


@pytest.mark.parametrize("form", ["PNG", "WEBP", "HEIF"])
def test_an_animation_is_refused(form: str) -> None:
    """Several frames are no page."""
    data = encoded(card(), form, save_all=True, append_images=[noise(1)])
    with pytest.raises(AnimatedImageError, match="2 frames"):
        seen(data)


def test_a_phone_picture_with_a_preview_behind_it_is_its_first_one() -> None:
    """Phones append further pictures to a JPEG; that is no animation."""
    data = encoded(card(), "MPO", save_all=True, append_images=[noise(1, 64, 64)])
    assert seen(data).size == (320, 200)


@pytest.mark.parametrize("share", [0.1, 0.75, 0.99])
@pytest.mark.parametrize("form", TYPES)
def test_a_cut_picture_is_refused(form: str, share: float) -> None:
    """Even when the header is whole and only the end is missing: the whole picture is decoded, so it shows."""
    data = encoded(noise(2), form)
    with pytest.raises(BrokenPagesError, match="send it again"):
        seen(data[: int(len(data) * share)])


async def test_what_the_child_refuses_arrives_as_its_error(tmp_path: Path) -> None:
    """The type of the refusal and its message cross the process boundary."""
    data = encoded(noise(2), "JPEG")
    with pytest.raises(BrokenPagesError, match="damaged or was cut off"):
        await check_image(put(tmp_path, data[:-500]))
    data = encoded(card(), "PNG", save_all=True, append_images=[noise(1)])
    with pytest.raises(AnimatedImageError, match="2 frames"):
        await check_image(put(tmp_path, data))


def test_a_decompression_bomb_is_never_decoded() -> None:
    """A file of a hundred bytes that claims 3.6 gigapixels, and one that is a single long line."""
    with pytest.raises(PagesTooLargeError, match="60000 x 60000"):
        seen(huge_png(60_000, 60_000))
    with pytest.raises(PagesTooLargeError, match="1 to 20"):
        seen(huge_png(4000, 100))


async def test_memory_is_bounded(tmp_path: Path) -> None:
    """A picture that fits the pixels, and not the memory of the child, is refused and nothing is left behind."""
    limits = PageLimits(memory=250 * 1024 * 1024)
    source, target = put(tmp_path, encoded(Image.new("RGB", (6000, 6000)), "PNG")), tmp_path / "page.jpg"
    with pytest.raises((PagesTooLargeError, BrokenPagesError)):
        await normalise(source, target, limits=limits)
    assert not target.exists()


@pytest.mark.parametrize(
    "data",
    [
        b"GIF89a" + bytes(50),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"PK\x03\x04" + bytes(40),
        b"%PDF-1.7\n",
    ],
)
def test_another_type_is_no_picture(data: bytes) -> None:
    """Neither other picture formats nor documents."""
    with pytest.raises(UnknownPagesError, match="JPEG, PNG, WebP or HEIC"):
        seen(data)


async def test_a_mislabelled_picture_is_refused(tmp_path: Path) -> None:
    """The name (or the declared type) says another type than the bytes."""
    with pytest.raises(MislabelledPagesError, match="labelled as PNG, but it holds JPEG"):
        await check_image(put(tmp_path, encoded(card(), "JPEG")), claimed="page.PNG")
    for claimed in ("page.png", "image/png", "scan.pdf", "page.heic", "page.webp"):
        with pytest.raises(MislabelledPagesError):
            refuse_mislabelled(claimed, "image/jpeg")


def test_a_name_that_promises_nothing_is_fine() -> None:
    """A name without a known extension is no lie."""
    for claimed in ("IMG_0012", "IMG_0012.JPG", "image/jpg", "page.jpeg", None, ""):
        refuse_mislabelled(claimed, "image/jpeg")
    assert promise("a.JPeG") == promise("image/jpg") == "image/jpeg"
    assert promise("notes.txt") is promise(None) is promise("") is None


async def test_empty_missing_and_too_many_bytes(tmp_path: Path) -> None:
    """Told apart before any child is started."""
    with pytest.raises(EmptyPagesError):
        await check_image(put(tmp_path, b""))
    with pytest.raises(PagesMissingError):
        await check_image(tmp_path / "nowhere")
    with pytest.raises(PagesTooLargeError, match="1\\.0 MB"):
        await check_image(put(tmp_path, bytes(1024 * 1024 + 1)), limits=PageLimits(image_bytes=1024 * 1024))


async def test_a_child_that_does_not_end_in_time_is_killed(tmp_path: Path) -> None:
    """No time at all: the attempt failed, and nobody blames the file."""
    path = put(tmp_path, encoded(card(), "JPEG"))
    with pytest.raises(PageReaderError, match="did not end within 0 s"):
        await check_image(path, limits=PageLimits(check_seconds=0))
