"""The single-instance lock, held by a real other process."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from introeval.instance import holder, single_instance
from scheduler.errors import ConfigurationError

HOLD = """
import pathlib, sys
from introeval.instance import single_instance
with single_instance(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_second_process_is_refused(tmp_path: Path) -> None:
    """The message names the process that holds the lock; killing that one frees it."""
    lock = tmp_path / "introeval.lock"
    command = [sys.executable, "-c", HOLD, str(lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        assert holder(lock) == other.pid
        with pytest.raises(ConfigurationError, match=f"process {other.pid}"), single_instance(lock):
            pass
        other.send_signal(signal.SIGKILL)
        other.wait()
    with single_instance(lock):
        assert holder(lock) == os.getpid()
    assert holder(lock) is None


def test_nobody_ever_held_it(tmp_path: Path) -> None:
    """A missing file is a free lock."""
    assert holder(tmp_path / "none") is None
