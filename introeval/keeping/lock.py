"""One backup, restore or purge of a state at a time: a backup must not look for a file that a purge just removed.

The lock is the kernel's (``flock`` on ``keeping.lock`` in the state folder) and ends with the process that holds it.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from introeval.keeping.errors import KeepingBusyError

LOCK_NAME = "keeping.lock"


@contextmanager
def alone(state_dir: Path) -> Iterator[None]:
    """Be the only one who keeps this state. Raises ``KeepingBusyError``."""
    state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(state_dir / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise KeepingBusyError(
                f"A backup, a restore or a purge of {state_dir} is at work already: try again when it has ended."
            ) from error
        yield
    finally:
        os.close(descriptor)
