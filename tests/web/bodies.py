"""Uploads by hand: multipart bodies as bytes, and what a refusal must look like."""

from pathlib import Path
from typing import Any

import aiohttp

from tests.web.running import VIDEO, Room

UPLOAD = "/api/v1/submissions"


async def problem(answer: aiohttp.ClientResponse) -> tuple[int, str]:
    """Status and code of a refusal, which must be whole problem+json."""
    assert answer.content_type == "application/problem+json", await answer.text()
    body: dict[str, Any] = await answer.json()
    assert set(body) == {"type", "title", "status", "detail", "code"}
    assert body["status"] == answer.status
    assert body["detail"]
    return answer.status, str(body["code"])


def multipart(*parts: tuple[str, bytes], end: bytes = b"--BOUND--\r\n") -> bytes:
    """A body by hand: (headers, content) of each part."""
    return (
        b"".join(b"--BOUND\r\n" + head.encode() + b"\r\n\r\n" + body + b"\r\n" for head, body in parts) + end
    )


async def send(
    room: Room, body: bytes, content_type: str = "multipart/form-data; boundary=BOUND"
) -> tuple[int, str]:
    """Send a body as it is; returns the refusal."""
    return await problem(await room.client.post(UPLOAD, data=body, headers={"Content-Type": content_type}))


def stored(path: Path) -> tuple[bytes, int]:
    """A file's bytes and permissions."""
    return path.read_bytes(), path.stat().st_mode & 0o777


ROLL = 'Content-Disposition: form-data; name="roll_number"', b"R-17"
NAME = 'Content-Disposition: form-data; name="name"', b"Asha Rao"
FILE = 'Content-Disposition: form-data; name="file"; filename="a.mp4"', VIDEO
