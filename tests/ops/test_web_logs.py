"""What the web logs: accepted files, and every failure that is on our side."""

import io
from pathlib import Path

from introeval.web.context import UploadLimits
from tests.ops.lines import lines
from tests.web.running import VIDEO, running

FULL = UploadLimits(reserve_bytes=1 << 60)


async def test_accepted_submission(stream: io.StringIO, tmp_path: Path) -> None:
    """One line with the size and the length, and nothing of the person."""
    async with running(tmp_path) as room:
        task_id = await room.accepted(name="Asha Rao", roll_number="R-17")
    (line,) = lines(stream)
    assert (line["event"], line["task_id"], line["size_bytes"]) == (
        "submission accepted",
        task_id,
        len(VIDEO),
    )
    assert line["media_seconds"] == len(VIDEO) / 1024
    assert "dropped" not in line
    assert "Asha" not in stream.getvalue()


async def test_full_disk_is_logged(stream: io.StringIO, tmp_path: Path) -> None:
    """507 is our failure; a refusal of the client's making is not."""
    async with running(tmp_path, FULL) as room:
        assert (await room.hand_in()).status == 507
        assert (await room.client.get("/api/v1/submissions/nobody")).status == 404
    (line,) = lines(stream)
    assert (line["level"], line["code"], line["status"]) == ("warning", "disk_full", 507)
    assert (line["method"], line["route"]) == ("POST", "/api/v1/submissions")
    assert "NoRoomError" in line["exception"]


async def test_bug_is_logged_by_its_route(stream: io.StringIO, tmp_path: Path) -> None:
    """500 has the frames, and the route's pattern: the address itself is known to the student only."""
    async with running(tmp_path) as room:
        task_id = await room.accepted()
        await room.transcribe(task_id, [])
        room.transcripts.clear()
        assert (await room.client.get(f"/api/v1/submissions/{task_id}")).status == 500
    line = lines(stream)[-1]
    assert (line["level"], line["code"], line["route"]) == ("error", "internal", "/api/v1/submissions/{id}")
    assert "KeyError at" in line["exception"]
    assert task_id not in str(line)
