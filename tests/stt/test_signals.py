"""A confined child cannot signal, slow down or watch others where only the filter on system calls is in its way."""

import subprocess
import sys

import pytest

from stt import seccomp

BY_A_DESCRIPTOR = """
import ctypes, fcntl, os, socket, struct, sys
from stt.seccomp import refuse

victim, filtered = int(sys.argv[1]), sys.argv[2] == "filtered"
ours, theirs = socket.socketpair()
folder = os.open("/", os.O_RDONLY)
assert refuse(may_run=False) if filtered else True
call, owner = ctypes.CDLL(None, use_errno=True).syscall, struct.pack("i", victim)
io_priority = {"x86_64": 251, "aarch64": 30}[os.uname().machine]

def works(attempt):
    try:
        return attempt() not in (-1, None, ())
    except OSError:
        return False

print(*(works(attempt) for attempt in (
    lambda: fcntl.ioctl(ours, 0x8901, owner),
    lambda: fcntl.ioctl(ours, 0x8902, owner),
    lambda: fcntl.fcntl(ours, 15, struct.pack("ii", 1, victim)),
    lambda: fcntl.fcntl(ours, 8, victim),
    lambda: fcntl.fcntl(ours, 10, 9),
    lambda: fcntl.fcntl(folder, 1026, 0),
    lambda: os.sched_setaffinity(victim, os.sched_getaffinity(0)) or 1,
    lambda: os.sched_setscheduler(victim, os.SCHED_BATCH, os.sched_param(0)) or 1,
    lambda: call(io_priority, 1, victim, 3 << 13),
    lambda: ctypes.CDLL(None).inotify_init1(0),
)))
fcntl.fcntl(ours, fcntl.F_SETFL, os.O_ASYNC)
theirs.send(b"now the kernel tells the owner of ours, by SIGKILL")
print(*(works(attempt) for attempt in (
    lambda: fcntl.fcntl(ours, fcntl.F_GETFL),
    lambda: fcntl.ioctl(ours, 0x541B, owner),
    lambda: os.set_inheritable(folder, True) or 1,
    lambda: os.sched_setaffinity(0, os.sched_getaffinity(0)) or 1,
)))
"""


@pytest.mark.parametrize("filtered", [True, False], ids=["filtered", "control"])
def test_no_signal_by_a_descriptor(filtered: bool) -> None:
    """The owner of a descriptor hears of its input by a signal: the kernel's, so only the filter is in its way here.

    Landlock asks since Linux 6.12 only. Nor are others' priorities, processors and folders a child's affair. What
    children do with their own descriptors works; the control shows that the attempts are real.
    """
    if not seccomp.known():
        pytest.skip("there is no filter for this machine")
    waiting = [sys.executable, "-I", "-S", "-c", "import sys; sys.stdin.read()"]
    with subprocess.Popen(waiting, stdin=subprocess.PIPE) as victim:
        attack = [sys.executable, "-c", BY_A_DESCRIPTOR, str(victim.pid), "filtered" if filtered else "not"]
        done = subprocess.run(attack, capture_output=True, text=True, check=False)
    tried, usual = (line.split() for line in done.stdout.splitlines())

    assert set(tried) == {str(not filtered)}, tried
    assert set(usual) == {"True"}, usual
    assert victim.returncode == (0 if filtered else -9)
