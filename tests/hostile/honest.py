"""What phones, browsers and recorders really write: odd, and to be accepted. And what is no recording at all."""

import random
import struct

from tests.hostile.craft import NOT_MEDIA, OK, PICTURE, TONE, Crafted, Workshop, crafted, patched, text

BOTH = ("-map", "0", "-map", "1")
WIDE = ("-f", "lavfi", "-i", "sine=r=96000:d=1")


def _he_aac(shop: Workshop) -> bytes:
    """AAC at 24 kHz whose header announces spectral band replication to 48 kHz (ISO/IEC 14496-3, 1.6.5.2)."""
    data = shop.encode("m4a", "-f", "lavfi", "-i", "sine=r=24000:d=1", "-c:a", "aac")
    return patched(data, b"\x56\xe5", 0, b"\x98")


def _chapters(shop: Workshop) -> bytes:
    marks = shop.folder / "chapters.txt"
    marks.write_text(";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=500\ntitle=One\n")
    return shop.encode("m4a", *TONE, "-i", str(marks), "-map_metadata", "1", "-c:a", "aac")


def _attachment(shop: Workshop) -> bytes:
    other = shop.folder / "attached.txt"
    other.write_text("font")
    return shop.encode(
        "mkv", *TONE, "-attach", str(other), "-metadata:s:t", "mimetype=text/plain", "-c:a", "flac"
    )


def _cover(shop: Workshop) -> bytes:
    cover = shop.folder / "cover.png"
    cover.write_bytes(shop.encode("png", *PICTURE, "-frames:v", "1"))
    return shop.encode(
        "mp3",
        *TONE,
        "-i",
        str(cover),
        "-map",
        "0",
        "-map",
        "1",
        "-c:v",
        "copy",
        "-disposition:v",
        "attached_pic",
    )


def _midi(shop: Workshop) -> bytes:
    track = b"\0\x90\x3c\x40\x60\x80\x3c\x40\0\xff\x2f\0"
    return b"MThd" + struct.pack(">IHHH", 6, 0, 1, 96) + b"MTrk" + struct.pack(">I", len(track)) + track


def _tracker(shop: Workshop) -> bytes:
    """ProTracker: 31 empty instruments, one pattern."""
    return b"song".ljust(20, b"\0") + bytes(30 * 31) + b"\1\x7f" + bytes(128) + b"M.K." + bytes(1024)


def _noise(shop: Workshop) -> bytes:
    return random.Random(4).randbytes(50_000)


def _webm(shop: Workshop) -> bytes:
    codecs = ("-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus", "-live", "1")
    return shop.encode("webm", *TONE, *PICTURE, *codecs)


GOOD: list[Crafted] = [
    crafted("telephone", OK, lambda s: s.encode("wav", *TONE, "-ar", "8000", "-c:a", "pcm_mulaw"), "memo.wav"),
    crafted("studio", OK, lambda s: s.encode("flac", *WIDE, "-ac", "6", "-sample_fmt", "s32"), "studio.flac"),
    crafted("surround", OK, lambda s: s.encode("mkv", *WIDE, "-ac", "6", "-ar", "48000", "-c:a", "ac3"), "film.mkv"),
    crafted("variable-rate", OK, lambda s: s.encode(
        "mp4", *TONE, *PICTURE, "-vf", "select='not(mod(n\\,2))+eq(n\\,1)'", "-fps_mode", "vfr", "-c:v", "mpeg4")),
    crafted("rotated", OK, lambda s: _rotated(s)),
    crafted("voice-memo", OK, lambda s: s.encode("m4a", *TONE, "-c:a", "aac", "-vn"), "memo.m4a"),
    crafted("apple-lossless", OK, lambda s: s.encode("m4a", *TONE, "-c:a", "alac"), "memo.m4a"),
    crafted("he-aac", OK, _he_aac, "memo.m4a"),
    crafted("browser", OK, _webm, "recording.webm"),
    crafted("old-phone", OK, lambda s: s.encode("3gp", *TONE, "-ar", "8000", "-c:a", "libopencore_amrnb"), "old.3gp"),
    crafted("chapters", OK, _chapters, "book.m4a"),
    crafted("cover", OK, _cover, "song.mp3"),
    crafted("attachment", OK, _attachment, "film.mkv"),
    crafted("camera", OK, lambda s: s.encode("avi", *TONE, *PICTURE, "-c:v", "mjpeg", "-c:a", "pcm_u8"), "DSC1.AVI"),
    crafted("mac", OK, lambda s: s.encode("mov", *TONE, *PICTURE, "-c:v", "mjpeg", "-c:a", "pcm_s16be"), "a.mov"),
    crafted("vorbis", OK, lambda s: s.ogg, "a.ogg"),
    crafted("two-tracks", OK, lambda s: s.encode("mkv", *TONE, *TONE, *BOTH, "-c:a", "aac"), "a.mkv"),
    crafted("wrong-name", OK, lambda s: s.mkv, "essay.docx"),
    crafted("quicktime-first", OK, lambda s: s.encode("mp4", *TONE, "-movflags", "+faststart", "-c:a", "aac")),
]  # fmt: skip

NO_RECORDING: list[Crafted] = [
    crafted("empty", "empty_file", lambda s: b""),
    crafted("one-byte", NOT_MEDIA, lambda s: b"\0"),
    crafted("zeros", NOT_MEDIA, lambda s: bytes(100_000)),
    crafted("ones", NOT_MEDIA, lambda s: b"\xff" * 100_000),
    crafted("noise", f"{NOT_MEDIA} corrupt_media", _noise),
    crafted("words", NOT_MEDIA, text("My name is Ann and I like fishing.\n" * 50)),
    crafted(
        "page", NOT_MEDIA, text("<html><body><video src='http://127.0.0.1:{port}/'></video></body></html>")
    ),
    crafted("subtitles", NOT_MEDIA, text("1\n00:00:00,000 --> 00:00:01,000\nHello\n\n")),
    crafted("gif", NOT_MEDIA, lambda s: s.encode("gif", *PICTURE)),
    crafted("png", NOT_MEDIA, lambda s: s.encode("png", *PICTURE, "-frames:v", "1")),
    crafted("webp", NOT_MEDIA, lambda s: s.encode("webp", *PICTURE, "-frames:v", "1")),
    crafted("jpeg", NOT_MEDIA, lambda s: s.encode("jpg", *PICTURE, "-frames:v", "1")),
    crafted("midi", NOT_MEDIA, _midi),
    crafted("tracker", NOT_MEDIA, _tracker),
    crafted("broadcast", NOT_MEDIA, lambda s: s.encode("ts", *TONE, "-c:a", "mp2")),
    crafted("windows-media", NOT_MEDIA, lambda s: s.encode("wma", *TONE, "-c:a", "wmav2")),
]


def _rotated(shop: Workshop) -> bytes:
    upright = shop.folder / "upright.mp4"
    upright.write_bytes(shop.mp4)
    return shop.encode("mp4", "-display_rotation", "90", "-i", str(upright), "-c", "copy")
