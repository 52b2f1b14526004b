"""Backups of a lab, and small disks to put them on."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from introeval.keeping.backup import RESERVE_BYTES, Made, Pace, make_backup
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


AT_ONCE = Pace(pause=lambda _: None)


def backed_up(
    lab: Lab, keep: int = 7, now: float = NOW, pace: Pace = AT_ONCE, reserve_bytes: int = RESERVE_BYTES
) -> Made:
    """A backup of the lab, beside it."""
    shelf = Shelf(lab.root.parent / "backups")
    return make_backup(lab.root, shelf, keep=keep, now=now, pace=pace, reserve_bytes=reserve_bytes)


async def filled(lab: Lab) -> None:
    """Something of everything."""
    await lab.graded(1)
    await lab.hand_in(2)
    await lab.session_graded(3, await lab.session(7))
