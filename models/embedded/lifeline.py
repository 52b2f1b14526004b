"""A child that cannot outlive its parent, whatever ends the parent (also SIGKILL, also the OOM killer).

Two ties, because each has a gap: the kernel's parent-death signal (Linux only; it can come too early when the
thread that forked ends), and the end of file on standard input, of which the parent holds the other end.
"""

import ctypes
import os
import signal
import stat
import sys
import threading
from contextlib import suppress

PR_SET_PDEATHSIG = 1


def tie_to_parent() -> None:
    """End this process when its parent ends. Call once, first thing.

    Does nothing without a pipe or a socket as standard input: somebody started it by hand.
    """
    mode = os.fstat(0).st_mode
    if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
        return
    parent = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            # The parent was gone before the kernel knew of the tie.
            os._exit(1)
    threading.Thread(target=_exit_at_end_of_file, name="lifeline", daemon=True).start()


def _exit_at_end_of_file() -> None:
    with suppress(OSError):
        while os.read(0, 1024):
            pass
    # llama.cpp's threads would keep an orderly exit waiting.
    os._exit(0)
