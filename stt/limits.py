"""What media is accepted, and how much a process that reads it may use.

The containers are those that phones, browsers and screen recorders write. Formats that name other files or
addresses (playlists, concat scripts, image sequences, SDP) are not among them, whatever a file is called.
"""

from dataclasses import dataclass

MIB = 1024 * 1024
SAMPLE_RATE = 16_000
"""Whisper's sample rate in Hz (OpenAI Whisper, ``audio.py``)."""

BYTES_PER_SECOND = SAMPLE_RATE * 2
"""Of our WAV: one channel, 16 bits."""

CONTAINERS = (
    "mov", "mp4", "m4a", "3gp", "3g2", "mj2", "matroska", "webm", "avi", "wav", "mp3", "ogg", "flac",
)  # fmt: skip
"""libavformat's demuxer names. ``mov`` to ``mj2`` are one demuxer, so are ``matroska`` and ``webm``."""

READABLE_CONTAINERS = "mp4, mov, mkv, webm, avi, wav, mp3, ogg or flac"

OPEN_OPTIONS = {"format_whitelist": ",".join(CONTAINERS), "protocol_whitelist": "file"}
"""For libavformat, in ffmpeg and in PyAV alike: only these demuxers, and only local files."""

INPUT_URL = "file:/dev/stdin"
"""Media reaches a child as its standard input, reopened there: seekable, and no name or extension to believe."""


@dataclass(frozen=True, slots=True)
class MediaLimits:
    """``max_seconds``: of recording. The rest bounds one probe and one extraction.

    ``probe_timeout`` and ``extract_timeout``: seconds of wall clock. ``memory``: bytes of address space.
    """

    max_seconds: float = 900.0
    probe_timeout: float = 20.0
    extract_timeout: float = 180.0
    memory: int = 2048 * MIB
