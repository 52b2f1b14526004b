"""Containers that lie about their sizes, lengths and tables, and bombs that are small until they are read."""

import struct
import zlib
from collections.abc import Iterator

from tests.hostile.craft import (
    CORRUPT,
    LONG,
    NOT_MEDIA,
    OK,
    PICTURE,
    SILENT,
    TONE,
    Crafted,
    Workshop,
    box,
    chunk,
    crafted,
    patched,
    wav,
)

DAY = 24 * 3600
BAD = f"{CORRUPT} {NOT_MEDIA}"
EITHER = f"{OK} {BAD}"


def flac_silence(seconds: int, *, told: bool) -> bytes:
    """Silence as FLAC (RFC 9639): constant subframes, 15 bytes for each 4 s. ``told``: the header has the length."""
    total = seconds * 16000 if told else 0
    info = struct.pack(">HH", 65535, 65535) + bytes(6)
    info += struct.pack(">Q", (16000 << 44) | (15 << 36) | total) + bytes(16)
    return b"fLaC\x80\0\0\x22" + info + b"".join(_flac_frames(seconds * 16000 // 65535))


def _flac_frames(count: int) -> Iterator[bytes]:
    for number in range(count):
        # Block size in 16 bits, 16 kHz, one channel, 16 bits; the number as in UTF-8; then one sample for all.
        head = b"\xff\xf8\x75\x08" + chr(number if number < 0xD800 else 0xD7FF).encode() + b"\xff\xfe"
        frame = head + bytes([_crc(head, 8, 0x07)]) + b"\0\0\0"
        yield frame + struct.pack(">H", _crc(frame, 16, 0x8005))


def _crc(data: bytes, bits: int, polynomial: int) -> int:
    value, top, mask = 0, 1 << (bits - 1), (1 << bits) - 1
    for byte in data:
        value ^= byte << (bits - 8)
        for _ in range(8):
            value = ((value << 1) ^ polynomial if value & top else value << 1) & mask
    return value


def _wide_png(side: int) -> bytes:
    """A black picture of 8 bits per pixel: 250 KB for 16,000 x 16,000."""

    def part(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    packer, row = zlib.compressobj(1), bytes(side + 1)
    rows = b"".join([*(packer.compress(row) for _ in range(side)), packer.flush()])
    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", rows) + part(b"IEND", b"")


def _wide_film(shop: Workshop) -> bytes:
    picture = shop.folder / "wide.png"
    picture.write_bytes(_wide_png(16000))
    return shop.encode("mov", "-i", str(picture), *TONE, "-c:v", "copy", "-c:a", "aac")


def _index_lies(shop: Workshop) -> bytes:
    """An AVI whose index points far behind the file's end."""
    data = shop.encode("avi", *TONE, *PICTURE, "-c:v", "mpeg4", "-c:a", "pcm_s16le")
    at = data.index(b"idx1")
    (size,) = struct.unpack_from("<I", data, at + 4)
    lies = b"".join(b"01wb" + struct.pack("<III", 16, 0xFFFFFFF0, 0x7FFFFFFF) for _ in range(size // 16))
    return data[: at + 8] + lies


def _id3_bomb(shop: Workshop) -> bytes:
    """A compressed frame of 32 MB of zeros in front of honest sound."""
    packed = zlib.compress(bytes(32 << 20), 9)
    frame = b"TXXX" + struct.pack(">IH", len(packed) + 4, 0x0080) + struct.pack(">I", 32 << 20) + packed
    size = len(frame)
    return b"ID3\3\0\0" + bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0)) + frame + shop.mp3


def _cover_only(shop: Workshop) -> bytes:
    picture = shop.encode("png", *PICTURE, "-frames:v", "1")
    frame = b"\0image/png\0\3\0" + picture
    apic = b"APIC" + struct.pack(">IH", len(frame), 0) + frame
    return b"ID3\3\0\0" + bytes((len(apic) >> shift) & 0x7F for shift in (21, 14, 7, 0)) + apic


def _traks(shop: Workshop) -> bytes:
    """The index with its tracks two thousand times."""
    at = shop.mp4.index(b"moov") - 4
    moov = shop.mp4[at:]
    trak = moov[moov.index(b"trak") - 4 :][: struct.unpack_from(">I", moov, moov.index(b"trak") - 4)[0]]
    head = moov[8 : 8 + struct.unpack_from(">I", moov, 8)[0]]
    return shop.mp4[:at] + box(b"moov", head, trak * 2000)


def _nested(depth: int) -> bytes:
    data = b""
    for _ in range(depth):
        data = struct.pack(">I4s", 8 + len(data), b"moov") + data
    return box(b"ftyp", b"isom", bytes(4)) + data


def _ebml_loop(shop: Workshop) -> bytes:
    """A SeekHead that says that the SeekHead is where it is itself, and elements of unknown size inside each other."""
    seek = bytes.fromhex("114d9b74 8e 4dbb 8b 53ab84 114d9b74 53ac81 00")
    unknown = bytes.fromhex("1f43b675 01ffffffffffffff") * 20000
    at = shop.mkv.index(bytes.fromhex("114d9b74"))
    return shop.mkv[:at] + seek + unknown + shop.mkv[at:]


def _many_voids(shop: Workshop) -> bytes:
    at = shop.mkv.index(bytes.fromhex("1f43b675"))
    return shop.mkv[:at] + b"\xec\x80" * 500_000 + shop.mkv[at:]


def _rf64(samples: int) -> bytes:
    sizes = struct.pack("<QQQI", 1 << 60, samples * 2, samples, 0)
    plain = wav()
    return (
        b"RF64\xff\xff\xff\xffWAVE" + chunk(b"ds64", sizes) + plain[12:40] + b"\xff\xff\xff\xff" + plain[44:]
    )


def _encrypted(shop: Workshop) -> bytes:
    key = ("-encryption_scheme", "cenc-aes-ctr", "-encryption_key", "01" * 16, "-encryption_kid", "02" * 16)
    return shop.encode("mp4", *TONE, "-c:a", "aac", *key)


def _fragments(shop: Workshop) -> bytes:
    return shop.encode("mp4", *TONE, *PICTURE, "-c:v", "mpeg4", "-movflags", "frag_keyframe+empty_moov")


def _without_moov(shop: Workshop) -> bytes:
    data = _fragments(shop)
    return data[: data.index(b"moov") - 4] + data[data.index(b"moof") - 4 :]


def _edit_list(shop: Workshop, length: int, begin: int) -> bytes:
    return patched(shop.mp4, b"elst", 8, struct.pack(">Ii", length, begin))


def _inserted(data: bytes, extra: bytes) -> bytes:
    """An MP4 with something behind its first box, and the tables of places moved on."""
    (first,) = struct.unpack_from(">I", data)
    moved = bytearray(data[:first] + extra + data[first:])
    at = moved.find(b"stco")
    while at >= 0:
        (count,) = struct.unpack_from(">I", moved, at + 8)
        places = struct.unpack_from(f">{count}I", moved, at + 12)
        struct.pack_into(f">{count}I", moved, at + 12, *(place + len(extra) for place in places))
        at = moved.find(b"stco", at + 4)
    return bytes(moved)


def _cut(share: float, data: bytes) -> bytes:
    return data[: int(len(data) * share)]


FILES: list[Crafted] = [
    crafted("day-of-silence", LONG, lambda s: flac_silence(DAY, told=True)),
    crafted("day-of-silence-untold", LONG, lambda s: flac_silence(DAY, told=False)),
    crafted("four-hours-of-opus", LONG, lambda s: _long_opus(s)),
    crafted("wide-film", OK, _wide_film),
    crafted("wav-65535-channels", BAD, lambda s: wav(channels=65535, bits=8)),
    crafted("wav-no-channel", BAD, lambda s: wav(channels=0)),
    crafted("wav-1-hertz", LONG, lambda s: wav(rate=1)),
    crafted("wav-0-hertz", BAD, lambda s: wav(rate=0)),
    crafted("wav-4-gigahertz", EITHER, lambda s: wav(rate=4_000_000_000)),
    crafted("wav-endless", OK, lambda s: wav(size=0xFFFFFFFF)),
    crafted("wav-nothing", BAD, lambda s: wav(data=b"")),
    crafted("wav-less-than-said", OK, lambda s: wav(size=10_000_000)),
    crafted("rf64-too-long", f"{LONG} {OK}", lambda s: _rf64(1 << 50)),
    crafted("rf64-honest", OK, lambda s: _rf64(16000)),
    crafted("mp4-far-future", f"{LONG} {OK}", lambda s: s.encode("mp4", *TONE, "-output_ts_offset", "90000")),
    crafted(
        "mkv-far-future", f"{LONG} {OK}", lambda s: s.encode("mkv", *TONE, "-output_ts_offset", "9000000")
    ),
    crafted(
        "mp4-no-length", OK, lambda s: patched(patched(s.mp4, b"mvhd", 16, bytes(4)), b"mdhd", 16, bytes(4))
    ),
    crafted("mp4-says-a-year", f"{LONG} {OK}", lambda s: patched(s.mp4, b"mvhd", 16, b"\x7f\xff\xff\xff")),
    crafted("mp4-no-timescale", EITHER, lambda s: patched(s.mp4, b"mdhd", 12, bytes(4))),
    crafted("mp4-edit-far", EITHER, lambda s: _edit_list(s, 0x7FFFFFFF, 0x7FFFFFFF)),
    crafted("mp4-edit-empty-year", f"{EITHER} {LONG}", lambda s: _edit_list(s, 0x7FFFFFFF, -1)),
    crafted("mp4-many-samples", EITHER, lambda s: patched(s.mp4, b"stsz", 8, b"\xff\xff\xff\xff")),
    crafted("mp4-many-chunks", EITHER, lambda s: patched(s.mp4, b"stco", 4, b"\x7f\xff\xff\xff")),
    crafted("mp4-many-times", EITHER, lambda s: patched(s.mp4, b"stts", 4, b"\x7f\xff\xff\xff")),
    crafted("mp4-two-thousand-tracks", EITHER, _traks),
    crafted("mp4-million-boxes", EITHER, lambda s: _inserted(s.mp4, box(b"free") * 1_000_000)),
    crafted("mp4-nested", BAD, lambda s: _nested(2000)),
    crafted("mp4-encrypted", EITHER, _encrypted),
    crafted("mp4-fragments", OK, _fragments),
    crafted("mp4-fragments-only", BAD, _without_moov),
    *(crafted(f"mp4-cut-{cut}", BAD, lambda s, cut=cut: _cut(cut / 100, s.mp4)) for cut in (1, 10, 50, 90)),  # type: ignore[misc]
    crafted("mkv-cut-50", OK, lambda s: _cut(0.5, s.mkv)),
    crafted("ogg-cut-50", EITHER, lambda s: _cut(0.5, s.ogg)),
    crafted("mkv-loop", f"{EITHER} {LONG}", _ebml_loop),
    crafted("mkv-million-voids", OK, _many_voids),
    crafted("avi-index-lies", EITHER, _index_lies),
    crafted("id3-bomb", OK, _id3_bomb),
    crafted("id3-says-256-mb", EITHER, lambda s: b"ID3\3\0\0\x7f\x7f\x7f\x7f" + s.mp3),
    crafted("cover-only", BAD, _cover_only),
    crafted("ogg-chained", OK, lambda s: s.ogg + s.ogg),
    crafted("zip-behind", OK, lambda s: s.mp4 + b"PK\5\6" + bytes(18)),
    crafted("zip-before", f"{NOT_MEDIA} {OK}", lambda s: b"PK\3\4" + bytes(60) + s.mp4),
    crafted("pdf-inside", OK, lambda s: _inserted(s.mp4, box(b"free", b"%PDF-1.7\n%%EOF"))),
    crafted("no-sound", SILENT, lambda s: s.encode("mp4", *PICTURE, "-c:v", "mpeg4")),
    crafted("subtitles-only", BAD, lambda s: _subtitles(s)),
]


def _long_opus(shop: Workshop) -> bytes:
    minute = shop.folder / "minute.ogg"
    silence = ("-f", "lavfi", "-i", "anullsrc=r=48000:cl=mono", "-t", "60")
    minute.write_bytes(shop.encode("ogg", *silence, "-c:a", "libopus", "-frame_duration", "60"))
    return shop.encode("ogg", "-stream_loop", "239", "-i", str(minute), "-c", "copy")


def _subtitles(shop: Workshop) -> bytes:
    words = shop.folder / "words.srt"
    words.write_text("1\n00:00:00,000 --> 00:00:01,000\nHello\n")
    return shop.encode("mkv", "-i", str(words), "-c:s", "srt")
