"""``UploadRoom``: where uploaded bytes become a stored file. Knows no protocol, so resumable uploads can use it too.

The rules:

1. A file grows under ``<id>.part``, made exclusively, mode 0600; its final name is the server's, without the user's
   extension.
2. ``seal`` makes the bytes durable before ``keep`` gives them the final name and makes the folder durable.
3. A write or a sync that failed ends the draft: after a failed ``fsync`` nobody knows what is on the disk.
4. A draft that was not kept leaves nothing behind. What a crash left, ``sweep`` removes at the next start.
5. All blocking calls run in threads; a draft's calls never run at once, also when the caller was cancelled.
"""

import asyncio
import errno
import hashlib
import os
import shutil
import threading
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from scheduler.errors import StateError

T = TypeVar("T")

BLOCK = 1024 * 1024
"""Bytes that are collected before a thread writes them: few hops between threads, little memory per upload."""

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class NoRoomError(StateError):
    """The disk is full, or would be."""

    code = "disk_full"


class StorageError(StateError):
    """The disk refused a call for another reason than room."""

    code = "storage"


class _PartFile:
    """The blocking half of a draft. The lock makes a discard wait for the write it follows."""

    def __init__(self, path: Path, reserve_bytes: int) -> None:
        self._path = path
        self._reserve = reserve_bytes
        self._lock = threading.Lock()
        self._hash = hashlib.sha256()
        self._handle = -1
        self._over = False

    def open(self) -> None:
        with self._lock:
            # A caller that was cancelled may have discarded the draft before this thread began.
            if not self._over:
                self._handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)

    def make(self, maker: Callable[[Path], None]) -> None:
        """As ``open``, with a content that ``maker`` writes."""
        with self._lock:
            if not self._over:
                maker(self._path)
                self._handle = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
                os.fchmod(self._handle, 0o600)

    def write(self, block: bytes) -> None:
        with self._lock:
            if self._over:
                return
            _require_room(self._path.parent, self._reserve + len(block))
            view = memoryview(block)
            while view:
                view = view[os.write(self._handle, view) :]
            self._hash.update(block)

    def seal(self) -> str:
        with self._lock:
            os.fsync(self._handle)
            self._close()
            return self._hash.hexdigest()

    def keep(self, target: Path) -> None:
        with self._lock:
            self._path.rename(target)
            _sync_folder(target.parent)

    def discard(self, target: Path) -> None:
        with self._lock:
            self._over = True
            self._close()
            self._path.unlink(missing_ok=True)
            target.unlink(missing_ok=True)

    def _close(self) -> None:
        if self._handle >= 0:
            handle, self._handle = self._handle, -1
            os.close(handle)


class Draft:
    """One upload under way. ``size``: bytes so far. ``part``: its file before ``keep``, ``target``: after."""

    def __init__(self, folder: Path, name: str, reserve_bytes: int) -> None:
        self.part = folder / f"{name}.part"
        self.target = folder / f"{name}.bin"
        self.size = 0
        self.expected = 0
        self.kept = False
        self._buffer = bytearray()
        self._file = _PartFile(self.part, reserve_bytes)

    async def open(self) -> None:
        """Make the file. Raises ``NoRoomError`` or ``StorageError``."""
        await _in_thread(self._file.open)

    async def make(self, maker: Callable[[Path], None]) -> None:
        """Have ``maker`` make the file, whole. Raises ``NoRoomError`` or ``StorageError``."""
        await _in_thread(lambda: self._file.make(maker))

    async def write(self, chunk: bytes) -> None:
        """Take a chunk. Raises ``NoRoomError`` or ``StorageError``."""
        self.size += len(chunk)
        self._buffer += chunk
        if len(self._buffer) >= BLOCK:
            await self._flush()

    async def seal(self) -> str:
        """All bytes are there: make them durable. Returns their SHA-256 in hex."""
        await self._flush()
        return await _in_thread(self._file.seal)

    async def keep(self) -> Path:
        """Give the sealed file its final name, durably. Still discarded unless ``confirm`` follows."""
        await _in_thread(lambda: self._file.keep(self.target))
        return self.target

    def confirm(self) -> None:
        """A committed row speaks of the file: from now on it stays."""
        self.kept = True

    async def discard(self) -> None:
        """Remove whatever there is."""
        await asyncio.shield(_in_thread(lambda: self._file.discard(self.target)))

    async def _flush(self) -> None:
        if self._buffer:
            block, self._buffer = bytes(self._buffer), bytearray()
            await _in_thread(lambda: self._file.write(block))


class UploadRoom:
    """The folder of uploads. ``open_drafts``: uploads under way."""

    def __init__(self, folder: Path, reserve_bytes: int) -> None:
        self._folder = folder
        self._reserve = reserve_bytes
        self._drafts: set[Draft] = set()

    @property
    def open_drafts(self) -> int:
        return len(self._drafts)

    async def sweep(self, known: Collection[Path]) -> int:
        """At start: make the folder, remove parts and files that no row speaks of. Returns how many."""
        return await _in_thread(lambda: _sweep(self._folder, known))

    async def require_room(self, size: int) -> None:
        """Raise ``NoRoomError`` unless ``size`` more bytes fit beside the uploads under way."""
        pending = sum(max(0, draft.expected - draft.size) for draft in self._drafts)
        await _in_thread(lambda: _require_room(self._folder, self._reserve + pending + size))

    @asynccontextmanager
    async def draft(self, name: str, expected: int = 0) -> AsyncIterator[Draft]:
        """A new upload under a name that the server chose; discarded at the end unless it was confirmed."""
        draft = Draft(self._folder, name, self._reserve)
        draft.expected = expected
        self._drafts.add(draft)
        async with self._discarding(draft):
            await draft.open()
            yield draft

    @asynccontextmanager
    async def beside(self, name: str, maker: Callable[[Path], None] | None = None) -> AsyncIterator[Draft]:
        """A further file of an upload that has a draft already; ``maker``: who writes it, if it is not written here."""
        draft = Draft(self._folder, name, self._reserve)
        async with self._discarding(draft):
            await (draft.open() if maker is None else draft.make(maker))
            yield draft

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
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    orphans = [path for path in folder.iterdir() if path.is_file() and path not in known]
    for path in orphans:
        path.unlink()
    _sync_folder(folder)
    return len(orphans)


def _require_room(folder: Path, size: int) -> None:
    if shutil.disk_usage(folder).free < size:
        raise NoRoomError("there is not enough free space on the disk of the state directory")


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


async def _in_thread(call: Callable[[], T]) -> T:
    return await asyncio.to_thread(_translated, call)


def _translated(call: Callable[[], T]) -> T:
    try:
        return call()
    except OSError as error:
        kind = NoRoomError if error.errno in _NO_ROOM else StorageError
        raise kind(f"the upload could not be stored: {error.strerror}") from error
