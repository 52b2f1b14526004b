"""Exam pages and pictures that are bombs, and some that are only odd."""

import io
import struct
import zlib

from tests.hostile.craft import OK, Crafted, Workshop, crafted

LARGE = "pages_too_large"
BROKEN = "broken_pages"
UNKNOWN = "unknown_pages"


def pdf(
    page: str = "", content: bytes = b"", *, box: str = "0 0 595 842", more: tuple[bytes, ...] = ()
) -> bytes:
    """A PDF of one page. ``page``: more of its dictionary. ``more``: further objects, from number 5 on."""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        f"<</Type/Page/Parent 2 0 R/MediaBox[{box}]/Contents 4 0 R{page}>>".encode(),
        _stream(b"", content),
        *more,
    ]
    out = io.BytesIO(b"%PDF-1.7\n")
    out.seek(0, io.SEEK_END)
    places = []
    for number, body in enumerate(objects, 1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    start = out.tell()
    rows = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    out.write(b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, rows))
    out.write(b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (size, start))
    return out.getvalue()


def _stream(dictionary: bytes, data: bytes) -> bytes:
    packed = zlib.compress(data, 9)
    return b"<<%s/Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (dictionary, len(packed), packed)


def curves(count: int) -> bytes:
    """Drawing commands: one path of long curves that cross each other, filled by the even-odd rule."""
    moves = (
        f"{7 * i % 595} {11 * i % 842} {595 - 13 * i % 595} {17 * i % 842} {19 * i % 595} {842 - 23 * i % 842} c"
        for i in range(count)
    )
    return f"0 0 m\n{chr(10).join(moves)}\nf*\n".encode()


def _picture(width: int, height: int) -> bytes:
    form = b"/Type/XObject/Subtype/Image/ColorSpace/DeviceGray/BitsPerComponent 1"
    return _stream(
        form + b"/Width %d/Height %d" % (width, height), bytes((width // 8 + 1) * min(height, 20000))
    )


def _form_calls_itself() -> bytes:
    form = b"/Type/XObject/Subtype/Form/BBox[0 0 595 842]/Resources<</XObject<</F 5 0 R>>>>"
    return pdf("/Resources<</XObject<</F 5 0 R>>>>", b"/F Do", more=(_stream(form, b"/F Do /F Do"),))


def _pages_in_pages() -> bytes:
    good = pdf()
    return good.replace(b"/Kids[3 0 R]/Count 1", b"/Kids[2 0 R]/Count 1")


def _many_pages() -> bytes:
    return pdf().replace(b"/Kids[3 0 R]/Count 1", b"/Kids[%s]/Count 5000" % (b"3 0 R " * 5000))


def png(width: int, height: int, *, rows: int | None = None) -> bytes:
    """White, one bit a pixel. ``rows``: how many there really are."""

    def part(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    data = zlib.compress((b"\0" + b"\xff" * ((width + 7) // 8)) * (height if rows is None else rows), 9)
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", data) + part(b"IEND", b"")


def _ztxt_bomb(shop: Workshop) -> bytes:
    """A comment of 100 MB in a small picture."""
    body = b"Comment\0\0" + zlib.compress(bytes(100 << 20), 9)
    chunk = struct.pack(">I", len(body)) + b"zTXt" + body + struct.pack(">I", zlib.crc32(b"zTXt" + body))
    plain = png(600, 800)
    return plain[:33] + chunk + plain[33:]


def _made(kind: str, width: int, height: int) -> bytes:
    import pillow_heif
    from PIL import Image

    pillow_heif.register_heif_opener()
    made = io.BytesIO()
    Image.new("L", (width, height), 255).convert("RGB").save(made, kind)
    return made.getvalue()


def _wide_jpeg(shop: Workshop) -> bytes:
    """A small photo whose header says 65,500 x 65,500."""
    data = _made("JPEG", 64, 64)
    at = data.index(b"\xff\xc0")
    return data[: at + 5] + struct.pack(">HH", 65500, 65500) + data[at + 9 :]


def _wide_webp(shop: Workshop) -> bytes:
    """A lossless WebP whose header says 16,384 x 16,384."""
    head = b"\x2f" + struct.pack("<I", 0x3FFF | (0x3FFF << 14)) + bytes(64)
    body = b"WEBPVP8L" + struct.pack("<I", len(head)) + head
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _wide_heic(shop: Workshop) -> bytes:
    data = _made("HEIF", 64, 64)
    at = data.index(b"ispe") + 8
    return data[:at] + struct.pack(">II", 40000, 40000) + data[at + 8 :]


FILES: list[Crafted] = [
    crafted("pages curves", LARGE, lambda s: pdf(content=curves(5000) * 100), "a.pdf"),
    crafted("pages few-curves", OK, lambda s: pdf(content=curves(200)), "a.pdf"),
    crafted("pages banner", BROKEN, lambda s: pdf(box="0 0 200000000 1"), "a.pdf"),
    crafted("pages kilometre", f"{OK} {BROKEN}", lambda s: pdf(box="0 0 2000000 2000000"), "a.pdf"),
    crafted("pages no-box", f"{OK} {BROKEN}", lambda s: pdf(box="0 0 0 0"), "a.pdf"),
    crafted("pages form-calls-itself", f"{OK} {BROKEN} {LARGE}", lambda s: _form_calls_itself(), "a.pdf"),
    crafted("pages tree-of-itself", f"{BROKEN} empty_pages", lambda s: _pages_in_pages(), "a.pdf"),
    crafted("pages nested", f"{OK} {BROKEN}", lambda s: pdf("/X" + "[" * 100_000 + "]" * 100_000), "a.pdf"),
    crafted("pages stream-bomb", f"{OK} {BROKEN} {LARGE}", lambda s: pdf(content=b"q " * (3 << 20)), "a.pdf"),
    crafted(
        "pages wide-picture", f"{OK} {BROKEN} {LARGE}", lambda s: pdf(
            "/Resources<</XObject<</F 5 0 R>>>>", b"595 0 0 842 0 0 cm /F Do", more=(_picture(16000, 10000),)
        ), "a.pdf",
    ),
    crafted("pages many", LARGE, lambda s: _many_pages(), "a.pdf"),
    crafted("pages cut", BROKEN, lambda s: pdf(content=curves(5000))[:-500], "a.pdf"),
    crafted("pages png-bomb", LARGE, lambda s: png(30000, 30000), "a.png"),
    crafted("pages png-no-rows", BROKEN, lambda s: png(7000, 9000, rows=0), "a.png"),
    crafted("pages png-comment-bomb", f"{OK} {BROKEN}", _ztxt_bomb, "a.png"),
    crafted("pages jpeg-bomb", LARGE, _wide_jpeg, "a.jpg"),
    crafted("pages webp-bomb", f"{LARGE} {BROKEN}", _wide_webp, "a.webp"),
    crafted("pages heic-bomb", f"{LARGE} {BROKEN}", _wide_heic, "a.heic"),
    crafted("pages gif", UNKNOWN, lambda s: _made("GIF", 64, 64), "a.png"),
    crafted("pages words", UNKNOWN, lambda s: b"My answer is 42.", "a.pdf"),
    crafted("pages photo", OK, lambda s: _made("JPEG", 600, 800), "a.jpg"),
    crafted("pages large-photo", OK, lambda s: png(5000, 7000), "a.png"),
    crafted("pages heic", OK, lambda s: _made("HEIF", 600, 800), "a.heic"),
]  # fmt: skip
