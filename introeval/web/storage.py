"""``UploadRoom``: where uploaded bytes become a stored file. Knows no protocol; both doors (a form, pieces) use it.

The rules:

1. A file grows under ``<id>.part``, made exclusively, mode 0600; its final name is the server's, without the user's
   extension.
2. ``seal`` makes the bytes durable before ``keep`` gives them the final name and makes the folder durable.
3. A write that failed, whoever asked for it, tears the draft: bytes that were taken are missing, so it takes no more
   and is not sealed; what the file has still counts. After a failed ``fsync`` nobody knows even that (``partfile``).
4. A draft that was not kept leaves nothing behind, but for one that arrives in pieces (``piece``): a row speaks of it.
   What a crash left, ``sweep`` removes at the next start.
5. All blocking calls run in threads; a draft's calls never run at once, also when the caller was cancelled.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from introeval.durable import make_folder, sync_folder
from introeval.web.partfile import PartFile, StorageError, require_room, translated
from scheduler.errors import NoRoomError

__all__ = ["BLOCK", "Draft", "NoRoomError", "StorageError", "UploadRoom", "part_of", "target_of"]

T = TypeVar("T")

BLOCK = 1024 * 1024
"""Bytes that are collected before a thread writes them: few hops between threads, little memory per upload."""


def part_of(folder: Path, name: str) -> Path:
    """A file while it grows."""
    return folder / f"{name}.part"


def target_of(folder: Path, name: str) -> Path:
    """A file that a row speaks of."""
    return folder / f"{name}.bin"


class Draft:
    """One upload under way. ``size``: bytes so far. ``expected``: bytes in all, for which room is kept.

    ``part``: its file before ``keep``, ``target``: after.

    Every call raises ``NoRoomError`` or ``StorageError``.
    """

    def __init__(self, folder: Path, name: str, reserve_bytes: int) -> None:
        self.part = part_of(folder, name)
        self.target = target_of(folder, name)
        self.size = 0
        self.expected = 0
        self.kept = False
        self._buffer = bytearray()
        self._torn = False
        self._file = PartFile(self.part, reserve_bytes)

    @property
    def broken(self) -> bool:
        """Nobody knows what is on the disk: nothing is left but to discard it."""
        return self._file.broken

    def require_trusted(self) -> None:
        """Raise ``StorageError`` when it is broken: also where nobody heard of the call that broke it."""
        self._file.require_trusted()

    @property
    def hash(self) -> Any:
        """The running SHA-256 of all bytes that were taken, where it is known."""
        return None if self._torn else self._file.hash

    async def open(self) -> None:
        """Make the file."""
        await _in_thread(self._file.open)

    async def reopen(self, size: int, hashed: Any = None) -> int:
        """Go on with a file of which ``size`` bytes count; returns how many are there (``PartFile.reopen``)."""
        self.size = await _in_thread(lambda: self._file.reopen(size, self.target, hashed))
        return self.size

    async def make(self, maker: Callable[[Path], None]) -> None:
        """Have ``maker`` make the file, whole."""
        await _in_thread(lambda: self._file.make(maker))

    async def write(self, chunk: bytes) -> None:
        """Take a chunk."""
        self._require_whole()
        self.size += len(chunk)
        self._buffer += chunk
        if len(self._buffer) >= BLOCK:
            await self._flush()

    async def sync(self) -> int:
        """Make what was taken so far durable, with the file's name; returns how many bytes that are."""
        await self._flush()
        self.size = await _in_thread(self._file.sync)
        return self.size

    async def rewind(self, size: int) -> None:
        """Forget what was taken behind ``size`` bytes."""
        self._buffer = bytearray()
        self._torn = True
        await _in_thread(lambda: self._file.rewind(size))
        self.size, self._torn = size, False

    async def seal(self) -> str:
        """All bytes are there: make them durable. Returns their SHA-256 in hex."""
        await self._flush()
        self._require_whole()
        return await _in_thread(self._file.seal)

    async def keep(self) -> Path:
        """Give the sealed file its final name, durably. Still discarded unless ``confirm`` follows."""
        await _in_thread(lambda: self._file.keep(self.target))
        return self.target

    def confirm(self) -> None:
        """A committed row speaks of the file: from now on it stays."""
        self.kept = True

    async def close(self) -> None:
        """Leave the file as it is."""
        await _in_thread(self._file.close)

    async def discard(self) -> None:
        """Remove whatever there is."""
        await _in_thread(lambda: self._file.discard(self.target))

    async def _flush(self) -> None:
        if self._buffer:
            block, self._buffer = bytes(self._buffer), bytearray()
            whole = self._file.size + len(block)
            try:
                await _in_thread(lambda: self._file.write(block))
            finally:
                # Looked at, not caught: of a caller that was cancelled meanwhile nobody hears the error.
                if self._file.size != whole:
                    self.size, self._torn = self._file.size, True

    def _require_whole(self) -> None:
        self.require_trusted()
        if self._torn:
            raise StorageError("the upload could not be stored: bytes that came before are missing")


