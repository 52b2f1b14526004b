"""``kill -9`` of the real daemon at five moments: what was accepted ends exactly once, and nothing is done twice."""

import asyncio
import os
from pathlib import Path

import pytest

from tests.end_to_end.lab import Lab, overlaps

pytestmark = [pytest.mark.timeout(180), pytest.mark.usefixtures("tiny_stt_dir", "tiny_llm_gguf")]


MOMENTS = {
    "in the first transcription": ("started", "stt/processing"),
    "between two transcriptions": ("transcribed", "llm/pending"),
    "in the hand-over": ("batch", "evaluating"),
    "in the first evaluation": ("started", "llm/processing"),
    "at the first completion": ("evaluated", "completed/completed"),
}


@pytest.mark.timeout(480)
async def test_killed_five_times(lab: Lab, clips: list[Path]) -> None:
    """One batch, killed at each moment in turn: everything ends, and what was finished before a kill is not redone."""
    accepted = [body["id"] for body in await lab.submit(*clips[:2])]
    finished: set[tuple[int]] = set()
    for moment, (kind, target) in MOMENTS.items():
        await lab.after(kind, target)
        await lab.kill()
        rows = set(lab.rows("SELECT id FROM events WHERE kind IN ('transcribed', 'evaluated')"))
        assert finished <= rows, moment
        finished = rows
        await lab.start()
    await lab.all_ended()

    ended = lab.rows("SELECT id, current_phase, retry_count FROM processing_tasks")
    assert sorted(row[0] for row in ended) == sorted(accepted)
    assert finished <= set(lab.rows("SELECT id FROM events"))
    for kind in ("transcribed", "evaluated"):
        tasks = [row[0] for row in lab.rows(f"SELECT task_id FROM events WHERE kind = '{kind}'")]
        assert len(set(tasks)) == len(tasks), f"a task was {kind} twice"
    assert lab.rows("SELECT count(*) FROM results WHERE task_id IN (SELECT id FROM processing_tasks)") == [
        (sum(row[1] == "completed" for row in ended),)
    ]
    assert overlaps(lab) == []
    assert (await lab.get("/api/v1/status"))["violations"] == 0


async def test_killed_in_an_upload(lab: Lab, clips: list[Path]) -> None:
    """The client never heard 201, so nothing is there; the same key then makes one submission."""
    video = clips[1]
    _reader, writer = await asyncio.open_connection(*lab.url.removeprefix("http://").split(":"))
    body = video.read_bytes()
    head = (
        b'--b\r\nContent-Disposition: form-data; name="roll_number"\r\n\r\nhalf\r\n'
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="v.webm"\r\n\r\n'
    )
    writer.write(
        b"POST /api/v1/submissions HTTP/1.1\r\nHost: lab\r\nIdempotency-Key: half-way\r\n"
        b"Content-Type: multipart/form-data; boundary=b\r\n"
        b"Content-Length: "
        + str(len(head) + len(body) + 9).encode()
        + b"\r\n\r\n"
        + head
        + body[: len(body) // 2]
    )
    await writer.drain()
    videos = lab.state / "videos"
    while not any(videos.iterdir()):
        await asyncio.to_thread(os.sched_yield)
    await lab.kill()
    writer.close()
    await lab.start()
    assert lab.rows("SELECT count(*) FROM processing_tasks") == [(0,)]
    assert list(videos.iterdir()) == []
    first, second = (await lab.submit(video, key="half-way")) + (await lab.submit(video, key="half-way"))
    assert first["http"] == 201
    assert second["id"] == first["id"]
    assert lab.rows("SELECT count(*) FROM processing_tasks") == [(1,)]
    assert len(list(videos.iterdir())) == 1
