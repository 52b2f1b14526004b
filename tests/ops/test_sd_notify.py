"""The messages to systemd, received by a real datagram socket."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from introeval.sd_notify import Notifier


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    """A socket as systemd offers it, and its name in ``NOTIFY_SOCKET``."""
    name = str(tmp_path / "notify") if request.param == "path" else f"@introeval-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(name.replace("@", "\0", 1))
        yield receiver, name


def test_messages(manager: tuple[socket.socket, str]) -> None:
    """Each call is one datagram, and a status is one line."""
    receiver, name = manager
    notifier = Notifier({"NOTIFY_SOCKET": name})
    notifier.ready("phase stt")
    notifier.status("two\nlines")
    notifier.watchdog()
    notifier.stopping("draining")
    received = [receiver.recv(4096).decode() for _ in range(4)]
    assert received == [
        "READY=1\nSTATUS=phase stt",
        "STATUS=two lines",
        "WATCHDOG=1",
        "STOPPING=1\nSTATUS=draining",
    ]


def test_without_a_manager() -> None:
    """Nothing is sent and nothing fails outside systemd, or when the socket is gone."""
    assert not Notifier({}).active
    Notifier({}).ready("x")
    Notifier({"NOTIFY_SOCKET": "/nowhere/at/all"}).ready("x")


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({}, None),
    ],
)
def test_watchdog_interval(environ: dict[str, str], seconds: float | None) -> None:
    """The interval is in seconds, and only when it is meant for this process."""
    assert Notifier(environ).watchdog_seconds == seconds
