"""What an upload really is, whatever its name says."""

from pathlib import Path

import pytest

from stt.errors import (
    CorruptMediaError,
    EmptyFileError,
    MediaMissingError,
    NoAudioTrackError,
    NotAVideoError,
    ProbeFailedError,
    TooLongError,
)
from stt.limits import MediaLimits
from stt.probe import probe_file
from tests.stt.media import LAB30, NOISE, PICTURE, make


@pytest.mark.parametrize("name", ["0036.mp4", "0135.webm", "0482.mov", "0560.mkv", "0575.mp4"])
async def test_containers_of_lab30(name: str) -> None:
    """Each of the five container and codec pairs that students send is understood."""
    if not LAB30.is_dir():
        pytest.skip("the lab30 recordings are not here")

    info = await probe_file(LAB30 / name)

    assert info.has_audio
    assert info.has_video
    assert 70 < info.seconds < 95


@pytest.mark.parametrize(
    "suffix, codecs",
    [
        ("mp4", ["-c:v", "mpeg4"]),
        ("avi", ["-c:v", "mpeg4"]),
        ("mkv", ["-c:v", "mpeg4"]),
        ("wav", ["-vn"]),
        ("flac", ["-vn"]),
        ("mp3", ["-vn"]),
        ("ogg", ["-vn"]),
    ],
)
async def test_name_does_not_matter(tmp_path: Path, suffix: str, codecs: list[str]) -> None:
    """A video under a wrong name is what its bytes say."""
    made = make(tmp_path / f"x.{suffix}", *NOISE, *PICTURE, *codecs)

    info = await probe_file(made.rename(tmp_path / "x.txt"))

    assert info.seconds == pytest.approx(3, abs=0.3)
    assert info.has_video is ("-vn" not in codecs)


async def test_length_that_no_header_states(tmp_path: Path) -> None:
    """A browser's recorder writes no length; it is measured."""
    made = make(tmp_path / "x.webm", *NOISE, *PICTURE, "-c:a", "libopus", "-c:v", "libvpx", "-live", "1")

    info = await probe_file(made)

    assert info.seconds == pytest.approx(3, abs=0.2)


async def test_video_without_audio(tmp_path: Path) -> None:
    """A silent film is refused with advice."""
    made = make(tmp_path / "x.mp4", *PICTURE)

    with pytest.raises(NoAudioTrackError, match="microphone"):
        await probe_file(made)


async def test_three_hours(tmp_path: Path) -> None:
    """A recording of 3 hours is refused by its length, with both numbers."""
    made = make(
        tmp_path / "x.ogg", "-f", "lavfi", "-i", "anullsrc=r=8000:cl=mono", "-t", "10800", "-c:a", "flac"
    )

    with pytest.raises(TooLongError, match=r"180\.0 minutes long; at most 15 minutes"):
        await probe_file(made)


async def test_empty_and_missing(tmp_path: Path) -> None:
    """No bytes and no file are two things."""
    empty = tmp_path / "x.mp4"
    empty.touch()

    with pytest.raises(EmptyFileError):
        await probe_file(empty)
    with pytest.raises(MediaMissingError):
        await probe_file(tmp_path / "no.mp4")


@pytest.mark.parametrize(
    "content",
    [
        b"\x00" * 5000,
        b"hello, I am a text\n" * 100,
        b"#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\nfile:%s\n#EXT-X-ENDLIST\n",
        b"ffconcat version 1.0\nfile '%s'\n",
        b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 9 RTP/AVP 0\n",
    ],
    ids=["zeros", "text", "hls", "concat", "sdp"],
)
async def test_not_media(tmp_path: Path, content: bytes) -> None:
    """Rubbish is refused, and so is a playlist that points at another student's file."""
    other = make(tmp_path / "other.mp4", *NOISE)
    path = tmp_path / "x.mp4"
    path.write_bytes(content.replace(b"%s", str(other).encode()))

    with pytest.raises(NotAVideoError, match="not a video"):
        await probe_file(path)


async def test_hostile_file_only_costs_its_child(tmp_path: Path) -> None:
    """A probe that gets no memory to work with ends as an error of that file."""
    made = make(tmp_path / "x.mp4", *NOISE)

    with pytest.raises((CorruptMediaError, ProbeFailedError)):
        await probe_file(made, MediaLimits(memory=40 * 1024 * 1024))