class UploadRoom:
    """The folder of uploads. ``open_drafts``: uploads under way."""

    def __init__(self, folder: Path, reserve_bytes: int) -> None:
        self.folder = folder
        self._reserve = reserve_bytes
        self._drafts: set[Draft] = set()

    @property
    def open_drafts(self) -> int:
        return len(self._drafts)

    async def sweep(self, known: Collection[Path]) -> int:
        """At start: make the folder, remove parts and files that no row speaks of. Returns how many."""
        return await _in_thread(lambda: _sweep(self.folder, known))

    async def require_room(self, size: int) -> None:
        """Raise ``NoRoomError`` unless ``size`` more bytes fit beside the uploads under way."""
        pending = sum(max(0, draft.expected - draft.size) for draft in self._drafts)
        await _in_thread(lambda: require_room(self.folder, self._reserve + pending + size))

    @asynccontextmanager
    async def draft(self, name: str, expected: int = 0) -> AsyncIterator[Draft]:
        """A new upload under a name that the server chose; discarded at the end unless it was confirmed."""
        draft = Draft(self.folder, name, self._reserve)
        draft.expected = expected
        self._drafts.add(draft)
        async with self._discarding(draft):
            await draft.open()
            yield draft

    @asynccontextmanager
    async def beside(self, name: str, maker: Callable[[Path], None] | None = None) -> AsyncIterator[Draft]:
        """A further file of an upload that has a draft already; ``maker``: who writes it, if it is not written here."""
        draft = Draft(self.folder, name, self._reserve)
        async with self._discarding(draft):
            await (draft.open() if maker is None else draft.make(maker))
            yield draft

    @asynccontextmanager
    async def piece(self, name: str) -> AsyncIterator[Draft]:
        """A file that arrives in pieces, not opened yet; at the end it stays as it is, unless it was discarded."""
        draft = Draft(self.folder, name, self._reserve)
        self._drafts.add(draft)
        try:
            yield draft
        finally:
            self._drafts.discard(draft)
            await draft.close()

    @asynccontextmanager
    async def _discarding(self, draft: Draft) -> AsyncIterator[None]:
        try:
            yield
        finally:
            try:
                if not draft.kept:
                    await draft.discard()
            finally:
                self._drafts.discard(draft)


def _sweep(folder: Path, known: Collection[Path]) -> int:
    make_folder(folder)
    orphans = [path for path in folder.iterdir() if path.is_file() and path not in known]
    for path in orphans:
        path.unlink()
    # Also the folder's own name: whoever made it may not have lived to sync it.
    sync_folder(folder)
    sync_folder(folder.parent)
    return len(orphans)


async def _in_thread(call: Callable[[], T]) -> T:
    """Run to the end, also when the caller is cancelled meanwhile: the next call finds the file at rest."""
    running = asyncio.ensure_future(asyncio.to_thread(_calling, call))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        with suppress(Exception):
            running.result()
        raise


def _calling(call: Callable[[], T]) -> T:
    try:
        return call()
    except OSError as error:
        raise translated(error) from error
