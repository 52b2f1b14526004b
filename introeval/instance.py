"""One daemon per state folder: two would each believe that they own the machine's phase.

The lock is the kernel's (``flock``), so it ends with the process however that ends; the process id in the file is only
for people. Child processes do not inherit it.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scheduler.errors import ConfigurationError


@contextmanager
def single_instance(path: Path) -> Iterator[None]:
    """Hold ``path`` locked. Raises ``ConfigurationError`` when another process does, and says which."""
    try:
        descriptor = open_lock(path)
    except OSError as error:
        raise ConfigurationError(not_opened(path, error)) from error
    try:
        _lock(descriptor, path)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        # The file stays: removing it would let a third process lock a new file of the same name.
        os.close(descriptor)


def open_lock(path: Path) -> int:
    """Open a lock's file, made if need be; one that root makes belongs to the owner of the folder. Raises ``OSError``.

    Otherwise a restore or a backup by root would leave a lock that the daemon, who is not root, can never open.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if os.geteuid() == 0:
            folder, ours = path.parent.stat(), os.fstat(descriptor)
            if ours.st_uid == 0 != folder.st_uid:
                os.fchown(descriptor, folder.st_uid, folder.st_gid)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def not_opened(path: Path, error: OSError) -> str:
    """What to do about a lock that cannot be opened."""
    what = f"The lock {path} cannot be used ({error.strerror})"
    if isinstance(error, PermissionError):
        return (
            f"{what}: it belongs to another user, as what root has made does. Run this as the user of {path.parent}, "
            f"or `chown --reference={path.parent} {path}`."
        )
    return f"{what}: {path.parent} must be a folder on a disk that can be written."


def holder(path: Path) -> int | None:
    """The process that holds the lock, or ``None`` when it is free (or nobody ever held it)."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _written_pid(descriptor)
    else:
        return None
    finally:
        os.close(descriptor)


def _lock(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        pid = _written_pid(descriptor)
        who = f"process {pid}" if pid else "another process"
        raise ConfigurationError(
            f"Another introeval uses {path.parent} already ({who}): stop it, or give this one its own --state-dir."
        ) from error


def _written_pid(descriptor: int) -> int | None:
    written = os.pread(descriptor, 32, 0).strip()
    return int(written) if written.isdigit() else None
