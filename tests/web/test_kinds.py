"""Intake of all kinds of work: the assignment decides what a file must be."""

import asyncio
import hashlib
import io
import zipfile
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from db.intake import NewTask
from introeval.web.context import UploadLimits
from scheduler.task import Stage
from tests.web.bodies import FILE, NAME, ROLL, multipart, problem, stored
from tests.web.homework import NOTEBOOK, UPLOAD, get, hand_in, notebook, picture, with_samples
from tests.web.running import VIDEO, Room, running
from tests.web.test_pages import page

PAGES = [("1.png", picture(250)), ("2.png", picture(200)), ("10.png", picture(150))]


async def task_of(room: Room, answer: aiohttp.ClientResponse) -> Any:
    """The task of an accepted upload."""
    assert answer.status == 201, await answer.text()
    return await room.task((await answer.json())["id"])


async def test_a_notebook(tmp_path: Path) -> None:
    """It is stored as it is, waits for its grade without any STT, and names what it was handed in for."""
    async with running(tmp_path) as room:
        await with_samples(room)
        answer = await hand_in(room, "rain-notebook", [("rain.ipynb", NOTEBOOK)])
        task, body = await task_of(room, answer), await answer.json()
        assert (task.kind, task.assignment_id, task.assignment_version) == ("notebook", "rain-notebook", 1)
        assert (task.state.stage, task.media_seconds, body["place"]) == (Stage.LLM, None, 1)
        assert await asyncio.to_thread(stored, Path(task.video_path)) == (NOTEBOOK, 0o600)
        file = await room.client.get(f"{UPLOAD}/{task.id}/file")
        assert await file.read() == NOTEBOOK
        assert file.content_type == "application/json"
        assert file.headers["Content-Disposition"] == f'attachment; filename="submission-{task.id}.ipynb"'


async def test_an_estimate_without_stt(tmp_path: Path) -> None:
    """Place and time of a notebook, while a video is being transcribed and other grades are known."""
    async with running(tmp_path) as room:
        await with_samples(room)
        await room.grade(await notebook(room), {"score": 5, "max_score": 10})
        video, waiting = await room.accepted(), await notebook(room)
        body = await get(room, f"{UPLOAD}/{waiting}")
        assert (body["place"], body["eta_seconds"] > 0) == (1, True)
        assert (await get(room, f"{UPLOAD}/{video}"))["place"] == 1


async def test_one_page_is_stored_as_it_is(tmp_path: Path) -> None:
    """A picture alone needs no archive."""
    async with running(tmp_path) as room:
        await with_samples(room)
        task = await task_of(room, await hand_in(room, "short-test", PAGES[:1]))
        assert await asyncio.to_thread(stored, Path(task.video_path)) == (PAGES[0][1], 0o600)
        file = await room.client.get(f"{UPLOAD}/{task.id}/file")
        assert (file.content_type, file.headers["Content-Disposition"]) == ("image/png", "inline")


async def test_several_pages_become_one_file(tmp_path: Path) -> None:
    """In the order in which they came, uncompressed, under names of ours; nothing else stays on the disk."""
    async with running(tmp_path) as room:
        await with_samples(room)
        task = await task_of(room, await hand_in(room, "short-test", PAGES))
        assert room.files == [Path(task.video_path).name]
        content, mode = await asyncio.to_thread(stored, Path(task.video_path))
        assert mode == 0o600
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            assert [entry.filename for entry in entries] == ["0001", "0002", "0003"]
            assert {entry.compress_type for entry in entries} == {zipfile.ZIP_STORED}
            assert [archive.read(entry) for entry in entries] == [content for _, content in PAGES]
        assert task.file_name == "1.png and 2 more"
    async with running(tmp_path) as room:
        assert room.files == [Path(task.video_path).name]


async def test_pages_are_known_again(tmp_path: Path) -> None:
    """The same files under the same key are the same submission; in another order they are not."""
    digests = "".join(hashlib.sha256(content).hexdigest() for _, content in PAGES)
    whole = hashlib.sha256(digests.encode()).hexdigest()
    async with running(tmp_path) as room:
        await with_samples(room)
        first = await task_of(room, await hand_in(room, "short-test", PAGES, "k1", sha256=whole))
        again = await hand_in(room, "short-test", PAGES, "k1", sha256=whole)
        assert (again.status, (await again.json())["id"]) == (200, first.id)
        without = await hand_in(room, "short-test", PAGES, "k1")
        assert (without.status, (await without.json())["id"]) == (200, first.id)
        other = await hand_in(room, "short-test", PAGES[::-1], "k1")
        assert await problem(other) == (422, "key_reused")
        wrong = await hand_in(room, "short-test", PAGES, sha256="0" * 64)
        assert await problem(wrong) == (422, "digest_mismatch")
        assert len(room.files) == 1


