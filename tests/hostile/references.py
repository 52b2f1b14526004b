"""Files that name other files or addresses, in the hope that the reader follows. None may be followed."""

import struct

from tests.hostile.craft import CORRUPT, NOT_MEDIA, OK, Crafted, Workshop, box, crafted, text

ITSELF = f"{OK} {CORRUPT} {NOT_MEDIA}"
"""A reference that is not followed may leave the file's own bytes, taken for samples."""

HLS = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{target}\n#EXT-X-ENDLIST\n"
DASH = """<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"
 mediaPresentationDuration="PT3S" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period><AdaptationSet
 mimeType="audio/mp4"><Representation id="a" bandwidth="1"><BaseURL>{target}</BaseURL></Representation>
</AdaptationSet></Period></MPD>"""
SDP = "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio {port} RTP/AVP 0\n"
SVG = '<svg xmlns="http://www.w3.org/2000/svg"><image href="file://{canary}"/></svg>'


def _file(form: str, target: str) -> str:
    return form.replace("{target}", target)


def _external(kind: bytes, place: bytes) -> bytes:
    """A QuickTime file whose only track says that its samples are in another file (``dref`` without the flag 1)."""
    entry = box(kind, b"\0\0\0\0", place)
    dref = box(b"dref", struct.pack(">II", 0, 1), entry)
    sowt = box(b"sowt", bytes(6), struct.pack(">HHHIHHHHI", 1, 0, 0, 0, 1, 16, 0, 0, 16000 << 16))
    tables = (
        box(b"stsd", struct.pack(">II", 0, 1), sowt),
        box(b"stts", struct.pack(">IIII", 0, 1, 16000, 1)),
        box(b"stsc", struct.pack(">IIIII", 0, 1, 1, 16000, 1)),
        box(b"stsz", struct.pack(">III", 0, 2, 16000)),
        box(b"stco", struct.pack(">III", 0, 1, 44)),
    )
    minf = box(b"minf", box(b"smhd", bytes(8)), box(b"dinf", dref), box(b"stbl", *tables))
    mdia = box(
        b"mdia",
        box(b"mdhd", struct.pack(">IIIIIHH", 0, 0, 0, 16000, 16000, 0, 0)),
        box(b"hdlr", bytes(4), b"mhlrsoun", bytes(13)),
        minf,
    )
    tkhd = box(b"tkhd", struct.pack(">IIIIII", 1, 0, 0, 1, 0, 1000), bytes(60))
    mvhd = box(b"mvhd", struct.pack(">IIIII", 0, 0, 0, 1000, 1000), bytes(80))
    return box(b"ftyp", b"qt  ", bytes(4), b"qt  ") + box(b"moov", mvhd, box(b"trak", tkhd, mdia))


def _reference_movie(shop: Workshop) -> bytes:
    """QuickTime's ``rmra``: nothing but the address of the real film."""
    address = f"http://127.0.0.1:{shop.port}/film.mov".encode() + b"\0"
    rdrf = box(b"rdrf", bytes(4), b"url ", struct.pack(">I", len(address)), address)
    return box(b"ftyp", b"qt  ", bytes(4), b"qt  ") + box(b"moov", box(b"rmra", box(b"rmda", rdrf)))


def _linked_cover(shop: Workshop) -> bytes:
    """An MP3 whose cover is an address (ID3's ``-->``)."""
    address = f"http://127.0.0.1:{shop.port}/cover.png".encode()
    frame = b"\0-->\0\3\0" + address
    apic = b"APIC" + struct.pack(">IH", len(frame), 0) + frame
    return b"ID3\3\0\0" + bytes([0, 0, len(apic) >> 7, len(apic) & 0x7F]) + apic + shop.mp3


FILES: list[Crafted] = [
    crafted("hls-absolute", NOT_MEDIA, text(_file(HLS, "{canary}"))),
    crafted("hls-file-url", NOT_MEDIA, text(_file(HLS, "file://{canary}"))),
    crafted("hls-beside", NOT_MEDIA, text(_file(HLS, "{name}"))),
    crafted("hls-http", NOT_MEDIA, text(_file(HLS, "http://127.0.0.1:{port}/a.ts"))),
    crafted("hls-subfile", NOT_MEDIA, text(_file(HLS, "subfile,,start,0,end,0,,:{canary}"))),
    crafted("hls-key", NOT_MEDIA, text(_file(HLS, '#EXT-X-KEY:METHOD=AES-128,URI="{canary}"\n{name}'))),
    crafted("hls-as-m3u8", NOT_MEDIA, text(_file(HLS, "{canary}")), "list.m3u8"),
    crafted("dash-file", NOT_MEDIA, text(_file(DASH, "file://{canary}"))),
    crafted("dash-http", NOT_MEDIA, text(_file(DASH, "http://127.0.0.1:{port}/a.mp4"))),
    crafted("ffconcat", NOT_MEDIA, text("ffconcat version 1.0\nfile '{canary}'\n")),
    crafted("concat-script", NOT_MEDIA, text("file '{canary}'\nfile '{canary}'\n")),
    crafted("concat-protocol", NOT_MEDIA, text("concat:{canary}|{canary}")),
    crafted("subfile-protocol", NOT_MEDIA, text("subfile,,start,0,end,0,,:{canary}")),
    crafted("data-protocol", NOT_MEDIA, text("data:audio/wav;base64,UklGRiQAAABXQVZF")),
    crafted("http-address", NOT_MEDIA, text("http://127.0.0.1:{port}/talk.mp4")),
    crafted("asx", NOT_MEDIA, text('<asx><entry><ref href="http://127.0.0.1:{port}/"/></entry></asx>')),
    crafted("pls", NOT_MEDIA, text("[playlist]\nNumberOfEntries=1\nFile1=http://127.0.0.1:{port}/\n")),
    crafted("sdp", NOT_MEDIA, text(SDP)),
    crafted("avisynth", NOT_MEDIA, text('DirectShowSource("{canary}")\n')),
    crafted("svg", NOT_MEDIA, text(SVG)),
    crafted("dref-url", ITSELF, lambda s: _external(b"url ", f"file://{s.canary}\0".encode())),
    crafted("dref-alias", ITSELF, lambda s: _external(b"alis", bytes(150) + str(s.canary).encode())),
    crafted("dref-http", ITSELF, lambda s: _external(b"url ", f"http://127.0.0.1:{s.port}/\0".encode())),
    crafted("reference-movie", NOT_MEDIA, _reference_movie),
    crafted("linked-cover", OK, _linked_cover),
    crafted("name-like-a-protocol", OK, lambda shop: shop.mp4, "concat:talk|talk.mp4"),
    crafted("name-like-an-option", OK, lambda shop: shop.mp4, "-i.mp4"),
]
