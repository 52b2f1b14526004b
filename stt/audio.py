"""Any accepted container to our own WAV: 16 kHz, one channel, 16 bits; what Whisper is given and nothing else.

ffmpeg-python builds the command; ffmpeg (from PATH, else imageio-ffmpeg's) runs it in a confined child that gets
the media as its standard input, so that no name or extension of a student's appears anywhere. The result is
written beside its final name and renamed when it is whole.
"""

import asyncio
import os
import shutil
import wave
from functools import cache
from pathlib import Path
from typing import IO

import ffmpeg
import imageio_ffmpeg

from scheduler.errors import ConfigurationError, RejectedWorkError
from stt.confine import Confinement, confined
from stt.errors import CorruptMediaError, ExtractionFailedError, WorkFolderError
from stt.limits import BYTES_PER_SECOND, INPUT_URL, MIB, OPEN_OPTIONS, SAMPLE_RATE, MediaLimits
from stt.probe import CORRUPT, open_media, probe_file, too_long
from stt.spawn import Finished, run_bounded

PART = ".part"
HEADER_ALLOWANCE = 4096
"""Bytes of a WAV file that are not samples."""

LOW_PRIORITY = 15
"""Niceness of work ahead of time: it must not slow the phase that holds the machine."""


@cache
def find_ffmpeg() -> str:
    """The ffmpeg binary: PATH first, so that an administrator's choice wins. Raises ``ConfigurationError``."""
    try:
        return shutil.which("ffmpeg") or str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise ConfigurationError(
            "there is no ffmpeg: install the package ffmpeg or imageio-ffmpeg"
        ) from error


def ffmpeg_command(binary: str, target: Path, limits: MediaLimits) -> list[str]:
    """The command for the first audio track. One second more than allowed is read, to tell "as long" from "longer"."""
    seconds = limits.max_seconds + 1
    source = ffmpeg.input(
        INPUT_URL, nostdin=None, hide_banner=None, v="error", max_alloc=256 * MIB, threads=1, **OPEN_OPTIONS
    )
    output = ffmpeg.output(
        source["a:0"],
        f"file:{target}",
        vn=None, sn=None, dn=None, map_metadata=-1,
        t=seconds, fs=_most_bytes(limits),
        ac=1, ar=SAMPLE_RATE, acodec="pcm_s16le", f="wav", threads=1,
    )  # fmt: skip
    return [str(part) for part in ffmpeg.compile(output, cmd=binary, overwrite_output=True)]


def _most_bytes(limits: MediaLimits) -> int:
    return int((limits.max_seconds + 1) * BYTES_PER_SECOND) + HEADER_ALLOWANCE


async def extract_audio(media_path: str | Path, target: Path, limits: MediaLimits, *, nice: int = 0) -> float:
    """Write the media's sound to ``target`` (our name, in our folder); returns its length in seconds.

    Raises a ``MediaRejectedError`` about the file, or ``ExtractionFailedError`` when another attempt may succeed.
    """
    part = target.with_name(target.name + PART)
    try:
        with await open_media(media_path) as media:
            result = await _run(media, part, limits, nice)
        seconds = await asyncio.to_thread(wav_seconds, part)
        if result.timed_out or result.returncode != 0 or not seconds:
            raise await _reason(result, media_path, limits)
        if seconds > limits.max_seconds + 0.5:
            raise too_long(None, limits.max_seconds)
        part.replace(target)
        return seconds
    finally:
        part.unlink(missing_ok=True)


async def _run(media: IO[bytes], part: Path, limits: MediaLimits, nice: int) -> Finished:
    cpu_seconds = int(limits.extract_timeout) + 1
    most_bytes = _most_bytes(limits) + MIB
    confinement = Confinement(os.getpid(), limits.memory, cpu_seconds, most_bytes, nice)
    command = confined(confinement, ffmpeg_command(find_ffmpeg(), part, limits))
    try:
        return await run_bounded(command, stdin=media, seconds=limits.extract_timeout)
    except OSError as error:
        raise ExtractionFailedError(f"ffmpeg could not be started: {error}") from error


async def _reason(
    result: Finished, media_path: str | Path, limits: MediaLimits
) -> RejectedWorkError | ExtractionFailedError | WorkFolderError:
    """Why there is no sound: the probe knows what ffmpeg's words would have to be parsed for."""
    try:
        await probe_file(media_path, limits)
    except RejectedWorkError as error:
        return error
    if result.timed_out:
        return ExtractionFailedError(f"the sound was not extracted within {limits.extract_timeout:g} s")
    if "No space left" in result.stderr:
        return WorkFolderError("The disk has no room for the sound of the videos.")
    if result.returncode < 0:
        return ExtractionFailedError(
            f"ffmpeg ended with {result.returncode}: {result.stderr.strip()[-200:] or 'killed from outside'}"
        )
    return CorruptMediaError(CORRUPT)


def wav_seconds(path: Path) -> float:
    """Length of one of our WAVs by its samples; 0 when it is missing or not one. Blocks on the disk."""
    try:
        with wave.open(str(path), "rb") as audio:
            return audio.getnframes() / SAMPLE_RATE
    except (OSError, EOFError, wave.Error):
        return 0.0
