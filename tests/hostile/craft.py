"""A crafted file: how to make it, and what is to become of it. Nothing is committed; all is made when it is needed.

``ok`` is an outcome like the refusals' codes. Where libavformat's versions differ about a broken file, several outcomes
are right: what never is, is a hang, somebody else's bytes, or an error that blames nobody.
"""

import struct
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from stt.audio import find_ffmpeg

OK = "ok"
NOT_MEDIA = "not_a_video"
CORRUPT = "corrupt_media"
LONG = "too_long"
SILENT = "no_audio_track"
TONE = ("-f", "lavfi", "-i", "sine=r=16000:d=1")
PICTURE = ("-f", "lavfi", "-i", "testsrc=d=1:s=64x64:r=5")


class CannotMakeError(Exception):
    """This ffmpeg lacks an encoder; the file is left out, and the report says so."""


@dataclass(frozen=True)
class Workshop:
    """``folder``: for what ffmpeg makes on the way. ``canary``: another student's file. ``port``: of a listener."""

    folder: Path
    canary: Path
    port: int

    def encode(self, suffix: str, *arguments: str) -> bytes:
        """What ffmpeg makes of these arguments."""
        target = self.folder / f"made.{suffix}"
        done = subprocess.run(
            [find_ffmpeg(), "-v", "error", "-nostdin", "-y", *arguments, str(target)],
            capture_output=True, timeout=60, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise CannotMakeError(done.stderr.decode(errors="replace").strip()[-200:])
        data = target.read_bytes()
        target.unlink()
        return data

    @cached_property
    def mp4(self) -> bytes:
        """A second of tone and picture, the index at the end."""
        return self.encode("mp4", *TONE, *PICTURE, "-c:v", "mpeg4", "-c:a", "aac", "-movflags", "-faststart")

    @cached_property
    def mkv(self) -> bytes:
        return self.encode("mkv", *TONE, *PICTURE, "-c:v", "mpeg4", "-c:a", "pcm_s16le")

    @cached_property
    def mp3(self) -> bytes:
        return self.encode("mp3", *TONE, "-id3v2_version", "0", "-write_xing", "0")

    @cached_property
    def ogg(self) -> bytes:
        return self.encode("ogg", *TONE, "-c:a", "libvorbis")


@dataclass(frozen=True)
class Crafted:
    """``make``: its bytes. ``outcomes``: those that are right. ``name``: what the student calls the file."""

    label: str
    outcomes: frozenset[str]
    make: Callable[[Workshop], bytes]
    name: str


def crafted(label: str, outcomes: str, make: Callable[[Workshop], bytes], name: str = "") -> Crafted:
    """``outcomes``: separated by blanks. ``name``: ``<label>.mp4`` unless told."""
    return Crafted(label, frozenset(outcomes.split()), make, name or f"{label}.mp4")


def text(words: str) -> Callable[[Workshop], bytes]:
    """A text file; ``{canary}``, ``{name}`` (the canary's, beside it) and ``{port}`` are filled in."""
    return lambda shop: words.format(canary=shop.canary, name=shop.canary.name, port=shop.port).encode()


def box(kind: bytes, *content: bytes) -> bytes:
    """An MP4 box (ISO/IEC 14496-12)."""
    body = b"".join(content)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def chunk(kind: bytes, body: bytes) -> bytes:
    """A RIFF chunk."""
    return struct.pack("<4sI", kind, len(body)) + body + b"\0" * (len(body) % 2)


def wav(
    *,
    channels: int = 1,
    rate: int = 16000,
    bits: int = 16,
    data: bytes = b"\1\0" * 16000,
    size: int | None = None,
) -> bytes:
    """A WAV whose header may lie. ``size``: what it says of its data."""
    align = channels * bits // 8
    layout = struct.pack(
        "<HHIIHH", 1, channels, rate & 0xFFFFFFFF, rate * align & 0xFFFFFFFF, align & 0xFFFF, bits
    )
    said = struct.pack("<4sI", b"data", len(data) if size is None else size) + data
    body = b"WAVE" + chunk(b"fmt ", layout) + said
    return struct.pack("<4sI", b"RIFF", len(body) & 0xFFFFFFFF) + body


def patched(data: bytes, marker: bytes, offset: int, value: bytes) -> bytes:
    """``data`` with ``value`` written ``offset`` bytes behind the first ``marker``."""
    at = data.index(marker) + len(marker) + offset
    return data[:at] + value + data[at + len(value) :]
