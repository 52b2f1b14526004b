"""Pictures and documents that tests hand in: real ones, made here, and ones that lie."""

import io
import random
import struct
import zlib
from pathlib import Path

import pillow_heif
from PIL import Image, ImageDraw, ImageFont

pillow_heif.register_heif_opener()

EXIF_ORIENTATION = 0x0112
ROTATED_90_CLOCKWISE = 6


def card(width: int = 320, height: int = 200, mode: str = "RGB") -> Image.Image:
    """White, with a black upper left quarter: its way up can be seen."""
    picture = Image.new("RGB", (width, height), "white")
    ImageDraw.Draw(picture).rectangle((0, 0, width // 2 - 1, height // 2 - 1), fill="black")
    return picture.convert(mode)


def noise(seed: int, width: int = 320, height: int = 200) -> Image.Image:
    """Nothing that compresses: every part of the file matters."""
    return Image.frombytes("RGB", (width, height), random.Random(seed).randbytes(3 * width * height))


def encoded(picture: Image.Image, form: str, **options: object) -> bytes:
    """The picture as a file of this Pillow format."""
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()


def turned(form: str) -> bytes:
    """A card that lies on its side in the file, and says so in its EXIF data."""
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = ROTATED_90_CLOCKWISE
    exif[0x010F] = "Maker of this phone"
    return encoded(card().transpose(Image.Transpose.ROTATE_90), form, exif=exif.tobytes())


def huge_png(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims any size: a decompression bomb."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in ((b"IHDR", header), (b"IDAT", rows), (b"IEND", b""))
    )


def written(lines: list[str], size: int = 34) -> Image.Image:
    """A page with these lines, in Pillow's own font."""
    page = Image.new("RGB", (1240, 90 + 60 * max(4, len(lines))), "white")
    font = ImageFont.load_default(size=size)
    draw = ImageDraw.Draw(page)
    for at, line in enumerate(lines):
        draw.text((90, 50 + at * 60), line, font=font, fill=(20, 20, 90))
    return page


def drawing(level: int = 20, paper: int = 255) -> Image.Image:
    """A stack of boxes and an arrow: an answer without a letter."""
    page = Image.new("L", (1240, 1754), paper)
    draw = ImageDraw.Draw(page)
    for at in range(5):
        draw.rectangle((420, 500 + at * 130, 820, 630 + at * 130), outline=level, width=5)
    draw.line((620, 250, 620, 480), fill=level, width=5)
    return page


def put(folder: Path, data: bytes, name: str = "upload") -> Path:
    """A stored upload; its name says nothing."""
    path = folder / name
    path.write_bytes(data)
    return path


def pdf(pages: list[Image.Image]) -> bytes:
    """A scan: one picture a page."""
    return encoded(pages[0], "PDF", save_all=True, append_images=pages[1:], resolution=100)


def locked_pdf() -> bytes:
    """A PDF whose standard security handler (RC4, 40 bits) accepts no password that anybody knows."""
    secret = b"<" + bytes(range(65, 97)).hex().encode() + b">"
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>",
        b"<< /Filter /Standard /V 1 /R 2 /O " + secret + b" /U " + secret + b" /P -4 >>",
    )
    body, places = b"%PDF-1.4\n", list[int]()
    for at, content in enumerate(objects, 1):
        places.append(len(body))
        body += f"{at} 0 obj\n".encode() + content + b"\nendobj\n"
    table = b"".join(f"{place:010d} 00000 n \n".encode() for place in places)
    return (
        body
        + f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
        + table
        + f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R /Encrypt 4 0 R /ID [<00> <00>] >>\n".encode()
        + f"startxref\n{len(body)}\n%%EOF\n".encode()
    )