async def test_a_key_belongs_to_one_assignment(tmp_path: Path) -> None:
    """The same file for something else is another submission, wherever the field stands."""
    digest = hashlib.sha256(NOTEBOOK).hexdigest()
    named = 'Content-Disposition: form-data; name="assignment"', b"rain-notebook"
    file = 'Content-Disposition: form-data; name="file"; filename="a.ipynb"', NOTEBOOK
    sha = 'Content-Disposition: form-data; name="sha256"', digest.encode()
    headers = {"Content-Type": "multipart/form-data; boundary=BOUND", "Idempotency-Key": "k1"}
    async with running(tmp_path) as room:
        await with_samples(room)
        first = await hand_in(room, "rain-notebook", [("a.ipynb", NOTEBOOK)], "k1")
        late = await room.client.post(UPLOAD, data=multipart(ROLL, NAME, sha, file, named), headers=headers)
        assert (first.status, late.status) == (201, 200)
        other = await hand_in(room, None, [("a.ipynb", NOTEBOOK)], "k1", sha256=digest)
        assert await problem(other) == (422, "key_reused")


@pytest.mark.parametrize(
    ("assignment", "files", "expected"),
    [
        ("nope", [("a.mp4", VIDEO)], (422, "unknown_assignment")),
        ("Not A Slug", [("a.mp4", VIDEO)], (422, "unknown_assignment")),
        ("rain-notebook", [("a.ipynb", b'{"cells": ')], (422, "notebook_not_json")),
        ("rain-notebook", [("a.ipynb", b'{"answer": 42}')], (422, "not_a_notebook")),
        ("rain-notebook", [("a.ipynb", VIDEO)], (422, "notebook_not_json")),
        ("rain-notebook", [("a.ipynb", b"")], (422, "empty_file")),
        ("rain-notebook", [("a.ipynb", NOTEBOOK)] * 2, (422, "bad_field")),
        ("short-test", [("a.pdf", b"%PDF-1.7 but not really")], (422, "broken_pages")),
        ("short-test", [("a.jpg", picture(9))], (422, "mislabelled_pages")),
        ("short-test", [("a.docx", b"PK\x03\x04 a letter")], (422, "broken_pages")),
        ("short-test", [("a.txt", b"hello, this is my exam")], (415, "unknown_pages")),
        ("short-test", [*PAGES, ("4.png", b"")], (422, "empty_file")),
        ("short-test", [*PAGES, ("4.png", b"no picture at all")], (415, "unknown_pages")),
        ("introductions", [("a.ipynb", NOTEBOOK)], (415, "not_a_video")),
        (None, [("a.ipynb", NOTEBOOK)], (415, "not_a_video")),
        (None, PAGES, (422, "bad_field")),
    ],
)
async def test_refused(
    tmp_path: Path, assignment: str | None, files: list[tuple[str, bytes]], expected: tuple[int, str]
) -> None:
    """Each with its code, and nothing stays."""
    async with running(tmp_path) as room:
        await with_samples(room)
        assert await problem(await hand_in(room, assignment, files)) == expected
        assert (room.files, await room.context.intake.waiting(), room.woken) == ([], 0, [])


async def test_bounds_of_a_kind(tmp_path: Path) -> None:
    """Bytes of all files together, and their number; a notebook that is named late is bounded too."""
    limits = UploadLimits(notebook_bytes=1000, pages_bytes=1000, pages_files=2, reserve_bytes=0)
    named = 'Content-Disposition: form-data; name="assignment"', b"rain-notebook"
    headers = {"Content-Type": "multipart/form-data; boundary=BOUND"}
    async with running(tmp_path, limits) as room:
        await with_samples(room)
        large = await hand_in(room, "short-test", [("1.png", b"x" * 600), ("2.png", b"x" * 600)])
        assert await problem(large) == (413, "too_large")
        many = await hand_in(room, "short-test", [("1.png", b"x")] * 3)
        assert await problem(many) == (422, "too_many_files")
        late = await room.client.post(UPLOAD, data=multipart(ROLL, NAME, FILE, named), headers=headers)
        assert await problem(late) == (413, "too_large")
        assert room.files == []


async def test_a_list_of_one_kind(tmp_path: Path) -> None:
    """By assignment, or by kind."""
    async with running(tmp_path) as room:
        await with_samples(room)
        homework, video = await notebook(room), await room.accepted()
        for query, expected in (
            ("assignment=rain-notebook", [homework]),
            ("kind=intro_video", [video]),
            ("kind=pages", []),
            ("", [video, homework]),
        ):
            found = (await get(room, f"{UPLOAD}?{query}"))["items"]
            assert sorted(item["id"] for item in found) == sorted(expected)


async def test_what_nobody_hands_in(tmp_path: Path) -> None:
    """A teacher's own tasks are listed under their name, when they are asked for, and on no assignment's page."""
    asked = NewTask(
        id="a" * 24,
        user_id="",
        roll_number="Session 7",
        student_name="",
        file_name="",
        video_path="videos/none",
        size_bytes=0,
        sha256="0" * 64,
        media_seconds=None,
        idempotency_key=None,
        kind="session",
    )
    async with running(tmp_path) as room:
        await room.context.intake.accept(asked, 1.0)
        assert "Session 7" not in await page(room, "/")
        text = await page(room, "/?kind=session")
        assert "Exam session" in text
        assert 'href="/assignments/introductions"' not in text
        assert "Session 7" not in await page(room, "/assignments/introductions")
        assert "/file" not in await page(room, f"/s/{asked.id}")
        file = await room.client.get(f"{UPLOAD}/{asked.id}/file")
        assert await problem(file) == (404, "not_found")
