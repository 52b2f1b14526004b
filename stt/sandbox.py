"""The only way to start a child that reads a student's bytes: confined always, and inside bubblewrap where that works.

The rules:

1. The child gets its input as standard input, an environment of our own, and no path besides those its ``Confinement``
   names. It answers on standard output, or writes there.
2. ``stt.confine`` holds in every case. Bubblewrap adds a root folder with nothing else in it, and namespaces of its own
   for network, processes and IPC. It needs user namespaces: containers and the systemd unit (``RestrictNamespaces=``)
   often forbid them, and then the log says so once, ``introeval doctor`` always.
3. Whether bubblewrap works is found out by using it, once in a process. Who starts a child may say instead which layers
   to count on (``held``): a machine's own are the default.
"""

import asyncio
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import IO

from stt import landlock, seccomp
from stt.confine import NOT_STARTED, PACKAGES, Confinement, encode, places_of, program_places, python_module
from stt.spawn import Finished, run_bounded

log = logging.getLogger(__name__)

PATIENCE = 20.0
"""Seconds for the one trial of bubblewrap; it takes a hundredth of that."""

KEPT = ("LD_LIBRARY_PATH", "PYTHONHOME", "PYTHONPATH")
"""What a child needs of the daemon's environment. Secrets are among the rest."""


@dataclass(frozen=True, slots=True)
class Layers:
    """What holds on this machine. ``bubblewrap``: its path, or ``None``, and then ``why_not`` says why.

    ``landlock``: the kernel's ABI, 0 without it. ``seccomp``: whether there is a filter for this machine.
    """

    bubblewrap: str | None
    why_not: str
    landlock: int
    seccomp: bool

    @property
    def files(self) -> bool:
        """Whether a child is kept from other files."""
        return bool(self.bubblewrap or self.landlock)

    @property
    def network(self) -> bool:
        """Whether a child is kept from the network, UDP included."""
        return bool(self.bubblewrap or self.seccomp)

    def __str__(self) -> str:
        held = [
            "bubblewrap" if self.bubblewrap else f"no bubblewrap ({self.why_not})",
            f"Landlock {self.landlock}" if self.landlock else "no Landlock",
            "seccomp" if self.seccomp else "no seccomp filter",
        ]
        return ", ".join(held)


@cache
def layers() -> Layers:
    """What holds here. Runs a short process the first time: call it in a thread."""
    path, why_not = _try_bubblewrap()
    found = Layers(path, why_not, landlock.version(), seccomp.known())
    if not (found.files and found.network):
        log.warning("a hostile upload could read files or use the network; run: introeval doctor")
    elif found.bubblewrap is None:
        log.warning(
            "uploads are decoded without bubblewrap; the other layers hold (introeval doctor says why)"
        )
    return found


async def run_confined(
    limits: Confinement,
    command: list[str],
    *,
    stdin: int | IO[bytes],
    seconds: float,
    stdout: int | IO[bytes] = asyncio.subprocess.PIPE,
    stdout_bytes: int = 1 << 16,
    held: Layers | None = None,
) -> Finished:
    """Run ``command`` (see ``confined``) to its end, or kill it after ``seconds``.

    Raises ``OSError`` when it could not be started, or not be confined.

    ``stdout``: an open file takes the place of the pipe, and ``Finished.stdout`` is empty. ``stdout_bytes``: how much
    of a pipe is kept, from its end. ``held``: see ``confined``.
    """
    full = await confined(limits, command, held)
    done = await run_bounded(
        full, stdin=stdin, seconds=seconds, stdout=stdout, stdout_bytes=stdout_bytes, env=environment()
    )
    if done.returncode and not done.timed_out and (why := _not_started(done.stderr)):
        raise OSError(why)
    return replace(done, returncode=_signal_or_code(done.returncode))


async def confined(limits: Confinement, command: list[str], held: Layers | None = None) -> list[str]:
    """The command line of a child under ``limits``; start it with ``environment()`` from the loop's own thread.

    ``command``: ``["--", PROGRAM, ...]``, with an absolute path, or ``["-m", MODULE, ...]``. ``held``: what to count
    on; not given: ``layers()``. Without bubblewrap in it the child is not put inside one, and ``stt.confine`` holds.
    """
    wrapper = (await asyncio.to_thread(layers) if held is None else held).bubblewrap
    prefix = [] if wrapper is None else _bubblewrap(wrapper, limits, command)
    parent = limits.parent if wrapper is None else None
    return [*prefix, *python_module("stt.confine"), encode(replace(limits, parent=parent)), *command]


def environment() -> Mapping[str, str]:
    """What a confined child sees of the world."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    if PACKAGES.name != "site-packages":
        # A checkout: the child finds these packages, not others that are installed.
        kept["PYTHONPATH"] = ":".join([str(PACKAGES), *filter(None, [kept.get("PYTHONPATH")])])
    own = {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "MALLOC_ARENA_MAX": "2",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return kept | own


def _bubblewrap(wrapper: str, limits: Confinement, command: list[str]) -> list[str]:
    """The root folder holds our programs, read-only, and what the child may read and write; nothing else."""
    places = [*program_places(), *limits.reads]
    if command[0] == "--":
        places += places_of(command[1])
    # A folder comes before what is inside it, which it would hide.
    bound = [word for place in sorted(set(places), key=len) for word in ("--ro-bind-try", place, place)]
    written = [word for place in limits.writes for word in ("--bind", place, place)]
    return [
        wrapper, "--unshare-all", "--die-with-parent", "--cap-drop", "ALL",
        *bound, *written, "--dev", "/dev", "--proc", "/proc", "--remount-ro", "/", "--chdir", "/", "--",
    ]  # fmt: skip


def _try_bubblewrap() -> tuple[str | None, str]:
    found = shutil.which("bwrap")
    if found is None:
        return None, "not installed"
    trial = [sys.executable, "-I", "-S", "-c", "open('/proc/self/fd/0').close()"]
    try:
        done = subprocess.run(
            [*_bubblewrap(found, Confinement(None), ["-m"]), *trial],
            stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        return None, f"it cannot be started ({type(error).__name__})"
    if done.returncode == 0:
        return found, ""
    words = done.stderr.decode(errors="replace").strip().splitlines()
    return None, (words[-1] if words else f"it ended with {done.returncode}")[:160]


def _not_started(stderr: str) -> str:
    """What bubblewrap or ``stt.confine`` complained of, when the program was never reached."""
    lines = stderr.strip().splitlines()
    return next((line[:300] for line in lines if line.startswith((NOT_STARTED, "bwrap: "))), "")


def _signal_or_code(returncode: int) -> int:
    """Bubblewrap says 128 + N for a child that signal N ended; a direct child's code is -N."""
    return 128 - returncode if 128 < returncode < 128 + signal.SIGSYS + 1 else returncode


async def check(held: Layers | None = None) -> dict[str, bool]:
    """What a confined child really could do, by trying: see ``stt.boundary``. Raises ``OSError``.

    ``held``: see ``confined``.
    """
    limits = Confinement(os.getpid(), memory=1 << 30, cpu_seconds=10, file_bytes=0)
    done = await run_confined(
        limits, ["-m", "stt.boundary"], stdin=asyncio.subprocess.DEVNULL, seconds=PATIENCE, held=held
    )
    try:
        return {str(name): bool(could) for name, could in json.loads(done.stdout).items()}
    except ValueError as error:
        raise OSError(f"the confined child gave no answer: {done.stderr.strip()[-200:]}") from error
