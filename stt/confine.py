"""How a child gives up what it does not need before it reads a student's bytes.

``python -m stt.confine LIMITS -- COMMAND ...`` confines itself and becomes COMMAND; with ``-m MODULE ...`` instead it
goes on as that module. (``preexec_fn`` would run Python between fork and exec of a process with threads, which may
deadlock.) The layers, each of which holds without the others:

1. limits of the kernel (``setrlimit``): memory, CPU, size and number of files, no core dump;
2. Landlock: no file but those named here and what is open already, no TCP since Linux 6.7 (``stt.landlock``);
3. a filter on system calls: no socket, no process, no signal to others, no ``chmod`` (``stt.seccomp``);
4. around it all, where it works, bubblewrap (``stt.sandbox``), whose child starts here.

The death signal ends the child when the daemon is killed, so that ``kill -9`` leaves nothing running. Linux
sends it when the *thread* that started the child ends: start children from the event loop's thread.
"""

import ctypes
import json
import os
import resource
import runpy
import signal
import stat
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from stt.landlock import READ, READ_DIR, READ_FILE, RUN, WRITE, WRITE_FILE, Rule, restrict
from stt.seccomp import refuse

PR_SET_PDEATHSIG = 1
"""``linux/prctl.h``."""

OPEN_FILES = 256
NOT_STARTED, NOT_STARTED_CODE = "stt.confine could not start", 126
PACKAGES = Path(__file__).resolve().parents[1]
"""The folder of our own packages. In a source checkout only the packages in it are readable."""

SYSTEM = (
    "/usr",
    "/bin",
    "/lib",
    "/lib64",
    "/etc/ld.so.cache",
    "/etc/alternatives",
    "/nix/store",
    "/gnu/store",
)
"""Where programs and shared libraries are. Nothing of a student's is there."""


@dataclass(frozen=True, slots=True)
class Confinement:
    """Limits of one process; ``None``: as inherited. ``memory``: address space in bytes. ``cpu_seconds``: of CPU.

    ``file_bytes``: largest file that it may write. ``nice``: added niceness. ``parent``: process id that it must
    not outlive; ``None``: whoever is its parent. ``cpu_most``: to what a child may raise its own ``cpu_seconds``.
    ``reads``, ``writes``: files and folders besides the program's own and standard input, by absolute path.
    """

    parent: int | None
    memory: int | None = None
    cpu_seconds: int | None = None
    file_bytes: int | None = None
    nice: int = 0
    cpu_most: int | None = None
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()


def die_with(parent: int | None) -> None:
    """Have this process killed when ``parent`` dies. Linux only; elsewhere closing its pipes has to do."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if parent is not None and os.getppid() != parent:
        # The parent died between the fork and the line above.
        os._exit(1)


def confine(limits: Confinement, program: str | None = None) -> None:
    """Apply ``limits`` to the calling process. There is no way back. ``program``: what it is about to become.

    Raises ``OSError``; then the process must not go on.
    """
    die_with(limits.parent)
    if limits.nice:
        os.nice(limits.nice)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))
    for name, value in ((resource.RLIMIT_AS, limits.memory), (resource.RLIMIT_FSIZE, limits.file_bytes)):
        if value is not None:
            resource.setrlimit(name, (value, value))
    if limits.cpu_seconds is not None:
        # At the first number a signal that tells why, at the second one that nothing can ignore.
        most = max(limits.cpu_most or 0, limits.cpu_seconds) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, most))
    restrict(_rules(limits, program))
    refuse(may_run=program is not None)


def _rules(limits: Confinement, program: str | None) -> Iterator[Rule]:
    if stat.S_ISREG(os.fstat(0).st_mode):
        # Media is opened a second time, through /dev/stdin.
        yield Rule(0, READ_FILE)
    for place in program_places():
        yield Rule(place, RUN if program else READ)
    yield Rule(str(PACKAGES), READ_DIR)
    yield from (Rule(place, READ_FILE | WRITE_FILE) for place in ("/dev/null", "/dev/zero"))
    yield from (Rule(place, READ_FILE) for place in ("/dev/urandom", "/dev/random"))
    yield from (Rule(place, READ) for place in limits.reads)
    yield from (Rule(place, WRITE) for place in limits.writes)
    if program:
        yield from (Rule(place, RUN) for place in places_of(program))


def program_places() -> list[str]:
    """Absolute paths of what our children run: the interpreter, its packages, ours, and shared libraries."""
    ours = [str(PACKAGES / name) for name in ("introeval", "models", "scheduler", "stt")]
    libraries = [part for part in os.environ.get("LD_LIBRARY_PATH", "").split(":") if part.startswith("/")]
    return list(dict.fromkeys([sys.prefix, sys.exec_prefix, sys.base_prefix, *ours, *SYSTEM, *libraries]))


def places_of(program: str) -> list[str]:
    """The program itself, and its own libraries where it has some (``/opt/x/bin/x`` and ``/opt/x/lib``)."""
    file = Path(program).resolve()
    libraries = file.parents[1] / "lib" if file.parent.name == "bin" else None
    return [str(file), *([str(libraries)] if libraries and libraries.is_dir() else [])]


def encode(limits: Confinement) -> str:
    """The argument of ``python -m stt.confine``."""
    return json.dumps(asdict(limits))


def decode(text: str) -> Confinement:
    """Parse what ``encode`` wrote."""
    fields = json.loads(text)
    lists = {name: tuple(fields[name]) for name in ("reads", "writes")}
    return Confinement(**{**fields, **lists})


def python_module(name: str) -> list[str]:
    """The command line of one of our own modules. ``-P``: never import from the current folder."""
    return [sys.executable, "-P", "-m", name]


def main(arguments: list[str]) -> None:
    """``LIMITS -- COMMAND ...`` or ``LIMITS -m MODULE ...``: confine this process, then be that."""
    limits, separator, *command = arguments
    if separator not in ("--", "-m") or not command:
        raise SystemExit("usage: python -m stt.confine LIMITS (-- COMMAND | -m MODULE) ...")
    try:
        confine(decode(limits), command[0] if separator == "--" else None)
        if separator == "--":
            os.execv(command[0], command)
    except OSError as error:
        # Whoever waits must not take this for the program's own answer about the file.
        print(f"{NOT_STARTED} {command[0]}: {error}", file=sys.stderr)
        raise SystemExit(NOT_STARTED_CODE) from None
    sys.argv = command
    runpy.run_module(command[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1:])
