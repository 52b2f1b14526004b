"""One backup, restore or purge of a state at a time: a backup must not look for a file that a purge just removed.

The lock is the kernel's (``flock`` on ``keeping.lock`` in the state folder) and ends with the process that holds it.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from introeval.instance import not_opened, open_lock
from introeval.keeping.errors import KeepingBusyError
from scheduler.errors import StateError

LOCK_NAME = "keeping.lock"


@contextmanager
def alone(state_dir: Path) -> Iterator[None]:
    """Be the only one who keeps this state. Raises ``KeepingBusyError``; ``StateError`` when nobody can know."""
    path = state_dir / LOCK_NAME
    try:
        state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = open_lock(path)
    except OSError as error:
        raise StateError(not_opened(path, error)) from error
    try:
        _lock(descriptor, state_dir)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, state_dir: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise KeepingBusyError(
            f"A backup, a restore or a purge of {state_dir} is at work already: try again when it has ended."
        ) from error
    except OSError as error:
        raise StateError(not_opened(state_dir / LOCK_NAME, error)) from error
