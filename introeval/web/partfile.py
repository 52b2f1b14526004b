"""``PartFile``: the blocking half of a draft, and what the disk may say to it.

The rules:

1. A new file is made exclusively (``O_EXCL``), mode 0600. One that grows on is the one of that name, never a link.
2. A write or a sync that failed for another reason than room, and any sync that failed, breaks the file: after a failed
   ``fsync`` nobody knows what is on the disk, and a second one would say that all is well (Rebello et al., "Can
   Applications Recover from fsync Failures?", 2020). It is discarded: each later call refuses before it touches it.
3. ``size`` counts what was written; what was synced is its caller's to remember.
"""

import errno
import hashlib
import os
import shutil
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from introeval.durable import sync_folder
from scheduler.errors import NoRoomError, StateError

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FLAGS = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
_BLOCK = 1024 * 1024


class StorageError(StateError):
    """The disk refused a call for another reason than room."""

    code = "storage"


def translated(error: OSError) -> StateError:
    """The library's error as ours."""
    kind = NoRoomError if error.errno in _NO_ROOM else StorageError
    return kind(f"the upload could not be stored: {error.strerror}")


def require_room(folder: Path, size: int) -> None:
    """Raise ``NoRoomError`` when the disk of ``folder`` has fewer than ``size`` bytes left."""
    if shutil.disk_usage(folder).free < size:
        raise NoRoomError("there is not enough free space on the disk of the state directory")


class PartFile:
    """Calls raise ``OSError``, ``NoRoomError``, by rule 2 ``StorageError``.

    The lock makes a discard wait for the write it follows.
    """

    def __init__(self, path: Path, reserve_bytes: int) -> None:
        self.path = path
        self.size = 0
        self.broken = False
        self.hash: Any = hashlib.sha256()
        self._reserve = reserve_bytes
        self._lock = threading.Lock()
        self._handle = -1
        self._over = False
        self._named = False

    def open(self) -> None:
        """Make it, empty."""
        with self._lock:
            # A caller that was cancelled may have discarded the draft before this thread began.
            if not self._over:
                self._handle = os.open(self.path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o600)

    def reopen(self, size: int, target: Path, hashed: Any) -> int:
        """Go on with a file of which ``size`` bytes count; what lies behind is cut off. Returns how many are there.

        ``target``: its final name, which it has when a crash came between the name and the row. ``hashed``: the hash
        of those bytes where it is known; else the file is read when it is sealed.
        """
        with self._lock:
            if not self.path.exists() and target.exists():
                target.rename(self.path)
                self._breaking(lambda: sync_folder(self.path.parent))
            try:
                self._handle = os.open(self.path, _FLAGS)
            except FileNotFoundError:
                self._handle = os.open(self.path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o600)
            self._named = size > 0
            self._cut(min(size, os.fstat(self._handle).st_size))
            if self.size == size > 0 and hashed is not None:
                self.hash = hashed
            return self.size

    def make(self, maker: Callable[[Path], None]) -> None:
        """As ``open``, with a content that ``maker`` writes."""
        with self._lock:
            if not self._over:
                maker(self.path)
                self._handle = os.open(self.path, _FLAGS)
                os.fchmod(self._handle, 0o600)
                self.hash = None

    def write(self, block: bytes) -> None:
        """Append."""
        with self._lock:
            if self._over:
                return
            self.require_trusted()
            require_room(self.path.parent, self._reserve + len(block))
            view = memoryview(block)
            while view:
                count = self._breaking(partial(os.write, self._handle, view), room_breaks=False)
                if self.hash is not None:
                    self.hash.update(view[:count])
                self.size += count
                view = view[count:]

    def sync(self) -> int:
        """Make all of it durable, its name too; returns how many bytes that are."""
        with self._lock:
            self.require_trusted()
            self._breaking(lambda: os.fsync(self._handle))
            if not self._named:
                self._breaking(lambda: sync_folder(self.path.parent))
                self._named = True
            return self.size

    def rewind(self, size: int) -> None:
        """Take back what was written behind ``size`` bytes."""
        with self._lock:
            self._cut(size)

    def seal(self) -> str:
        """Make it durable (its name comes with ``keep``) and close it; returns the SHA-256 in hex."""
        with self._lock:
            self.require_trusted()
            self._breaking(lambda: os.fsync(self._handle))
            digest = str((self.hash or self._read()).hexdigest())
            self._close()
            return digest

    def keep(self, target: Path) -> None:
        """Give it its final name, durably."""
        with self._lock:
            self.require_trusted()
            self.path.rename(target)
            self._breaking(lambda: sync_folder(target.parent))

    def require_trusted(self) -> None:
        """Raise ``StorageError`` when it is broken."""
        if self.broken:
            raise StorageError("the upload could not be stored: an earlier call on its file failed")

    def close(self) -> None:
        """Leave it as it is."""
        with self._lock:
            self._over = True
            self._close()

    def discard(self, target: Path) -> None:
        """Remove it, under whichever name it has."""
        with self._lock:
            self._over = True
            self._close()
            self.path.unlink(missing_ok=True)
            target.unlink(missing_ok=True)

    def _cut(self, size: int) -> None:
        os.ftruncate(self._handle, size)
        os.lseek(self._handle, size, os.SEEK_SET)
        self.size = size
        self.hash = None if size else hashlib.sha256()

    def _read(self) -> Any:
        digest = hashlib.sha256()
        place = 0
        while block := os.pread(self._handle, _BLOCK, place):
            digest.update(block)
            place += len(block)
        return digest

    def _breaking(self, call: Callable[[], Any], room_breaks: bool = True) -> Any:
        try:
            return call()
        except OSError as error:
            self.broken = self.broken or room_breaks or error.errno not in _NO_ROOM
            raise

    def _close(self) -> None:
        if self._handle >= 0:
            handle, self._handle = self._handle, -1
            os.close(handle)
