"""``python -m stt.boundary``, in a confined child: tries what such a child must not do, and says what worked.

One JSON object on standard output: ``{"files": false, "network": false, "processes": false}`` is a tight boundary.
"""

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path


def _read_a_file() -> None:
    Path("/etc/passwd").open("rb").close()


def _open_a_socket() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        # A namespace without a network has sockets, but no way out.
        made.connect(("192.0.2.1", 9))


def _start_a_process() -> None:
    if os.fork() == 0:
        os._exit(0)


def works(attempt: Callable[[], None]) -> bool:
    """Whether the system let it happen."""
    try:
        attempt()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    print(
        json.dumps(
            {
                "files": works(_read_a_file),
                "network": works(_open_a_socket),
                "processes": works(_start_a_process),
            }
        )
    )
