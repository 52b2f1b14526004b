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

DECODERS = (
    "aac", "aac_latm", "mp3float", "mp3", "mp2float", "mp2", "opus", "libopus", "vorbis", "libvorbis", "flac", "alac",
    "ac3", "eac3", "amrnb", "amrwb", "libopencore_amrnb", "libopencore_amrwb", "speex", "gsm_ms", "adpcm_ima_qt",
    "adpcm_ima_wav", "adpcm_ms", "pcm_alaw", "pcm_mulaw", "pcm_u8", "pcm_s8", "pcm_s16le", "pcm_s16be", "pcm_s24le",
    "pcm_s24be", "pcm_s32le", "pcm_s32be", "pcm_f32le", "pcm_f32be", "pcm_f64le", "pcm_f64be",
)  # fmt: skip
"""libavcodec's names of what phones, browsers and recorders write as sound. No decoder of pictures is among them:
nobody needs the picture, and a small file can hold one of 16,000 x 16,000 pixels."""

OPEN_OPTIONS = {
    "format_whitelist": ",".join(CONTAINERS),
    "codec_whitelist": ",".join(DECODERS),
    "protocol_whitelist": "file",
    "max_streams": "64",
    "max_probe_packets": "500",
    "probesize": "5000000",
}
"""For libavformat, in ffmpeg and in PyAV alike: only these demuxers and decoders, and only local files, of which the
sandbox has none. Honest recordings have a handful of streams. (Tracks in other files are off by mov's default.)"""

INPUT_URL = "file:/dev/stdin"
"""Media reaches a child as its standard input, reopened there: seekable, and no name or extension to believe."""


@dataclass(frozen=True, slots=True)
class MediaLimits:
    """``max_seconds``: of recording. The rest bounds one probe and one extraction.

    ``probe_timeout`` and ``extract_timeout``: seconds of wall clock, generous, since a busy machine is no fault of the
    file. ``probe_cpu`` and ``extract_cpu``: seconds of CPU (a probe uses 0.1, ten minutes of video 1.5 to extract).
    ``memory``: bytes of address space.
    """

    max_seconds: float = 900.0
    probe_timeout: float = 30.0
    extract_timeout: float = 180.0
    probe_cpu: int = 15
    extract_cpu: int = 60
    memory: int = 1024 * MIB
