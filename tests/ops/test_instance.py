"""The single-instance lock, held by a real other process."""

import os
import signal
import subprocess
import sys
import tempfile
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


def test_a_lock_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    """As a sentence about the folder, not as a trace."""
    lock = tmp_path / "introeval.lock"
    lock.symlink_to(lock)
    wanted = pytest.raises(ConfigurationError, match=r"introeval.lock cannot be used .*that can be written")
    with wanted, single_instance(lock):
        raise AssertionError("it was held")


FOREIGN = """
import os, pathlib, sys
from introeval.instance import single_instance
from scheduler.errors import ConfigurationError
os.setegid(65534), os.seteuid(65534)
try:
    with single_instance(pathlib.Path(sys.argv[1])):
        print("held")
except ConfigurationError as error:
    print(error)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a lock for somebody else")
def test_a_lock_that_root_makes_belongs_to_the_owner_of_the_folder(tmp_path: Path) -> None:
    """A restore or a backup by root does not lock the daemon out; a foreign lock is told with what to do."""
    with tempfile.TemporaryDirectory() as place:
        # Not below tmp_path: pytest makes its folders private.
        folder = Path(place)
        os.chown(folder, 65534, 65534)
        lock = folder / "introeval.lock"
        command = [sys.executable, "-c", FOREIGN, str(lock)]
        with single_instance(lock):
            assert (lock.stat().st_uid, lock.stat().st_gid) == (65534, 65534)
        assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "held\n"
        os.chown(lock, 0, 0)
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert f"`chown --reference={folder} {lock}`" in told
        with single_instance(lock):
            assert lock.stat().st_uid == 65534, "root mends what an earlier version left"
