"""Folders that a power cut does not take back. A name is only as durable as the folder that holds it (fsync(2))."""

import os
from pathlib import Path

PRIVATE = 0o700


def make_folder(path: Path) -> None:
    """Make ``path`` with its missing parents, each synced into the one above it. Raises ``OSError``."""
    missing = []
    while not path.is_dir():
        missing.append(path)
        if path.parent == path:
            break
        path = path.parent
    for folder in reversed(missing):
        folder.mkdir(mode=PRIVATE, exist_ok=True)
        sync_folder(folder.parent)


def sync_folder(path: Path) -> None:
    """Make the names in ``path`` durable. Raises ``OSError``."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
