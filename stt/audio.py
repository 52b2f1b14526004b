"""Any accepted container to our own WAV: 16 kHz, one channel, 16 bits; what Whisper is given and nothing else.

ffmpeg-python builds the command; ffmpeg (from PATH, else imageio-ffmpeg's) runs it in a confined child that gets
the media as its standard input, so that no name or extension of a student's appears anywhere, and a file of ours as its
standard output: it may write samples there and nothing anywhere else. The header is ours. The result is written beside
its final name and renamed when it is whole.
"""

import asyncio
import os
import shutil
import signal
import struct
import wave
from functools import cache
from pathlib import Path
from typing import IO

import ffmpeg
import imageio_ffmpeg

from scheduler.errors import ConfigurationError, RejectedWorkError
from stt.confine import Confinement
from stt.errors import CorruptMediaError, ExtractionFailedError, WorkFolderError
from stt.limits import BYTES_PER_SECOND, INPUT_URL, MIB, OPEN_OPTIONS, SAMPLE_RATE, MediaLimits
from stt.probe import CORRUPT, open_media, probe_file, too_long
from stt.sandbox import run_confined
from stt.spawn import Finished

PART = ".part"
HEADER = 44
"""Bytes of our WAV that are not samples."""

BY_THE_FILE = frozenset(
    -number
    for number in (
        signal.SIGXCPU,
        signal.SIGSEGV,
        signal.SIGABRT,
        signal.SIGFPE,
        signal.SIGILL,
        signal.SIGBUS,
    )
)
"""How ffmpeg ends when the file is to blame: it used up its seconds of CPU, or crashed. The next attempt would too."""

LOW_PRIORITY = 15
"""Niceness of work ahead of time: it must not slow the phase that holds the machine."""


@cache
def find_ffmpeg() -> str:
    """The ffmpeg binary itself, by absolute path: PATH first, so that an administrator's choice wins.

    Raises ``ConfigurationError``.
    """
    try:
        return os.path.realpath(shutil.which("ffmpeg") or str(imageio_ffmpeg.get_ffmpeg_exe()))
    except RuntimeError as error:
        raise ConfigurationError(
            "there is no ffmpeg: install the package ffmpeg or imageio-ffmpeg"
        ) from error


def ffmpeg_command(binary: str, limits: MediaLimits) -> list[str]:
    """The command for the first audio track, to raw samples on standard output.

    One second more than allowed is read, to tell "as long" from "longer".
    """
    seconds = limits.max_seconds + 1
    source = ffmpeg.input(
        INPUT_URL, nostdin=None, hide_banner=None, v="error", max_alloc=256 * MIB, threads=1, **OPEN_OPTIONS
    )
    output = ffmpeg.output(
        source["a:0"],
        "pipe:1",
        vn=None, sn=None, dn=None, map_metadata=-1,
        t=seconds, fs=_most_bytes(limits),
        ac=1, ar=SAMPLE_RATE, acodec="pcm_s16le", f="s16le", threads=1,
    )  # fmt: skip
    return [str(part) for part in ffmpeg.compile(output, cmd=binary)]


def _most_bytes(limits: MediaLimits) -> int:
    return int((limits.max_seconds + 1) * BYTES_PER_SECOND)


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
    most_bytes = _most_bytes(limits) + HEADER + MIB
    confinement = Confinement(os.getpid(), limits.memory, limits.extract_cpu, most_bytes, nice)
    command = ["--", *ffmpeg_command(find_ffmpeg(), limits)]
    try:
        samples = await asyncio.to_thread(_begin, part)
    except OSError as error:
        raise WorkFolderError(f"The sound of a video could not be written ({error.strerror}).") from error
    try:
        done = await run_confined(
            confinement, command, stdin=media, stdout=samples, seconds=limits.extract_timeout
        )
        await asyncio.to_thread(_write_header, samples)
        return done
    except OSError as error:
        raise ExtractionFailedError(f"ffmpeg could not be started: {error}") from error
    finally:
        samples.close()


def _begin(part: Path) -> IO[bytes]:
    """The file that ffmpeg continues: room for the header, and the position behind it."""
    samples = part.open("wb", buffering=0)
    samples.write(bytes(HEADER))
    return samples


def _write_header(samples: IO[bytes]) -> None:
    """RIFF WAVE, PCM (http://soundfile.sapp.org/doc/WaveFormat/), over the room that was left for it."""
    length = os.fstat(samples.fileno()).st_size - HEADER
    length -= length % 2
    layout = (16, 1, 1, SAMPLE_RATE, BYTES_PER_SECOND, 2, 16)
    header = struct.pack(
        "<4sI4s4sIHHIIHH4sI", b"RIFF", HEADER - 8 + length, b"WAVE", b"fmt ", *layout, b"data", length
    )
    os.pwrite(samples.fileno(), header, 0)


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
    if result.returncode in BY_THE_FILE:
        return CorruptMediaError(CORRUPT)
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
