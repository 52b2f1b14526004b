"""Files that are on the disk when a call returns: copies, links, and texts under a name that is whole or not there.

Root works for the user to whom the state belongs: what it makes is given to that one, or the daemon could not read it.
"""

import errno
import hashlib
import os
import shutil
from pathlib import Path

BLOCK = 1024 * 1024
CANNOT_LINK = {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOSYS}
"""Another disk, a file system without links (FAT), or too many of them."""


def digest(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def link(source: Path, target: Path) -> bool:
    """Give a file that nobody ever changes a second name. ``False``: it must be copied."""
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in CANNOT_LINK:
            raise
        return False
    return True


def copy(source: Path, target: Path) -> str:
    """Copy a file and sync it; returns the SHA-256 of what was read."""
    sha = hashlib.sha256()
    with source.open("rb") as old, open(target, "xb", opener=_private) as new:
        while block := old.read(BLOCK):
            sha.update(block)
            new.write(block)
        new.flush()
        os.fsync(new.fileno())
    return sha.hexdigest()


def write_whole(path: Path, text: str) -> None:
    """Write a text under its name, whole and synced or not at all; it belongs to the owner of its folder."""
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    with open(part, "x", encoding="utf-8", opener=_private) as file:
        file.write(text)
        file.flush()
        give(part, part.parent)
        os.fsync(file.fileno())
    part.replace(path)
    sync_folder(path.parent)


def give(path: Path, like: Path) -> None:
    """If we are root: give ``path``, with all below it, to the owner of ``like``."""
    owner = like.stat()
    if os.geteuid() != 0 or owner.st_uid == 0:
        return
    for each in (path, *path.rglob("*")) if path.is_dir() else (path,):
        os.chown(each, owner.st_uid, owner.st_gid)


def sync(path: Path) -> None:
    """Make a file's bytes durable, whoever wrote them."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """Make a folder's names durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_tree(folder: Path) -> None:
    """The same of a folder and all below it."""
    for inner in sorted(path for path in folder.rglob("*") if path.is_dir()):
        sync_folder(inner)
    sync_folder(folder)


def remove_tree(folder: Path) -> None:
    """Remove a folder with all that is in it, if it is there."""
    if folder.exists():
        shutil.rmtree(folder)
        sync_folder(folder.parent)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o600)
