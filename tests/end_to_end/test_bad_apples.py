"""Bad files among good ones, through the real daemon: the good are graded, each bad one has its reason."""

import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from stt.audio import find_ffmpeg
from tests.end_to_end.lab import SAMPLES, Lab

pytestmark = [pytest.mark.timeout(180), pytest.mark.usefixtures("tiny_stt_dir", "tiny_llm_gguf")]


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    """A running daemon whose batch closes with the fourth accepted video."""
    lab = Lab(tmp_path, {"INTROEVAL_BATCH_SIZE": "4", "INTROEVAL_BATCH_AGE_SECONDS": "3600"})
    await lab.start()
    yield lab
    assert await lab.stop() == 0


def _make(path: Path, *arguments: str) -> Path:
    subprocess.run([find_ffmpeg(), "-v", "error", *arguments, str(path)], check=True, timeout=60)
    return path


async def test_bad_apples(lab: Lab, tmp_path: Path, clips: list[Path]) -> None:
    """Corrupt, soundless, three hours long and empty are refused at the door; silence and a torn file end alone."""
    picture = ("-f", "lavfi", "-i", "testsrc=d=20:s=64x64:r=5")
    silence = ("-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono")
    bad = {
        "corrupt": tmp_path / "corrupt.mp4",
        "empty": tmp_path / "empty.mp4",
        "soundless": _make(tmp_path / "soundless.mp4", *picture),
        "endless": _make(tmp_path / "endless.mkv", *silence, "-t", "10800", "-c:a", "flac"),
    }
    bad["corrupt"].write_bytes(b"\x00\x01this is no video" * 500)
    bad["empty"].write_bytes(b"")
    refused = dict(zip(bad, await lab.submit(*bad.values()), strict=True))
    assert {name: body["code"] for name, body in refused.items()} == {
        "corrupt": "not_a_video",
        "empty": "empty_file",
        "soundless": "no_audio_track",
        "endless": "too_long",
    }
    assert all(400 <= body["http"] < 500 and len(body["detail"]) > 30 for body in refused.values())

    torn = tmp_path / "torn.webm"
    torn.write_bytes((SAMPLES / "full_marks.webm").read_bytes()[:30_000])
    silent = _make(tmp_path / "silent.mp4", *picture, *silence, "-t", "20")
    good = [clips[1], SAMPLES / "very_short.mkv"]
    accepted = {body["roll_number"]: body for body in await lab.submit(silent, torn, *good)}
    assert {body["http"] for body in accepted.values()} == {201}
    await lab.all_ended()
    ended = {roll: await lab.get(f"/api/v1/submissions/{body['id']}") for roll, body in accepted.items()}
    assert ended["silent"]["grade"]["score"] == 0.0
    assert ended["silent"]["model"] is None
    assert "no_speech" in str(ended["silent"]) or "No speech" in str(ended["silent"]["grade"])
    assert ended["very-short"]["transcript"]
    assert ended["medium"]["transcript"]
    assert all(body["current_phase"] in ("completed", "failed") for body in ended.values())
    assert all(body["error_message"] for body in ended.values() if body["current_phase"] == "failed")
