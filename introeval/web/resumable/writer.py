"""``Writer``: appends to one upload in pieces, and makes what it took count (``shelf`` has the rules).

Two may call it at once: the request whose bytes come, and whoever asks how far it is. What fails for one of them has
failed for both.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from db.uploads import Upload
from introeval.web.storage import Draft
from scheduler.errors import IntroevalError

Advance = Callable[[Upload, int, int | None], Awaitable[Upload]]
"""Commits how many bytes are durable, and the length, if it is known."""

CHECKPOINT = 8 * 1024 * 1024
"""Bytes between two syncs of one writer: what a kill can cost a client that goes on afterwards."""


class Writer:
    """Appends to one upload. ``upload``: its row as it is now.

    Calls raise ``StateError``, and ``ProblemError`` when somebody has ended it.
    """

    def __init__(self, advance: Advance, upload: Upload, draft: Draft) -> None:
        self._advanced = advance
        self._draft = draft
        self._turn = asyncio.Lock()
        self._unverified = False
        self._failure: IntroevalError | None = None
        self.upload = upload

    async def begin(self, hashed: Any) -> None:
        """Open the file where the row says that it ends."""
        if await self._draft.reopen(self.upload.received, hashed) != self.upload.received:
            # Somebody took bytes away that were synced: what is there is the truth.
            await self._advance(self._draft.size)

    async def declare(self, length: int) -> None:
        """The length has become known."""
        async with self._turn:
            self.upload = await self._advanced(self.upload, self.upload.received, length)

    def expect(self, asked_for: int = 0) -> None:
        """The rest is on its way: room for it is given to nobody else. ``asked_for``: bytes not to be counted, since
        their request is asking for room itself.
        """
        self._draft.expected = max(0, (self.upload.length or 0) - asked_for)

    def hold(self) -> None:
        """What comes now is not to count before ``release`` (or is taken back by ``rewind``)."""
        self._unverified = True

    def release(self) -> None:
        """What came was verified."""
        self._unverified = False

    async def rewind(self) -> None:
        """What came since ``hold`` is not what was sent."""
        async with self._turn:
            await self._draft.rewind(self.upload.received)

    async def append(self, chunk: bytes) -> None:
        """Take bytes."""
        async with self._turn:
            if self._failure is not None:
                raise self._failure
            await self._draft.write(chunk)
            if self._draft.size - self.upload.received >= CHECKPOINT and not self._unverified:
                await self._checkpoint()

    async def checkpoint(self) -> Upload:
        """Make what was taken so far count; the row as it is then."""
        async with self._turn:
            if not self._unverified:
                await self._checkpoint()
            return self.upload

    @property
    def taken(self) -> int:
        """Bytes with those that do not count yet."""
        return self._draft.size

    async def _checkpoint(self) -> None:
        if self._draft.size != self.upload.received:
            try:
                await self._advance(await self._draft.sync())
            except IntroevalError as error:
                self._failure = self._failure or error
                raise

    async def _advance(self, received: int) -> None:
        self.upload = await self._advanced(self.upload, received, self.upload.length)
