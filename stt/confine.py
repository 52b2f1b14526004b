"""How a child gives up what it does not need before it reads a student's bytes or loads a model.

``confine`` is called inside the child. ``python -m stt.confine LIMITS -- COMMAND ...`` does the same and then
becomes COMMAND: limits, niceness and the death signal survive ``exec``. (``preexec_fn`` would run Python between
fork and exec of a process with threads, which may deadlock.)

The death signal ends the child when the daemon is killed, so that ``kill -9`` leaves nothing running. Linux
sends it when the *thread* that started the child ends: start children from the event loop's thread.
"""

import ctypes
import json
import os
import resource
import signal
import sys
from dataclasses import asdict, dataclass

PR_SET_PDEATHSIG = 1
"""``linux/prctl.h``."""


@dataclass(frozen=True, slots=True)
class Confinement:
    """Limits of one process; ``None``: as inherited. ``memory``: address space in bytes. ``cpu_seconds``: of CPU.

    ``file_bytes``: largest file that it may write. ``nice``: added niceness. ``parent``: process id that it must
    not outlive.
    """

    parent: int
    memory: int | None = None
    cpu_seconds: int | None = None
    file_bytes: int | None = None
    nice: int = 0


def die_with(parent: int) -> None:
    """Have this process killed when ``parent`` dies. Linux only; elsewhere closing its pipes has to do."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        # The parent died between the fork and the line above.
        os._exit(1)


def confine(limits: Confinement) -> None:
    """Apply ``limits`` to the calling process. There is no way back."""
    die_with(limits.parent)
    if limits.nice:
        os.nice(limits.nice)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for name, value in (
        (resource.RLIMIT_AS, limits.memory),
        (resource.RLIMIT_CPU, limits.cpu_seconds),
        (resource.RLIMIT_FSIZE, limits.file_bytes),
    ):
        if value is not None:
            resource.setrlimit(name, (value, value))


def confined(limits: Confinement, command: list[str]) -> list[str]:
    """The command line that runs ``command`` under ``limits``."""
    return [*python_module("stt.confine"), json.dumps(asdict(limits)), "--", *command]


def python_module(name: str) -> list[str]:
    """The command line of one of our own modules. ``-P``: never import from the current folder."""
    return [sys.executable, "-P", "-m", name]


def main(arguments: list[str]) -> None:
    """``LIMITS -- COMMAND ...``: confine this process, then become COMMAND."""
    limits, separator, *command = arguments
    if separator != "--" or not command:
        raise SystemExit("usage: python -m stt.confine LIMITS -- COMMAND ...")
    confine(Confinement(**json.loads(limits)))
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
