"""What is in this file? Asked before an upload is accepted, and again when an extraction fails.

The answer comes from a confined child that gets the file as its standard input: names and extensions are never
looked at, a hostile file can at most end that child. The child's answer is one JSON object on standard output.
"""

import asyncio
import json
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from stt.confine import Confinement
from stt.errors import (
    CorruptMediaError,
    EmptyFileError,
    MediaMissingError,
    NoAudioTrackError,
    NotAVideoError,
    ProbeFailedError,
    TooLongError,
)
from stt.limits import READABLE_CONTAINERS, MediaLimits
from stt.sandbox import run_confined
from stt.spawn import Finished


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaInfo:
    """``seconds``: length of the recording. ``container``: libavformat's name. Codecs: libavcodec's names."""

    seconds: float
    container: str
    audio_codec: str
    video_codec: str | None
    has_audio: bool = True

    @property
    def has_video(self) -> bool:
        return self.video_codec is not None


NOT_A_VIDEO = (
    "This file is not a video that can be read here, whatever its name says. "
    f"Export the recording as {READABLE_CONTAINERS} and send it again."
)
NO_AUDIO = (
    "This video has no audio track, so there is nothing to transcribe. "
    "Check that the microphone was on, record again and send the new video."
)
CORRUPT = (
    "This recording is damaged: its sound cannot be decoded. "
    "Play it on your own machine; if it does not play there either, record it again."
)
EMPTY = "This file is empty (0 bytes). Check the file on your own machine and send it again."
MISSING = "The stored video is no longer there. Send it again."


def too_long(seconds: float | None, limit: float) -> TooLongError:
    """The error for a recording of ``seconds`` (``None``: nobody read to the end) where ``limit`` are allowed."""
    length = "too long" if seconds is None else f"{seconds / 60:.1f} minutes long"
    return TooLongError(
        f"This recording is {length}; at most {limit / 60:g} minutes are accepted. Cut it and send it again."
    )


async def probe_file(path: str | Path, limits: MediaLimits | None = None) -> MediaInfo:
    """What the file holds, if it can be transcribed. Call it from the event loop's own thread.

    Raises a ``MediaRejectedError`` that says what is wrong, or ``ProbeFailedError`` when nobody could tell.
    """
    limits = limits or MediaLimits()
    with await open_media(path) as media:
        result = await _ask(media, limits)
    info = _understand(result)
    if info.seconds > limits.max_seconds:
        raise too_long(info.seconds, limits.max_seconds)
    return info


async def open_media(path: str | Path) -> IO[bytes]:
    """Open a stored upload that has bytes. Raises ``MediaMissingError``, ``EmptyFileError`` or ``ProbeFailedError``."""
    return await asyncio.to_thread(_open, Path(path))


def _open(path: Path) -> IO[bytes]:
    try:
        media = path.open("rb")
    except FileNotFoundError as error:
        raise MediaMissingError(MISSING) from error
    except OSError as error:
        # No descriptor left, a disk that does not answer: that says nothing about the file.
        raise ProbeFailedError(f"the recording could not be opened: {error}") from error
    if os.fstat(media.fileno()).st_size == 0:
        media.close()
        raise EmptyFileError(EMPTY)
    return media


async def _ask(media: IO[bytes], limits: MediaLimits) -> Finished:
    confinement = Confinement(os.getpid(), limits.memory, limits.probe_cpu, file_bytes=0)
    command = ["-m", "stt.probe_child", str(limits.max_seconds)]
    try:
        return await run_confined(confinement, command, stdin=media, seconds=limits.probe_timeout)
    except OSError as error:
        raise ProbeFailedError(f"the probe could not be started: {error}") from error


def _understand(result: Finished) -> MediaInfo:
    if result.timed_out or result.returncode == -signal.SIGKILL:
        # Seconds of CPU have a limit of their own, so it was this machine that had no time for it, or no memory.
        raise ProbeFailedError("the recording could not be looked into in time; is the machine overloaded?")
    if result.returncode < 0:
        # It used up its CPU seconds, or crashed the decoder: no honest video does that.
        raise CorruptMediaError(CORRUPT)
    try:
        answer = json.loads(result.stdout)
        if answer["kind"] == "media":
            return MediaInfo(**answer["info"])
        raise {"no_audio": NoAudioTrackError(NO_AUDIO), "corrupt": CorruptMediaError(CORRUPT)}.get(
            answer["kind"], NotAVideoError(NOT_A_VIDEO)
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ProbeFailedError(
            f"the probe ended with {result.returncode} and no answer: {result.stderr[-300:]}"
        ) from error
