"""tus 1.0.0: what a client is told, header by header, and what it is refused with."""

import base64
import hashlib
from pathlib import Path

import pytest

from introeval.web.context import UploadLimits
from tests.web.bodies import problem, stored
from tests.web.running import VIDEO, running
from tests.web.tusing import (
    FILES,
    VERSION,
    begun,
    create,
    head,
    metadata,
    offset,
    patch,
    state,
)

LENGTH = {"Upload-Length": str(len(VIDEO))}
OTHER = VIDEO[:-1] + b"!"


def checksum(content: bytes, name: str = "sha1") -> str:
    """``Upload-Checksum``."""
    return f"{name} {base64.b64encode(hashlib.new(name, content).digest()).decode()}"


async def test_what_is_offered(tmp_path: Path) -> None:
    """OPTIONS needs no version and names them all."""
    async with running(tmp_path) as room:
        for path in (FILES, "/files", FILES + "x"):
            answer = await room.client.options(path)
            assert answer.status == 204
            assert answer.headers["Tus-Version"] == "1.0.0"
            assert answer.headers["Tus-Max-Size"] == "500000000"
            assert answer.headers["Tus-Checksum-Algorithm"] == "sha1,sha256"
            extensions = "creation,creation-with-upload,creation-defer-length,termination,checksum,expiration"
            assert answer.headers["Tus-Extension"] == extensions


async def test_a_file_in_three_pieces(tmp_path: Path) -> None:
    """The offset follows the bytes; the last answer is sent when the submission is there."""
    async with running(tmp_path) as room:
        made = await create(room)
        url = made.headers["Location"]
        assert url == str(room.client.make_url(FILES + url.rsplit("/", 1)[1]))
        path = await begun(room)
        for at in (0, 1000, 2000):
            piece = VIDEO[at : at + 1000] if at < 2000 else VIDEO[at:]
            answer = await patch(room, path, piece, at)
            assert (answer.status, answer.headers["Upload-Offset"]) == (204, str(at + len(piece)))
            assert answer.headers["Tus-Resumable"] == "1.0.0"
            assert ("Upload-Expires" in answer.headers) is (at < 2000)
            assert ("Introeval-Submission" in answer.headers) is (at == 2000)
        task = await room.task(answer.headers["Introeval-Submission"])
        assert stored(Path(task.video_path)) == (VIDEO, 0o600)
        assert (task.roll_number, task.student_name, task.file_name) == ("R-17", "Asha Rao", "intro.mp4")
        assert len(room.woken) == 1


async def test_head(tmp_path: Path) -> None:
    """Never from a cache; the metadata come back as they were sent."""
    async with running(tmp_path) as room:
        path = await begun(room)
        await patch(room, path, VIDEO[:7])
        answer = await head(room, path)
        assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
        assert (answer.headers["Upload-Offset"], answer.headers["Upload-Length"]) == ("7", str(len(VIDEO)))
        assert answer.headers["Upload-Metadata"] == metadata()
        await patch(room, path, VIDEO[7:], 7)
        answer = await head(room, path)
        assert answer.headers["Upload-Offset"] == answer.headers["Upload-Length"]
        assert answer.headers["Introeval-Submission"] == (await state(room, path))["submission"]


async def test_creation_with_upload(tmp_path: Path) -> None:
    """One request for a whole file, or for its beginning."""
    async with running(tmp_path) as room:
        whole = await create(room, len(VIDEO), VIDEO)
        assert (whole.status, whole.headers["Upload-Offset"]) == (201, str(len(VIDEO)))
        assert (await room.task(whole.headers["Introeval-Submission"])).roll_number == "R-17"
        part = await create(room, len(VIDEO), VIDEO[:10])
        assert (part.status, part.headers["Upload-Offset"]) == (201, "10")
        assert "Introeval-Submission" not in part.headers


async def test_length_may_come_later(tmp_path: Path) -> None:
    """Until it is known the upload does not end; then it cannot change."""
    async with running(tmp_path) as room:
        path = await begun(room, None)
        await patch(room, path, VIDEO[:100])
        assert (await head(room, path)).headers["Upload-Defer-Length"] == "1"
        refused = await patch(room, path, b"", 100, Upload_Length="99")
        assert await problem(refused) == (400, "bad_header")
        answer = await patch(room, path, VIDEO[100:200], 100, Upload_Length=str(len(VIDEO)))
        assert (answer.status, answer.headers["Upload-Length"]) == (204, str(len(VIDEO)))
        refused = await patch(room, path, VIDEO[200:], 200, Upload_Length="1000000")
        assert await problem(refused) == (400, "bad_header")
        answer = await patch(room, path, VIDEO[200:], 200)
        assert "Introeval-Submission" in answer.headers


@pytest.mark.parametrize("name", ["sha1", "sha256"])
async def test_checksum(tmp_path: Path, name: str) -> None:
    """Bytes that changed on their way are not kept; the same ones again are."""
    async with running(tmp_path) as room:
        path = await begun(room)
        await patch(room, path, VIDEO[:5], Upload_Checksum=checksum(VIDEO[:5], name))
        refused = await patch(room, path, OTHER[5:], 5, Upload_Checksum=checksum(VIDEO[5:], name))
        assert await problem(refused) == (460, "checksum_mismatch")
        assert await offset(room, path) == 5
        answer = await patch(room, path, VIDEO[5:], 5, Upload_Checksum=checksum(VIDEO[5:], name))
        task = await room.task(answer.headers["Introeval-Submission"])
        assert stored(Path(task.video_path))[0] == VIDEO


async def test_termination(tmp_path: Path) -> None:
    """The file goes; the address is gone, not unknown; a submission stays one."""
    async with running(tmp_path) as room:
        path = await begun(room)
        await patch(room, path, VIDEO[:100])
        assert len(room.files) == 1
        assert (await room.client.delete(path, headers=VERSION)).status == 204
        assert room.files == []
        assert await problem(await patch(room, path, b"x", 100)) == (410, "upload_gone")
        assert (await head(room, path)).status == 410
        whole = await create(room, len(VIDEO), VIDEO)
        task_id = whole.headers["Introeval-Submission"]
        url = FILES + whole.headers["Location"].rsplit("/", 1)[1]
        assert (await room.client.delete(url, headers=VERSION)).status == 204
        assert (await head(room, url)).status == 404
        assert room.files == [f"{task_id}.bin"]


async def test_method_override(tmp_path: Path) -> None:
    """A POST may stand for what a client cannot send."""
    async with running(tmp_path) as room:
        path = await begun(room)
        kind = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
        meant = VERSION | kind | {"X-HTTP-Method-Override": "PATCH"}
        answer = await room.client.post(path, data=VIDEO, headers=meant)
        assert "Introeval-Submission" in answer.headers
        assert (await room.client.post(path, headers=VERSION)).status == 405


async def test_a_proxy_is_named_by_a_setting(tmp_path: Path) -> None:
    """Headers of whoever asks change no address."""
    limits = UploadLimits(reserve_bytes=0, public_url="https://lab.example/")
    for given, expected in ((None, "http://127.0.0.1:"), (limits, "https://lab.example/files/")):
        async with running(tmp_path, given) as room:
            headers = VERSION | LENGTH | {"Upload-Metadata": metadata()}
            forged = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "gopher"}
            answer = await room.client.post(FILES, headers=headers | forged)
            assert answer.headers["Location"].startswith(expected)
