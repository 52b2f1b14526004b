"""What speech recognition and ffmpeg do on a bad day: real children, the whole daemon, seen over HTTP.

Bad children are programs that speak a part of the protocol; after one of them comes a good one, or the real Whisper.
"""

import json
import os
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from stt.audio import find_ffmpeg
from stt.limits import MIB
from stt.loops import MARK
from stt.process import WatchLimits
from tests.faults.recordings import (
    GROW,
    SPEAKS,
    WATCH,
    WELL,
    Children,
    accepted,
    hand_in,
    listening_lab,
    loads,
    running,
    shown,
)
from tests.hostile.craft import wav
from tests.models.fake_ollama import FakeOllama, fake_ollama
from tests.stt import children as do
from tests.stt.media import PICTURE, SILENCE, make

pytestmark = pytest.mark.timeout(240)
SPEECH = Path(__file__).parents[2] / "samples" / "strong.mp4"


@pytest.fixture
async def server() -> AsyncIterator[FakeOllama]:
    """A well model server."""
    async with fake_ollama() as well:
        yield well


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Four seconds of speech."""
    return make(tmp_path / "clip.wav", "-i", str(SPEECH), "-t", "4", "-vn", "-ar", "16000", "-ac", "1")


@pytest.fixture
def open_lab(tmp_path: Path, tiny_stt_dir: Path, server: FakeOllama) -> Callable[..., Any]:
    """A daemon on the smallest Whisper."""
    return partial(listening_lab, tmp_path / "lab", tiny_stt_dir, server)


@pytest.mark.parametrize(
    ("children", "watch", "code"),
    [
        (Children(loads(do.HEARD, "import os; os.abort()")), WATCH, "whisper_crashed"),
        (Children(loads(GROW), WELL), WatchLimits(load=60, memory=200 * MIB), "whisper_too_large"),
        (Children(loads(do.FOREVER), WELL), WatchLimits(load=60, silence=1.0), "whisper_hung"),
        (Children(loads(do.FAILED, do.FOREVER), WELL), WATCH, "whisper_crashed"),
    ],
    ids=["hard abort", "memory growth over the cap", "hang", "decode failure"],
)
async def test_stt_fault(
    open_lab: Callable[..., Any], clip: Path, children: Children, watch: WatchLimits, code: str
) -> None:
    """It costs one attempt, whose reason is in the record; the next child makes the one transcript."""
    async with open_lab(children, watch) as lab:
        task_id = await accepted(lab, clip)
        await lab.nothing_lost()
        body, page = await shown(lab, task_id)

        assert children.started == 2
        assert body["retry_count"] == 1
        assert "Maya" in page
        details = lab.rows("SELECT detail FROM events WHERE task_id = ? AND kind = 'attempt_failed'", task_id)
        assert [json.loads(detail)["error"] for (detail,) in details] == [code]


async def test_hang_on_silence(open_lab: Callable[..., Any], tmp_path: Path) -> None:
    """A child that hangs on a silent recording is ended; the next one hears nothing, and that is the result."""
    video = make(tmp_path / "silent.mp4", *SILENCE, *PICTURE)
    async with open_lab(Children(loads(do.FOREVER)), WatchLimits(load=60, silence=1.0)) as lab:
        task_id = await accepted(lab, video)
        await lab.nothing_lost()
        body, page = await shown(lab, task_id)

    assert (body["retry_count"], body["grade"]["score"]) == (1, 0)
    assert "No speech was heard" in page


SOUNDS = {
    "silence": ("-t", "30", "-f", "lavfi", "-i", "anullsrc=r=16000:cl=mono"),
    "white-noise": ("-f", "lavfi", "-i", "anoisesrc=r=16000:a=0.3:d=30:c=white:seed=1"),
    "brown-noise": ("-f", "lavfi", "-i", "anoisesrc=r=16000:a=0.8:d=30:c=brown:seed=3"),
    "hum": ("-f", "lavfi", "-i", "sine=f=50:r=16000:d=30"),
}


async def test_hallucinations_on_silence_and_noise(
    open_lab: Callable[..., Any], server: FakeOllama, tmp_path: Path
) -> None:
    """Half a minute without speech: Whisper invents nothing, no model is asked, and the student is told."""
    async with open_lab(Children()) as lab:
        ids = {
            name: await accepted(lab, make(tmp_path / f"{name}.wav", *sound), name)
            for name, sound in SOUNDS.items()
        }
        await lab.nothing_lost()
        for name, task_id in ids.items():
            body, page = await shown(lab, task_id)
            assert (body["transcript"], body["grade"]["score"], body["model"]) == ("", 0, None), name
            assert "No speech was heard" in page

    assert server.prompts == []


async def test_hallucination_loop(open_lab: Callable[..., Any], clip: Path) -> None:
    """A model that falls into a loop all the same: its words are kept twice, with a mark that a reader sees."""
    said = "I like fishing and my name is Ann. "
    loop = SPEAKS.replace("My name is Maya Torres", said * 50)
    again = "for _ in range(300): " + SPEAKS.replace("My name is Maya Torres", "Thank you.")
    async with open_lab(Children(loads(loop, again, do.DONE, do.READ))) as lab:
        task_id = await accepted(lab, clip)
        await lab.nothing_lost()
        body, page = await shown(lab, task_id)

    assert body["transcript"] == f"{said * 2}{MARK} {'Thank you. ' * 5}{MARK}"
    assert page.count(said) < 25
    assert MARK in page


async def test_sound_that_cannot_be_decoded(open_lab: Callable[..., Any], tmp_path: Path, clip: Path) -> None:
    """A recording that looks good at the door and cannot be decoded: it fails with a reason, the others do not."""
    odd = tmp_path / "odd.wav"
    odd.write_bytes(wav(channels=63, data=bytes(63 * 6000)))
    async with open_lab(Children(WELL, WELL)) as lab:
        first, bad, good = [
            await accepted(lab, video, roll) for video, roll in ((clip, "R1"), (odd, "R2"), (clip, "R3"))
        ]
        await lab.nothing_lost(failed=[bad])
        body, page = await shown(lab, bad)
        assert all(["Maya" in (await shown(lab, one))[1] for one in (first, good)])

    assert body["retry_count"] == 0
    assert "its sound cannot be decoded" in body["error_message"]
    assert "its sound cannot be decoded" in page


async def test_no_audio(open_lab: Callable[..., Any], tmp_path: Path) -> None:
    """A silent film is refused at the door, with what to do; nothing of it stays."""
    async with open_lab(Children()) as lab:
        status, body = await hand_in(lab, make(tmp_path / "film.mp4", *PICTURE))

        assert (status, body["code"]) == (422, "no_audio_track")
        assert "microphone" in body["detail"]
        assert lab.rows("SELECT count(*) FROM processing_tasks") == [(0,)]
        assert not list((tmp_path / "lab" / "state" / "videos").iterdir())


async def test_ffmpeg_stuck(
    open_lab: Callable[..., Any], tmp_path: Path, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An ffmpeg that never ends is killed each time, until the task has a reason, and leaves no process."""
    stuck = tmp_path / "stuck" / "ffmpeg"
    stuck.parent.mkdir()
    stuck.write_text("#!/bin/sh\nexec sleep 1000\n")
    stuck.chmod(0o755)
    path = os.environ["PATH"]
    async with open_lab(Children(), extract_timeout=1.5) as lab:
        monkeypatch.setenv("PATH", f"{stuck.parent}:{path}")
        find_ffmpeg.cache_clear()
        try:
            bad = await accepted(lab, clip)
            await lab.ended()
        finally:
            monkeypatch.setenv("PATH", path)
            find_ffmpeg.cache_clear()
        body, page = await shown(lab, bad)
        assert "not extracted within 1.5 s" in body["error_message"]
        assert "not extracted within 1.5 s" in page
        await lab.nothing_lost(failed=[bad])
    assert not running("sleep 1000")
