"""Looking at processes that are not our children: who they are, and waiting for their end without polling."""

import asyncio
import os
import select
from pathlib import Path


def children(pid: int) -> list[int]:
    """The process ids of a process's children."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(part) for part in text.split()]


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that has ended and waits to be reaped does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


async def until_gone(pid: int) -> None:
    """Wait for the end of a process; the test's own time limit is the limit."""
    await asyncio.to_thread(_wait, pid)


def _wait(pid: int) -> None:
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        select.select([handle], [], [])
    finally:
        os.close(handle)
