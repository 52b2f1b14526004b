"""A disk in memory that writes down everything it is told, in one order: a Python plugin for nbdkit.

The rules:

1. One log for all disks (exports) of a run, so that their writes have one order. Requests are handled one at a time
   (nbdkit's rule for Python plugins), and a request is in the log before its answer is given.
2. A record is ``HEADER`` (kind, disk, offset, length), then the bytes of a write. Bytes are logged as they come.
3. Nothing is trimmed and zeros are writes: what a crash image holds depends on writes and flushes alone.

nbdkit runs this file by its own Python: standard library only, no import of ours. ``HEADER`` is also the reader's.
"""

import os
import struct
from typing import Any

API_VERSION = 2
HEADER = struct.Struct("<BBQI")
WRITE, FLUSH = 1, 2
_FUA_EMULATE = 1

_settings: dict[str, str] = {}
_disks: dict[int, bytearray] = {}
_log: list[int] = []


def config(key: str, value: str) -> None:
    """``log``: the file to append to. ``size``: bytes of each disk."""
    _settings[key] = value


def after_fork() -> None:
    """Open the log."""
    _log.append(os.open(_settings["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))


def open(readonly: bool) -> int:
    """A connection to the disk whose number is the export's name."""
    import nbdkit  # type: ignore[import-not-found]  # exists only inside nbdkit

    number = int(nbdkit.export_name())
    _disks.setdefault(number, bytearray(int(_settings["size"])))
    return number


def get_size(disk: int) -> int:
    """Bytes."""
    return len(_disks[disk])


def can_flush(disk: int) -> bool:
    """A disk with a volatile cache."""
    return True


def can_fua(disk: int) -> int:
    """A write with FUA becomes a write and a flush."""
    return _FUA_EMULATE


def pread(disk: int, buffer: Any, offset: int, flags: int) -> None:
    """Read."""
    buffer[:] = _disks[disk][offset : offset + len(buffer)]


def pwrite(disk: int, buffer: Any, offset: int, flags: int) -> None:
    """Write, and log it."""
    _disks[disk][offset : offset + len(buffer)] = buffer
    _append([HEADER.pack(WRITE, disk, offset, len(buffer)), bytes(buffer)])


def flush(disk: int, flags: int) -> None:
    """Log it: what was written before is durable."""
    _append([HEADER.pack(FLUSH, disk, 0, 0)])


def _append(record: list[bytes]) -> None:
    if os.writev(_log[0], record) != sum(map(len, record)):
        raise OSError("the log could not be written")
