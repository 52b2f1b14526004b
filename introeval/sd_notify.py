"""Talking to systemd: ``READY``, ``STATUS``, ``WATCHDOG`` and ``STOPPING`` as datagrams (sd_notify(3)).

Own code because the protocol is one datagram: ``sdnotify`` has had no release since 2017, ``cysystemd`` and
``systemd-python`` need a C compiler and libsystemd's headers. Without ``NOTIFY_SOCKET`` every call does nothing, so
that callers need not ask where they run.
"""

import os
import socket
from collections.abc import Mapping


class Notifier:
    """Sends the service manager's messages. Never blocks and never fails: systemd notices silence by itself."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._address = _address(environ.get("NOTIFY_SOCKET", ""))
        self.watchdog_seconds = _watchdog_seconds(environ)

    @property
    def active(self) -> bool:
        """Whether a service manager listens."""
        return self._address is not None

    def ready(self, status: str) -> None:
        """The daemon serves. To be sent once."""
        self._send(f"READY=1\nSTATUS={_line(status)}")

    def status(self, text: str) -> None:
        """One line for ``systemctl status``: the phase and the queues, never a person's name."""
        self._send(f"STATUS={_line(text)}")

    def watchdog(self) -> None:
        """The loop that must not hang is alive. To be sent at least every ``watchdog_seconds`` / 2."""
        self._send("WATCHDOG=1")

    def stopping(self, status: str) -> None:
        """The daemon drains and will exit."""
        self._send(f"STOPPING=1\nSTATUS={_line(status)}")

    def _send(self, message: str) -> None:
        if self._address is None:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as datagrams:
                datagrams.setblocking(False)
                datagrams.sendto(message.encode(), self._address)
        except OSError:
            # No descriptor left, a full or a vanished socket: a lost message costs less than a stopped lab session.
            return


def _address(name: str) -> str | None:
    if name.startswith("@"):
        return "\0" + name[1:]  # Linux's abstract namespace
    return name if name.startswith("/") else None


def _watchdog_seconds(environ: Mapping[str, str]) -> float | None:
    """The time after which systemd gives the daemon up; ``None``: no watchdog, or it is meant for another process."""
    microseconds = environ.get("WATCHDOG_USEC", "")
    pid = environ.get("WATCHDOG_PID", "")
    if not microseconds.isdigit() or (pid and pid != str(os.getpid())):
        return None
    return int(microseconds) / 1e6 or None


def _line(text: str) -> str:
    return " ".join(text.split())
