"""Loop devices and mounts by the kernel's own calls: no program per state, and nothing is left behind.

The rules:

1. Everything is mounted in a mount namespace of this process (``private_mounts``): it ends with the process.
2. Loop devices clear themselves at their last close (``LO_FLAGS_AUTOCLEAR``).

Constants and structures: ``linux/loop.h``, ``linux/mount.h``, ``linux/btrfs.h``. Every call raises ``OSError``.
"""

import ctypes
import errno
import fcntl
import os
import signal
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LOOP_CTL_GET_FREE, _LOOP_CONFIGURE, _AUTOCLEAR, _LOOP_MAJOR = 0x4C82, 0x4C0A, 4, 7
_CLONE_NEWNS, _MS_REC, _MS_PRIVATE, _MNT_DETACH = 0x20000, 0x4000, 0x40000, 2
_BTRFS_FORGET, _BTRFS_ARGUMENT = 0x50009405, 4096
_PR_SET_PDEATHSIG = 1
_TRIES = 50

_libc = ctypes.CDLL(None, use_errno=True)


def _call(name: str, *arguments: object) -> None:
    if getattr(_libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def private_mounts() -> None:
    """From now on this process's mounts are its own, and end with it."""
    _call("unshare", _CLONE_NEWNS)
    _call("mount", b"none", b"/", None, ctypes.c_ulong(_MS_REC | _MS_PRIVATE), None)


def examiner() -> None:
    """As ``private_mounts``, for a process that is to die with the one that started it."""
    _call("prctl", _PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    private_mounts()


@contextmanager
def loop_device(backing: int, block_size: int = 512) -> Iterator[Path]:
    """A block device on an open file."""
    flags = struct.pack("<5Q4I160s2Q", *(0,) * 5, 0, 0, 0, _AUTOCLEAR, b"", 0, 0)
    config = struct.pack("<II", backing, block_size) + flags + bytes(64)
    for _ in range(_TRIES):
        with _opened("/dev/loop-control") as control:
            number = fcntl.ioctl(control, _LOOP_CTL_GET_FREE)
        path = Path(f"/dev/loop{number}")
        if not path.exists():
            os.mknod(path, 0o600 | 0o060000, os.makedev(_LOOP_MAJOR, number))
        with _opened(str(path)) as device:
            try:
                fcntl.ioctl(device, _LOOP_CONFIGURE, config)
            except OSError as error:
                # Somebody else was given the same one.
                if error.errno == errno.EBUSY:
                    continue
                raise
            yield path
            return
    raise OSError(errno.EBUSY, "no loop device is free")


@contextmanager
def mounted(device: Path, folder: Path, filesystem: str, options: str = "") -> Iterator[Path]:
    """A mounted filesystem; unmounted at the end, whatever is open in it."""
    _call("mount", bytes(device), bytes(folder), filesystem.encode(), ctypes.c_ulong(0), options.encode())
    try:
        yield folder
    finally:
        unmount(folder)


def unmount(folder: Path) -> None:
    """Unmount; what is in use is detached, and goes when its user does."""
    try:
        _call("umount2", bytes(folder), 0)
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise
        _call("umount2", bytes(folder), _MNT_DETACH)


def flush(device: Path) -> None:
    """Have a device write and flush what it holds."""
    with _opened(str(device)) as handle:
        os.fsync(handle)


def forget_btrfs() -> None:
    """Have btrfs forget unmounted devices: it would refuse an older image of a filesystem that it has seen."""
    with _opened("/dev/btrfs-control") as control:
        fcntl.ioctl(control, _BTRFS_FORGET, bytearray(_BTRFS_ARGUMENT))


@contextmanager
def _opened(path: str) -> Iterator[int]:
    handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        yield handle
    finally:
        os.close(handle)
