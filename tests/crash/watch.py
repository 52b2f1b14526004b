"""``Watcher``: sees each state call of one daemon, in one order, and does what a rule says about it.

A *state call* is one of ``seccomp.NUMBERS`` on a path in the state folder. All others (sockets, pipes, the log) go on
unseen. The rules of the game: a killed process never carries the call out at which it was killed; a failed call is not
carried out either; a short write writes for real, but only a part, as a full disk or a signal would.
"""

import os
import re
import select
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.crash import seccomp

_BY_PATH = {"rename": 1, "mkdir": 0, "unlink": 0}
"""Calls whose paths are arguments: which one is looked at (the new name of a rename)."""
_BY_FOLDER = {
    "openat": (0, 1),
    "mkdirat": (0, 1),
    "unlinkat": (0, 1),
    "renameat": (2, 3),
    "renameat2": (2, 3),
}
_AT_FDCWD = 0xFFFFFF9C
_WRITES = ("write", "pwrite64")
CHANGES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


@dataclass(frozen=True, slots=True)
class Call:
    """``number``: which state call of this process, from 1. ``path``: below the state folder. ``flags``: of an open."""

    number: int
    name: str
    path: str
    flags: int = 0

    @property
    def kind(self) -> str:
        """The call with the random part of its path taken out: the same in each run."""
        return f"{self.name} {re.sub(r'[0-9a-f]{24}', 'ID', self.path) or '.'}"

    @property
    def changes(self) -> bool:
        """Whether it changes anything: an open for reading does not."""
        return self.name != "openat" or bool(self.flags & CHANGES)


@dataclass(frozen=True, slots=True)
class Fail:
    """Do not carry it out; it returns this ``errno``."""

    number: int


@dataclass(frozen=True, slots=True)
class Short:
    """Write only this many bytes (all but one at most), and say so."""

    size: int


class Kill:
    """SIGKILL to the process, before the call."""


class Hold:
    """Do not carry it out before ``Watcher.thaw``; other calls go on meanwhile."""


Rule = Callable[[Call], Fail | Short | Kill | Hold | None]


def kill_at(number: int) -> Rule:
    """Kill at the state call of this number."""
    return lambda call: Kill() if call.number == number else None


class Watcher:
    """Watches the process ``pid`` through ``listener`` until it ends. ``rule`` may be exchanged at any time.

    ``calls``: what was seen. ``killed``: the call at which it was killed.
    """

    def __init__(self, pid: int, listener: int, root: Path, rule: Rule) -> None:
        self.rule = rule
        self.calls: list[Call] = []
        self.killed: Call | None = None
        self.broken: BaseException | None = None
        self._held: list[seccomp.Notice] = []
        self._pid = pid
        self._listener = listener
        self._root = os.path.realpath(root)
        self._thread = threading.Thread(target=self._watch, name=f"watch-{pid}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Wait until the watched process has ended. Raises what went wrong while watching."""
        self._thread.join()
        if self.broken is not None:
            raise self.broken

    def thaw(self) -> None:
        """Carry out what was held. To be called when ``rule`` holds no more."""
        held, self._held = self._held, []
        for notice in held:
            with suppress(FileNotFoundError):
                seccomp.go_on(self._listener, notice)

    def _watch(self) -> None:
        poll = select.poll()
        poll.register(self._listener, select.POLLIN)
        try:
            while not any(event & (select.POLLHUP | select.POLLERR) for _, event in poll.poll()):
                with suppress(FileNotFoundError, ProcessLookupError):
                    self._decide(seccomp.receive(self._listener))
        except (
            BaseException
        ) as error:  # shown by ``close``; the watched process would otherwise wait for ever
            self.broken = error
        finally:
            # From here on the kernel fails what waits.
            os.close(self._listener)

    def _decide(self, notice: seccomp.Notice) -> None:
        path = self._path(notice)
        if path is None or self.killed is not None:
            # After the kill nothing more is carried out: the process is on its way out.
            return seccomp.go_on(self._listener, notice) if self.killed is None else None
        flags = notice.args[2] if notice.name == "openat" else 0
        call = Call(len(self.calls) + 1, notice.name, path, flags)
        self.calls.append(call)
        match self.rule(call):
            case None:
                seccomp.go_on(self._listener, notice)
            case Hold():
                self._held.append(notice)
            case Kill():
                self.killed = call
                os.kill(self._pid, signal.SIGKILL)
            case Fail(number):
                seccomp.fail(self._listener, notice, number)
            case Short(size):
                seccomp.succeed(self._listener, notice, self._write(notice, size))

    def _path(self, notice: seccomp.Notice) -> str | None:
        """Below the state folder, or nothing."""
        process, args = f"/proc/{notice.thread}", notice.args
        if notice.name in _BY_PATH:
            path = self._text(notice.thread, args[_BY_PATH[notice.name]])
        elif notice.name in _BY_FOLDER:
            folder, name = (args[at] for at in _BY_FOLDER[notice.name])
            path = self._text(notice.thread, name)
            if not path.startswith("/"):
                base = "cwd" if folder & 0xFFFFFFFF == _AT_FDCWD else f"fd/{folder & 0xFFFFFFFF}"
                path = str(Path(f"{process}/{base}").readlink() / path)
        else:
            path = str(Path(f"{process}/fd/{args[0] & 0xFFFFFFFF}").readlink()).removesuffix(" (deleted)")
        if path != self._root and not path.startswith(self._root + "/"):
            return None
        return path[len(self._root) + 1 :]

    @staticmethod
    def _text(thread: int, address: int) -> str:
        # Page by page: a text may end shortly before a page that is not there.
        text = _memory(thread, address, 4096 - address % 4096)
        if b"\0" not in text:
            text += _memory(thread, address + len(text), 4096)
        return text.partition(b"\0")[0].decode(errors="replace")

    def _write(self, notice: seccomp.Notice, size: int) -> int:
        assert notice.name in _WRITES, f"{notice.name} cannot be short"
        descriptor, address, length = notice.args[:3]
        content = _memory(notice.thread, address, max(1, min(size, length - 1)))
        copy = seccomp.borrow(self._pid, descriptor & 0xFFFFFFFF)
        try:
            if notice.name == "write":
                return os.write(copy, content)
            return os.pwrite(copy, content, notice.args[3])
        finally:
            os.close(copy)


def _memory(thread: int, address: int, size: int) -> bytes:
    with open(f"/proc/{thread}/mem", "rb", buffering=0) as memory:  # noqa: PTH123
        memory.seek(address)
        return memory.read(size) or b""
