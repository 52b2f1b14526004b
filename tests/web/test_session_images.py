"""Page images of sessions: their places and bounds, what is refused, and what is kept of a real picture."""

import io
from pathlib import Path

import aiohttp

from introeval.web.session_context import MIB
from tests.pages.pictures import card, encoded, noise, turned
from tests.web.exams import PAGE, hall, refused
from tests.web.running import running


async def test_pages_have_their_places(tmp_path: Path) -> None:
    """The same place of the same role twice is a conflict; what was sent is dropped."""
    async with hall(tmp_path) as it:
        session = await it.made()
        for role in ("student", "answer_key", "grading_rubric"):
            assert (await it.register(session, role)).status == 201
        assert await refused(await it.register(session)) == (409, "place_taken")
        assert (await it.register(session, at=1)).status == 201
        assert len(it.files) == 4
        images = (await it.get(f"/sessions/{session}"))["images"]
        assert [(image["role"], image["order_index"]) for image in images] == [
            ("answer_key", 0),
            ("grading_rubric", 0),
            ("student", 0),
            ("student", 1),
        ]
        assert images[0]["size_bytes"] == len(PAGE)


async def test_pages_of_a_role_are_bounded(tmp_path: Path) -> None:
    """Forty are a thick exam."""
    async with hall(tmp_path) as it:
        session = await it.made()
        for at in range(40):
            assert (await it.register(session, at=at)).status == 201
        assert await refused(await it.register(session, at=40)) == (422, "too_many_files")
        assert len(it.files) == 40


WRONG_FIELDS: list[tuple[dict[str, str | None], str]] = [
    ({"role": "teacher"}, "role"),
    ({"role": None}, "role"),
    ({"order_index": "-1"}, "order_index"),
    ({"order_index": "x"}, "order_index"),
    ({"order_index": "1000"}, "order_index"),
    ({"session_id": "a/b"}, "session_id"),
    ({"session_id": None}, "session_id"),
]


async def test_wrong_fields_of_a_page(tmp_path: Path) -> None:
    """Named, and nothing stays on the disk."""
    async with hall(tmp_path) as it:
        session = await it.made()
        for fields, field in WRONG_FIELDS:
            texts = {"session_id": session, "role": "student", "order_index": "0"} | fields
            form = aiohttp.FormData({name: value for name, value in texts.items() if value is not None})
            form.add_field("file", PAGE, filename="p.jpg")
            answer = await it.room.client.post("/images/register", data=form)
            assert await refused(answer, field) == (422, "bad_field")
        assert it.files == []


async def test_pages_that_are_none(tmp_path: Path) -> None:
    """No file, an empty one, two, one that is too large, one that is no picture, and no form at all."""
    async with hall(tmp_path) as it:
        session = await it.made()
        texts = {"session_id": session, "role": "student", "order_index": "0"}
        client = it.room.client

        async def send(*files: bytes) -> tuple[int, str]:
            form = aiohttp.FormData(texts)
            form.add_field("more", "x", content_type="text/plain")
            for content in files:
                form.add_field("file", io.BytesIO(content), filename="p.jpg")
            return await refused(await client.post("/images/register", data=form))

        assert await send() == (422, "no_file")
        assert await send(b"") == (422, "empty_file")
        assert await send(PAGE, PAGE) == (422, "too_many_files")
        assert await send(b"x" * (10 * MIB + 1)) == (413, "too_large")
        assert await send(b"\0") == (415, "unknown_pages")
        assert await refused(await client.post("/images/register", data=b"x")) == (415, "not_multipart")
        assert it.files == []


async def test_a_crash_leaves_no_page_without_a_row(tmp_path: Path) -> None:
    """At the next start, files that no row speaks of are gone, and the others are there."""
    async with hall(tmp_path) as it:
        await it.ready()
        kept = it.files
        (it.room.context.images / "left.bin").write_bytes(PAGE)
        (it.room.context.images / "left.part").write_bytes(PAGE)
    async with hall(tmp_path) as it:
        assert it.files == kept
        assert len(kept) == 2


async def test_real_pictures(tmp_path: Path) -> None:
    """Decoded in the confined process: kept as our own JPEG, upright; a lie about the type is refused."""
    async with running(tmp_path) as room:
        made = await (await room.client.post("/sessions")).json()

        async def send(content: bytes, name: str) -> aiohttp.ClientResponse:
            texts = {"session_id": made["session_id"], "role": "student", "order_index": "0"}
            form = aiohttp.FormData(texts)
            form.add_field("file", content, filename=name)
            return await room.client.post("/images/register", data=form)

        lie = await send(encoded(card(), "PNG"), "page.jpg")
        assert await refused(lie) == (422, "mislabelled_pages")
        frames = encoded(card(), "WEBP", save_all=True, append_images=[noise(1)])
        moving = await send(frames, "page.webp")
        assert await refused(moving) == (422, "animated_image")
        assert list(room.context.images.iterdir()) == []
        answer = await send(turned("JPEG"), "IMG_1.JPG")
        body = await answer.json()
        assert (answer.status, body["media_type"], body["width"], body["height"]) == (
            201,
            "image/jpeg",
            320,
            200,
        )
        (file,) = room.context.images.iterdir()
        content = file.read_bytes()
        assert content.startswith(b"\xff\xd8\xff")
        assert b"Exif" not in content
        assert file.stat().st_mode & 0o777 == 0o600
