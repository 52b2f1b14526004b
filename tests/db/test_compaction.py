"""Where SQLite puts what it writes besides the state file."""

import ctypes
import os
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from db.database import FILE_NAME, Database
from tests.keeping.states import Lab

IN_CREATE = 0x100
HEAD = struct.Struct("iIII")
LARGE = "INSERT INTO prompts VALUES (?, printf('%.*c', 100000, 'x'), 0)"


@contextmanager
def watched(folder: Path) -> Iterator[list[str]]:
    """The names that were made in a folder, filled in at the end: the kernel queues them (inotify(7))."""
    libc = ctypes.CDLL(None, use_errno=True)
    handle = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    if handle < 0 or libc.inotify_add_watch(handle, os.fsencode(folder), IN_CREATE) < 0:
        pytest.skip("this kernel does not let us watch a folder (inotify)")
    names: list[str] = []
    try:
        yield names
        while True:
            try:
                events = os.read(handle, 65536)
            except BlockingIOError:
                break
            while events:
                length = HEAD.unpack_from(events)[3]
                names.append(events[HEAD.size : HEAD.size + length].rstrip(b"\0").decode())
                events = events[HEAD.size + length :]
    finally:
        os.close(handle)


async def test_a_rewriting_stays_in_the_state_folder(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Thirty megabytes go through a temporary file in the folder itself; the folder that was named before sees none."""
    other = tmp_path_factory.mktemp("other")
    state = tmp_path / "it's a state"
    async with Database.open(state) as database, Database.open(other):
        connection = sqlite3.connect(state / FILE_NAME)
        with connection:
            connection.executemany(LARGE, [(str(number),) for number in range(300)])
        connection.close()
        await Lab(database).hand_in(1)
        with watched(other) as elsewhere, watched(state) as here:
            await database.compact()
    assert [name[:7] for name in here] == ["etilqs_"], "one temporary file, and nothing else"
    assert elsewhere == []
    left = sorted(path.name for path in state.iterdir())
    assert left == [FILE_NAME, "videos"]


async def test_each_state_has_its_own_place(tmp_path: Path) -> None:
    """The setting is of the whole process: a backup that is rewritten and removed does not hold up the state."""
    gone = tmp_path / "gone"
    async with Database.open(tmp_path / "state") as database:
        await Lab(database).hand_in(1)
        async with Database.open(gone) as backup:
            await backup.compact()
        for path in sorted(gone.iterdir()):
            path.unlink()
        gone.rmdir()
        await database.compact()
        assert await database.all("forgotten") == []
