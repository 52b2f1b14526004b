"""tus 1.0.0: what is refused, with which code, and that a refusal changes nothing."""

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

from tests.web.bodies import problem
from tests.web.running import VIDEO, running
from tests.web.tusing import FILES, VERSION, begun, create, head, metadata, offset, patch

LENGTH = {"Upload-Length": str(len(VIDEO))}
BAD_PIECES: list[tuple[dict[str, str], tuple[int, str]]] = [
    ({"Tus-Resumable": "0.2.2"}, (412, "tus_version")),
    ({"Upload-Offset": "1"}, (409, "upload_offset")),
    ({"Upload-Offset": "-1"}, (400, "bad_header")),
    ({"Upload-Offset": "1e3"}, (400, "bad_header")),
    ({"Upload-Offset": ""}, (400, "bad_header")),
    ({"Content-Type": "application/octet-stream"}, (415, "unknown_type")),
    ({"Content-Type": "application/x-www-form-urlencoded"}, (415, "unknown_type")),
    ({"Upload-Checksum": "md5 AAAA"}, (400, "bad_header")),
    ({"Upload-Checksum": "sha1"}, (460, "checksum_mismatch")),
    ({"Upload-Checksum": "sha1 %%%"}, (400, "bad_header")),
    ({"Upload-Length": "7"}, (400, "bad_header")),
    ({"Origin": "http://evil.example"}, (403, "cross_site")),
]
BAD_CREATIONS: list[tuple[dict[str, str], tuple[int, str]]] = [
    ({"Tus-Resumable": "1.0.1"}, (412, "tus_version")),
    ({"Upload-Length": "-5"}, (400, "bad_header")),
    ({"Upload-Length": "9" * 30}, (400, "bad_header")),
    ({"Upload-Length": "0"}, (422, "empty_file")),
    ({"Upload-Length": "500000001"}, (413, "too_large")),
    ({"Upload-Defer-Length": "1"}, (400, "bad_header")),
    ({"Upload-Metadata": ""}, (422, "bad_field")),
    ({"Upload-Metadata": metadata() + ",name QQ=="}, (400, "bad_header")),
    ({"Upload-Metadata": "name %%%"}, (400, "bad_header")),
    ({"Upload-Metadata": metadata(name=b"\xff")}, (422, "bad_field")),
    ({"Upload-Metadata": metadata(name="a\x00b")}, (422, "bad_field")),
    ({"Upload-Metadata": metadata(roll_number="=cmd()")}, (422, "bad_field")),
    ({"Upload-Metadata": metadata(name="x" * 2000)}, (422, "bad_field")),
    ({"Upload-Metadata": metadata(sha256="xyz")}, (422, "bad_field")),
    ({"Upload-Metadata": metadata(assignment="nothing")}, (422, "unknown_assignment")),
    ({"Upload-Metadata": metadata(idempotency_key="a b")}, (400, "bad_key")),
    ({"Sec-Fetch-Site": "cross-site"}, (403, "cross_site")),
]
HOSTILE_NAMES = [
    "../../../etc/passwd",
    "/etc/cron.d/x",
    "..\\..\\x",
    "a\x00b",
    "\u202egpj.exe",
    "x" * 900,
    "",
    ".part",
]


def names(folder: Path) -> list[str]:
    """What lies in a folder."""
    return sorted(path.name for path in folder.iterdir())


async def test_refused_pieces(tmp_path: Path) -> None:
    """Each refusal has its code and leaves the offset where it was."""
    async with running(tmp_path) as room:
        path = await begun(room)
        for headers, expected in BAD_PIECES:
            named = {name.replace("-", "_"): value for name, value in headers.items()}
            answer = await patch(room, path, VIDEO[:10], 0, **named)
            assert (headers, await problem(answer)) == (headers, expected)
            assert answer.headers["Tus-Resumable"] == "1.0.0"
            assert ("Tus-Version" in answer.headers) is (expected[0] == 412)
            assert await offset(room, path) == 0


async def test_encoded_pieces(tmp_path: Path) -> None:
    """An offset counts bytes of the file, so they are sent as they are."""
    async with running(tmp_path) as room:
        path = await begun(room)
        answer = await patch(room, path, gzip.compress(VIDEO), Content_Encoding="gzip")
        assert await problem(answer) == (415, "unknown_type")
        assert await offset(room, path) == 0


async def test_more_bytes_than_announced(tmp_path: Path) -> None:
    """By Content-Length before a byte is read; in chunks as soon as it is one too many."""
    async with running(tmp_path) as room:
        path = await begun(room)
        assert await problem(await patch(room, path, VIDEO + b"x")) == (413, "too_large")
        assert await offset(room, path) == 0

        async def chunks() -> AsyncIterator[bytes]:
            yield VIDEO[:1000]
            yield VIDEO

        headers = VERSION | {"Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
        assert await problem(await room.client.patch(path, data=chunks(), headers=headers)) == (
            413,
            "too_large",
        )
        assert await offset(room, path) <= len(VIDEO)
        assert await room.context.intake.waiting() == 0


async def test_unknown_uploads(tmp_path: Path) -> None:
    """404, whatever is asked, also for names that mean something to a file system."""
    async with running(tmp_path) as room:
        for path in (FILES + "0" * 24, FILES + "..%2f..%2fetc%2fpasswd", FILES + "a.part"):
            assert (await head(room, path)).status == 404
            assert await problem(await patch(room, path, b"x")) == (404, "not_found")
            assert (await room.client.delete(path, headers=VERSION)).status == 404
            assert (await room.client.get(path)).status == 404


async def test_refused_creations(tmp_path: Path) -> None:
    """What would be refused for its fields is refused before its bytes, and leaves nothing."""
    async with running(tmp_path) as room:
        for headers, expected in BAD_CREATIONS:
            sent = VERSION | LENGTH | {"Upload-Metadata": metadata()} | headers
            answer = await room.client.post(FILES, headers=sent)
            assert (headers, await problem(answer)) == (headers, expected)
            assert await room.context.uploads.open() == []


async def test_hostile_names(tmp_path: Path) -> None:
    """A file's name is shown to people and changes no path."""
    async with running(tmp_path / "state") as room:
        for number, named in enumerate(HOSTILE_NAMES, 1):
            answer = await create(room, len(VIDEO), VIDEO, filename=named)
            task = await room.task(answer.headers["Introeval-Submission"])
            assert Path(task.video_path) == room.context.videos / f"{task.id}.bin"
            assert (f"{task.id}.bin" in room.files, len(room.files)) == (True, number)
            assert task.file_name.isprintable()
            assert "/" not in task.file_name
            assert len(task.file_name) <= 120
        assert names(tmp_path) == ["state"]
