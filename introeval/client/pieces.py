"""``PiecedUpload``: one file to ``/files/`` (tus 1.0), as often as it takes. Each call of ``go_on`` is one attempt.

Rules: the daemon says where to go on, never this side; a creation with the same key and digest gives the upload that an
earlier run of the command began, so nothing has to be remembered between two runs. Failures: as ``Api``.
"""

import asyncio
import base64
import io
from collections.abc import AsyncIterator, Mapping
from typing import BinaryIO
from urllib.parse import urlsplit

from introeval.client.api import Api, Receipt, Upload
from introeval.client.errors import DaemonRefusedError, Problem, UnreachableError

FILES = "/files/"
RESUME_FROM = 4 * 1024 * 1024
"""Bytes from which on pieces are worth their requests; a smaller file is sent again faster than it is asked for."""

_VERSION = {"Tus-Resumable": "1.0.0"}
_BLOCK = 256 * 1024
_GONE = frozenset({404, 410})


class PiecedUpload:
    """``size``: bytes of the one file of ``upload``."""

    def __init__(self, api: Api, upload: Upload, size: int) -> None:
        self._api = api
        self._upload = upload
        self._size = size
        self._path: str | None = None
        self._kept = self._seen = 0

    def advanced(self) -> bool:
        """Whether the daemon has more than at the last call of this."""
        before, self._seen = self._seen, self._kept
        return self._kept > before

    async def go_on(self) -> Receipt:
        """Send what the daemon does not have. Raises ``OSError`` when the file cannot be read."""
        if self._path is None:
            asked = await self._api.headers_of("POST", FILES, self._creation())
            # The path only: a proxy may call this daemon otherwise than the person does.
            self._path = urlsplit(asked.get("Location", "")).path
        else:
            asked = await self._asked(self._path)
        if (receipt := self._receipt(asked)) is not None:
            return receipt
        self._kept = _offset(asked)
        sent = await self._send(self._path, self._kept)
        if (receipt := self._receipt(sent)) is None:
            raise UnreachableError(f"The daemon at {self._api.base_url} has not all of the file yet.")
        return receipt

    async def _asked(self, path: str) -> Mapping[str, str]:
        try:
            return await self._api.headers_of("HEAD", path, _VERSION)
        except DaemonRefusedError as error:
            if error.problem.status in _GONE:
                self._path = None
                raise UnreachableError(
                    f"The daemon at {self._api.base_url} has dropped the upload."
                ) from error
            # An answer to HEAD has no reason in it; one to GET has, if it was refused for good.
            refusal = (await self._api.document("GET", path)).get("refusal")
            if refusal is None:
                raise
            raise DaemonRefusedError(Problem.parse(error.problem.status, refusal, None)) from error

    async def _send(self, path: str, offset: int) -> Mapping[str, str]:
        place = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": str(offset)}
        headers = _VERSION | place | {"Content-Length": str(self._size - offset)}
        with await asyncio.to_thread(self._upload.paths[0].open, "rb") as file:
            return await self._api.headers_of("PATCH", path, headers, self._blocks(file, offset))

    async def _blocks(self, file: BinaryIO, offset: int) -> AsyncIterator[bytes]:
        await asyncio.to_thread(file.seek, offset, io.SEEK_SET)
        done = offset
        self._upload.on_bytes(done)
        while block := await asyncio.to_thread(file.read, min(_BLOCK, self._size - done)):
            yield block
            done += len(block)
            self._upload.on_bytes(done)

    def _creation(self) -> Mapping[str, str]:
        given = {
            "filename": self._upload.paths[0].name,
            "roll_number": self._upload.roll_number,
            "name": self._upload.name,
            "sha256": self._upload.sha256,
        }
        if self._upload.assignment is not None:
            given["assignment"] = self._upload.assignment
        pairs = [f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in given.items()]
        return _VERSION | {
            "Upload-Length": str(self._size),
            "Upload-Metadata": ",".join(pairs),
            "Idempotency-Key": self._upload.key,
        }

    def _receipt(self, answered: Mapping[str, str]) -> Receipt | None:
        submission = answered.get("Introeval-Submission")
        if submission is None or self._path is None:
            return None
        # What this upload made has its name; another submission is an earlier one with the same key.
        return Receipt(submission, self._path.endswith(f"/{submission}"))


def _offset(answered: Mapping[str, str]) -> int:
    try:
        return int(answered["Upload-Offset"])
    except (KeyError, ValueError) as error:
        raise UnreachableError("What answers there does not speak tus 1.0.") from error
