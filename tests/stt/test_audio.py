"""Extraction: our own WAV out of anything accepted, a typed refusal out of anything else."""

import asyncio
import wave
from pathlib import Path

import pytest

from stt.audio import extract_audio, ffmpeg_command, wav_seconds
from stt.errors import (
    CorruptMediaError,
    ExtractionFailedError,
    NoAudioTrackError,
    NotAVideoError,
    TooLongError,
)
from stt.extraction import Audio, Extractions
from stt.limits import MediaLimits
from tests.stt.media import LAB30, NOISE, PICTURE, files_in, make

LIMITS = MediaLimits(max_seconds=120)


@pytest.mark.parametrize("name", ["0036.mp4", "0135.webm", "0482.mov", "0560.mkv", "0575.mp4"])
async def test_containers_of_lab30(tmp_path: Path, name: str) -> None:
    """All five container and codec pairs become 16 kHz mono of the same length."""
    if not LAB30.is_dir():
        pytest.skip("the lab30 recordings are not here")

    seconds = await extract_audio(LAB30 / name, tmp_path / "a.wav", LIMITS)

    with wave.open(str(tmp_path / "a.wav")) as audio:
        assert (audio.getframerate(), audio.getnchannels(), audio.getsampwidth()) == (16000, 1, 2)
    assert 70 < seconds < 95
    assert [tmp_path / "a.wav"] == files_in(tmp_path)


def test_command_names_no_student() -> None:
    """The input is a descriptor; only local files and known containers may be opened."""
    command = ffmpeg_command("ffmpeg", LIMITS)

    assert command[command.index("-i") + 1] == "file:/dev/stdin"
    assert command[command.index("-protocol_whitelist") + 1] == "file"
    assert "hls" not in command[command.index("-format_whitelist") + 1].split(",")
    assert not {"h264", "gif", "png"} & {*command[command.index("-codec_whitelist") + 1].split(",")}
    assert command[-1] == "pipe:1"


async def test_longer_than_its_header_says(tmp_path: Path) -> None:
    """A length that only decoding finds out is refused all the same, and reading stops there."""
    made = make(tmp_path / "x.mp4", *NOISE)

    with pytest.raises(TooLongError):
        await extract_audio(made, tmp_path / "a.wav", MediaLimits(max_seconds=1))
    assert [made] == files_in(tmp_path)


async def test_first_of_two_tracks(tmp_path: Path) -> None:
    """A screen recording with two audio tracks is no obstacle."""
    made = make(tmp_path / "x.mkv", *NOISE, *NOISE, "-map", "0:a", "-map", "1:a")

    assert await extract_audio(made, tmp_path / "a.wav", LIMITS) == pytest.approx(3, abs=0.1)


async def test_cut_upload_keeps_what_is_there(tmp_path: Path) -> None:
    """The part of a recording that arrived is used."""
    made = make(tmp_path / "x.mkv", *NOISE, "-c:a", "pcm_s16le")
    made.write_bytes(made.read_bytes()[:60_000])

    assert 1 < await extract_audio(made, tmp_path / "a.wav", LIMITS) < 3


@pytest.mark.parametrize(
    "arguments, error",
    [
        (PICTURE, NoAudioTrackError),
        ([*PICTURE, "-frames:v", "1", "-f", "image2", "-c:v", "png"], NotAVideoError),
    ],
)
async def test_no_sound(tmp_path: Path, arguments: list[str], error: type[Exception]) -> None:
    """Each refusal says what the file is, not what ffmpeg said."""
    made = make(tmp_path / "x.mp4", *arguments)

    with pytest.raises(error):
        await extract_audio(made, tmp_path / "a.wav", LIMITS)


async def test_damaged_sound(tmp_path: Path) -> None:
    """A good container around rubbish is called damaged."""
    made = make(tmp_path / "x.mp4", *NOISE, *PICTURE)
    data = bytearray(made.read_bytes())
    start = data.index(b"mdat") + 4
    end = data.index(b"moov") - 4
    data[start:end] = b"\xa5" * (end - start)
    made.write_bytes(data)

    with pytest.raises(CorruptMediaError, match="damaged"):
        await extract_audio(made, tmp_path / "a.wav", LIMITS)


async def test_out_of_time(tmp_path: Path) -> None:
    """An extraction that takes too long is killed, leaves nothing, and may be tried again."""
    made = make(tmp_path / "x.mp4", *NOISE)

    with pytest.raises(ExtractionFailedError, match="within"):
        await extract_audio(made, tmp_path / "a.wav", MediaLimits(extract_timeout=0.001))
    assert [made] == files_in(tmp_path)


async def test_one_extraction_for_two_who_ask(tmp_path: Path) -> None:
    """Preparation and transcription of one task share the work."""
    calls: list[Path] = []
    extractions = Extractions(tmp_path)

    async def make_once(target: Path) -> float:
        calls.append(target)
        await asyncio.to_thread(target.touch)
        return 3.0

    first, second = await asyncio.gather(extractions.get("a", make_once), extractions.get("a", make_once))

    assert Audio(tmp_path / "a.wav", 3.0) == first == second
    assert [tmp_path / "a.wav"] == calls
    await extractions.forget("a")
    await extractions.forget("a")
    assert not files_in(tmp_path)


async def test_abandoned_extraction_stops(tmp_path: Path) -> None:
    """When the last who waits is cancelled, the work is; one of two is not enough."""
    extractions = Extractions(tmp_path)
    started, stopped = asyncio.Event(), asyncio.Event()

    async def endless(_: Path) -> float:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()
        return 0.0

    asking = [asyncio.create_task(extractions.get("a", endless)) for _ in range(2)]
    await started.wait()
    for task, expected in zip(asking, [False, True], strict=True):
        task.cancel()
        await asyncio.wait([task])
        assert stopped.is_set() is expected


async def test_sweep(tmp_path: Path) -> None:
    """WAVs of an earlier process are removed; those of this one stay."""
    extractions = Extractions(tmp_path)

    async def touch(target: Path) -> float:
        await asyncio.to_thread(target.touch)
        return 1.0

    await extractions.get("mine", touch)
    (tmp_path / "old.wav").touch()
    (tmp_path / "old.wav.part").touch()

    await extractions.sweep()

    assert [tmp_path / "mine.wav"] == files_in(tmp_path)


def test_wav_seconds_of_rubbish(tmp_path: Path) -> None:
    """What is no WAV has no length."""
    (tmp_path / "x").write_bytes(b"no")

    assert wav_seconds(tmp_path / "x") == 0
