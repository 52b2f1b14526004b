"""Backups of a lab, and small disks to put them on."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from introeval.keeping.backup import Made, make_backup
from introeval.keeping.shelf import Shelf
from tests.keeping.states import DAY, THEN, Lab

NOW = THEN + 3 * DAY


@contextmanager
def small_disk(where: Path, kib: int) -> Iterator[Path]:
    """A file system of its own, of this size."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting a tmpfs needs root and mount")
    where.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", str(where)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine lets nobody mount a tmpfs")
    try:
        yield where
    finally:
        subprocess.run(["umount", str(where)], check=True)


def backed_up(
    lab: Lab, keep: int = 7, now: float = NOW, pause: Callable[[float], None] = lambda _: None
) -> Made:
    """A backup of the lab, beside it."""
    return make_backup(lab.root, Shelf(lab.root.parent / "backups"), keep=keep, now=now, pause=pause)


async def filled(lab: Lab) -> None:
    """Something of everything."""
    await lab.graded(1)
    await lab.hand_in(2)
    await lab.session_graded(3, await lab.session(7))
