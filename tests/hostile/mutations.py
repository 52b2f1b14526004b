"""One broken file for each number: a small good recording of some container, changed as the number's source says.

The changes are those that find faults in parsers: flipped bits, bytes and lengths of special value, pieces that are
cut, doubled, moved in from another container, and ends that are missing. Pure, but for ``good_files``.
"""

import random
import struct
from collections.abc import Callable
from pathlib import Path

from tests.hostile.craft import CannotMakeError, Workshop
from tests.hostile.traps import plant

SHORT = ("-f", "lavfi", "-i", "sine=r=16000:d=0.3")
SMALL = ("-f", "lavfi", "-i", "testsrc=d=0.3:s=32x32:r=10")
RECIPES: dict[str, tuple[str, ...]] = {
    "mp4": (*SHORT, *SMALL, "-c:v", "mpeg4", "-c:a", "aac"),
    "m4a": (*SHORT, "-c:a", "alac"),
    "mov": (*SHORT, "-c:a", "pcm_s16be"),
    "3gp": (*SHORT, "-ar", "8000", "-c:a", "libopencore_amrnb"),
    "fragmented.mp4": (*SHORT, "-c:a", "aac", "-movflags", "frag_keyframe+empty_moov"),
    "webm": (*SHORT, *SMALL, "-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus"),
    "mkv": (*SHORT, "-c:a", "aac"),
    "vorbis.mkv": (*SHORT, "-c:a", "libvorbis"),
    "avi": (*SHORT, *SMALL, "-c:v", "mjpeg", "-c:a", "pcm_u8"),
    "mp3.avi": (*SHORT, *SMALL, "-c:v", "mpeg4", "-c:a", "libmp3lame"),
    "wav": (*SHORT, "-c:a", "pcm_s16le", "-ar", "8000"),
    "adpcm.wav": (*SHORT, "-c:a", "adpcm_ima_wav"),
    "mp3": (*SHORT, "-metadata", "title=x"),
    "ogg": (*SHORT, "-c:a", "libvorbis"),
    "opus.ogg": (*SHORT, "-c:a", "libopus"),
    "flac.ogg": (*SHORT, "-c:a", "flac"),
    "flac": (*SHORT, "-c:a", "flac"),
}

SPECIAL = (
    0,
    1,
    2,
    7,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0x8000,
    0xFFFF,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFE,
    0xFFFFFFFF,
)
Change = Callable[[random.Random, bytearray, list[bytes]], None]


def good_files(folder: Path) -> dict[str, bytes]:
    """The recordings that are broken, by container and codec; those that this ffmpeg can make."""
    shop = Workshop(folder, plant(folder / "other-student.wav"), 0)
    made: dict[str, bytes] = {}
    for name, recipe in RECIPES.items():
        try:
            made[name] = shop.encode(name.rpartition(".")[2], *recipe)
        except CannotMakeError:
            continue
    return made


def mutant(seed: int, good: list[bytes]) -> bytes:
    """The file of this number. The same number and the same ``good`` give the same bytes."""
    source = random.Random(seed)
    data = bytearray(source.choice(good))
    for _ in range(source.choice((1, 1, 2, 3, 5, 8))):
        source.choice(CHANGES)(source, data, good)
    return bytes(data)


def _place(source: random.Random, data: bytearray) -> int:
    """Where: near the beginning, where headers are, as often as anywhere."""
    return source.randrange(min(len(data), 600) if source.random() < 0.5 else len(data)) if data else 0


def _flip(source: random.Random, data: bytearray, good: list[bytes]) -> None:
    for _ in range(source.choice((1, 1, 4, 32))):
        if data:
            data[_place(source, data)] ^= 1 << source.randrange(8)


def _write(source: random.Random, data: bytearray, good: list[bytes]) -> None:
    at = _place(source, data)
    data[at : at + 1] = bytes([source.choice(SPECIAL) & 0xFF])


def _length(source: random.Random, data: bytearray, good: list[bytes]) -> None:
    """Overwrite a field of 2, 4 or 8 bytes, in either order of bytes; one that looks like a length rather than not."""
    form = source.choice(("<H", ">H", "<I", ">I", ">I", "<I", ">Q"))
    size = struct.calcsize(form)
    if len(data) < size:
        return
    places = [_place(source, data) for _ in range(40)]
    likely = [
        at
        for at in places
        if at + size <= len(data) and 0 < struct.unpack_from(form, data, at)[0] < len(data)
    ]
    at = min(likely[0] if likely else places[0], len(data) - size)
    value = source.choice((*SPECIAL, len(data), len(data) - 1, len(data) + 1, source.getrandbits(32)))
    struct.pack_into(form, data, at, value & (1 << 8 * size) - 1)


def _cut(source: random.Random, data: bytearray, good: list[bytes]) -> None:
    del data[_place(source, data) :]


def _drop(source: random.Random, data: bytearray, good: list[bytes]) -> None:
    at = _place(source, data)
    del data[at : at + source.choice((1, 2, 4, 64, 512))]


def _double(source: random.Random, data: bytearray, good: list[bytes]) -> None:
    at, size = _place(source, data), source.choice((4, 16, 128, 1024))
    data[at:at] = data[at : at + size] * source.choice((1, 2, 50))


def _splice(source: random.Random, data: bytearray, good: list[bytes]) -> None:
    other = source.choice(good)
    begin = source.randrange(len(other))
    at = _place(source, data)
    data[at : at + source.choice((0, 64, 1024))] = other[begin : begin + source.choice((8, 64, 1024, 8192))]


def _swap(source: random.Random, data: bytearray, good: list[bytes]) -> None:
    first, second = sorted((_place(source, data), _place(source, data)))
    size = min(source.choice((4, 8, 32)), second - first, len(data) - second)
    if size > 0:
        data[first : first + size], data[second : second + size] = (
            data[second : second + size],
            data[first : first + size],
        )


CHANGES: tuple[Change, ...] = (_flip, _write, _length, _length, _length, _cut, _drop, _double, _splice, _swap)
