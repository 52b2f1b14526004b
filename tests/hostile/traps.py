"""What shows that a file reached further than itself: another student's recording, and a listener that counts.

The canary is sound that no honest file holds: seeded noise at our own rate, so that its bytes survive the way through
ffmpeg unchanged, wherever it is taken up.
"""

import random
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.hostile.craft import wav

SAMPLES = random.Random(20).randbytes(16000 * 2)
PIECE = 64
"""Bytes of the canary that are looked for; the chance that others hold them is nil."""


def plant(path: Path) -> Path:
    """Another student's recording at ``path``."""
    path.write_bytes(wav(data=SAMPLES))
    return path


def holds_canary(data: bytes) -> bool:
    """Whether any piece of the canary is in ``data``."""
    return any(SAMPLES[at : at + PIECE] in data for at in range(0, len(SAMPLES) - PIECE, 4096))


class Listener:
    """A server on the loopback that takes every connection, counts it, and hangs up."""

    def __init__(self) -> None:
        self.connections = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)

    def _serve(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            with connection:
                if connection.recv(1024) == b"stop":
                    return
                self.connections += 1

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End it; what connected before was counted."""
        with socket.create_connection(("127.0.0.1", self.port)) as last:
            last.sendall(b"stop")
        self._thread.join()
        self._socket.close()


@contextmanager
def listening() -> Iterator[Listener]:
    """A listener, for the time of the block."""
    listener = Listener()
    listener.start()
    try:
        yield listener
    finally:
        listener.stop()
