"""A stored file as an answer: its type is found in its bytes, and nothing that a browser might run is ever run."""

from pathlib import Path

from aiohttp import web

INLINE = ("video/", "audio/", "image/jpeg", "image/png", "image/webp")
"""Types that a page shows; everything else is only saved. A recording whose type is not known is still played."""

_PICTURES = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG": "image/png"}
_ENDINGS = {
    "application/pdf": ".pdf",
    "application/zip": ".zip",
    "application/json": ".ipynb",
    "image/heic": ".heic",
}


def media_type(head: bytes) -> str:
    """The content type of a stored file, from its first bytes; its name says nothing."""
    for beginning, kind in _PICTURES.items():
        if head.startswith(beginning):
            return kind
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        if brand in (b"heic", b"heix", b"heif", b"mif1", b"msf1"):
            return "image/heic"
        return "video/quicktime" if brand == b"qt  " else "video/mp4"
    if head.startswith(b"\x1aE\xdf\xa3"):
        return "video/webm" if b"webm" in head else "video/x-matroska"
    if head.startswith(b"RIFF"):
        return {b"AVI ": "video/x-msvideo", b"WEBP": "image/webp"}.get(head[8:12], "audio/wav")
    if head.startswith(b"OggS"):
        return "audio/ogg"
    if head.startswith(b"fLaC"):
        return "audio/flac"
    return "audio/mpeg" if head.startswith((b"ID3", b"\xff\xfb")) else _document(head)


def _document(head: bytes) -> str:
    if head.startswith(b"PK\x03\x04"):
        return "application/zip"
    if head.lstrip()[:1] == b"{":
        return "application/json"
    # Something may stand before it, such as the header of a mail.
    return "application/pdf" if b"%PDF-" in head else "application/octet-stream"


def file_response(path: Path, name: str, *, play: bool) -> web.FileResponse:
    """The file, with ranges. Reads its first bytes: call it in a thread.

    ``name``: under which it is saved, without its ending. ``play``: a recording, shown whatever its type.
    """
    with path.open("rb") as file:
        kind = media_type(file.read(1024))
    shown = play or kind.startswith(INLINE)
    saved = f'attachment; filename="{name}{_ENDINGS.get(kind, "")}"'
    headers = {
        "Content-Type": kind,
        "Content-Disposition": "inline" if shown else saved,
        "Cache-Control": "private, max-age=3600",
        "Content-Security-Policy": "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; sandbox",
    }
    return web.FileResponse(path, headers=headers)
