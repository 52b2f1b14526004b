"""Results reach the college's system from the running daemon: signed, and again under the same id after a kill."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from standardwebhooks import Webhook

from stt.audio import find_ffmpeg
from tests.end_to_end.lab import Lab
from tests.outbox.college import SECRET, College, Heard, college

pytestmark = [pytest.mark.timeout(120), pytest.mark.usefixtures("tiny_stt_dir", "tiny_llm_gguf")]


@pytest.fixture
async def school() -> AsyncIterator[College]:
    """Hears the first message, and never says so."""

    async def silence() -> web.Response:
        return await asyncio.Future()

    def answer(heard: Heard) -> "int | asyncio.Task[web.Response]":
        return 204 if len(opened.heard) > 1 else asyncio.create_task(silence())

    async with college(answer) as opened:
        yield opened


@pytest.fixture
async def lab(tmp_path: Path, school: College) -> AsyncIterator[Lab]:
    """A daemon that tells the college."""
    secret = tmp_path / "secret"
    secret.write_text(SECRET + "\n")
    lab = Lab(
        tmp_path,
        {
            "INTROEVAL_BATCH_SIZE": "1",
            "INTROEVAL_WEBHOOK_URL": school.url,
            "INTROEVAL_WEBHOOK_SECRET_FILE": str(secret),
            "INTROEVAL_WEBHOOK_ALLOW_PRIVATE": "true",
            "INTROEVAL_WEBHOOK_PUBLIC_URL": "https://lab.example",
        },
    )
    await lab.start()
    yield lab
    assert await lab.stop() == 0


@pytest.fixture
def silent(tmp_path: Path) -> Path:
    """A video in which nobody speaks: no model is asked for its grade."""
    path = tmp_path / "silent.mp4"
    picture = ("-f", "lavfi", "-i", "testsrc=d=20:s=64x64:r=5")
    silence = ("-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono")
    command = [find_ffmpeg(), "-v", "error", *picture, *silence, "-t", "20", str(path)]
    subprocess.run(command, check=True, timeout=60)
    return path


async def test_a_result_reaches_the_college(lab: Lab, school: College, silent: Path) -> None:
    """Killed before the receiver's answer, the daemon tells it again; tables and status say that it has left."""
    (body,) = await lab.submit(silent)
    assert body["http"] == 201
    await school.has_heard(1)
    await lab.kill()
    await lab.start()
    await lab.after("delivered")
    first, second = school.heard
    assert (first.id, first.text) == (second.id, second.text)
    told = Webhook(SECRET).verify(second.text, second.headers)
    assert told["type"] == "submission.graded"
    data = told["data"]
    assert (data["id"], data["roll_number"], data["assignment"]) == (body["id"], "silent", "introductions")
    assert (data["status"], data["score"], data["kind"]) == ("graded", 0.0, "intro_video")
    assert data["url"] == f"https://lab.example/s/{body['id']}"
    assert data["criteria"]
    assert all(criterion["score"] == 0.0 for criterion in data["criteria"])
    assert lab.rows("SELECT event_id, delivered_at IS NOT NULL, gave_up_at FROM outbox") == [
        (second.id, 1, None)
    ]
    outbox = (await lab.get("/api/v1/status"))["outbox"]
    assert outbox == {"pending": 0, "failed": 0, "oldest_seconds": None, "last_error": None}
    assert not any(SECRET in line for line in lab.log)
