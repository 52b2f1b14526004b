"""System calls of a process, one at a time, seen and decided by another one (seccomp user notification, seccomp(2)).

Why not ``strace --inject``: its ``when=N`` counts each thread by itself, so the N-th call of a daemon with several
threads cannot be named, and its ``-P`` knows whole paths only, while uploads have random names. Here all threads' calls
come in one order, each with its path, and one supervisor says for each: go on, fail with this error, or nothing at all
(it kills instead). Linux 5.5 or newer; no root. The filter stays with all children of the process.
"""

import ctypes
import fcntl
import os
import platform
import struct
from dataclasses import dataclass

AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_NUMBERS = {
    "x86_64": {
        "write": 1, "pwrite64": 18, "writev": 20, "fsync": 74, "fdatasync": 75, "ftruncate": 77, "rename": 82,
        "mkdir": 83, "unlink": 87, "fchmod": 91, "openat": 257, "mkdirat": 258, "unlinkat": 263, "renameat": 264,
        "fallocate": 285, "pwritev": 296, "renameat2": 316,
    },
    "aarch64": {
        "mkdirat": 34, "unlinkat": 35, "renameat": 38, "ftruncate": 46, "fallocate": 47, "fchmod": 52, "openat": 56,
        "write": 64, "writev": 66, "pwrite64": 68, "pwritev": 70, "fsync": 82, "fdatasync": 83, "renameat2": 276,
    },
}  # fmt: skip
NUMBERS = _NUMBERS.get(platform.machine(), {})
NAMES = {number: name for name, number in NUMBERS.items()}

_PR_SET_NO_NEW_PRIVS = 38
_SYS_SECCOMP = {"x86_64": 317, "aarch64": 277}.get(platform.machine(), -1)
_SET_MODE_FILTER, _NEW_LISTENER = 1, 8
_ALLOW, _NOTIFY = 0x7FFF0000, 0x7FC00000
_RECEIVE, _SEND = 0xC0502100, 0xC0182101
_CONTINUE = 1
_SYS_PIDFD_GETFD = 438
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Notice:
    """A system call that waits for a decision. ``thread``: its kernel thread id. ``args``: the raw six."""

    id: int
    thread: int
    name: str
    args: tuple[int, ...]


def install() -> int:
    """Have this process's calls of ``NUMBERS`` decided by whoever reads the returned descriptor. Raises ``OSError``.

    To be called while the process has one thread; later ones inherit it.
    """
    if not NUMBERS:
        raise OSError(f"no table of system calls for {platform.machine()}")
    program = [
        (0x20, 0, 0, 4),
        (0x15, 1, 0, AUDIT_ARCH[platform.machine()]),
        (0x06, 0, 0, _ALLOW),
        (0x20, 0, 0, 0),
    ]
    for number in NUMBERS.values():
        program += [(0x15, 0, 1, number), (0x06, 0, 0, _NOTIFY)]
    program.append((0x06, 0, 0, _ALLOW))
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in program))
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program), ctypes.addressof(code)))
    if _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise _error()
    listener = _libc.syscall(_SYS_SECCOMP, _SET_MODE_FILTER, _NEW_LISTENER, header)
    if listener < 0:
        raise _error()
    return int(listener)


def available() -> str | None:
    """Why it cannot be used here; ``None`` when it can. Tried in a child, since a filter never goes away."""
    child = os.fork()
    if child == 0:
        try:
            install()
        except OSError:
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return "seccomp user notification is not permitted here (Linux 5.5+ needed)" if status else None


def receive(listener: int) -> Notice:
    """The next call that waits. Raises ``OSError`` (``ENOENT``: its process was killed meanwhile)."""
    data = bytearray(80)
    fcntl.ioctl(listener, _RECEIVE, data)
    notice, thread, _flags, number, _arch, _pointer, *args = struct.unpack("=QIIiIQ6Q", data)
    return Notice(notice, thread, NAMES[number], tuple(args))


def go_on(listener: int, notice: Notice) -> None:
    """Let the kernel carry the call out."""
    _answer(listener, struct.pack("=QqiI", notice.id, 0, 0, _CONTINUE))


def fail(listener: int, notice: Notice, number: int) -> None:
    """The call is not carried out and returns this ``errno``."""
    _answer(listener, struct.pack("=QqiI", notice.id, 0, -number, 0))


def succeed(listener: int, notice: Notice, value: int) -> None:
    """The call is not carried out by the kernel, and returns ``value``."""
    _answer(listener, struct.pack("=QqiI", notice.id, value, 0, 0))


def borrow(pid: int, descriptor: int) -> int:
    """A copy of another process's descriptor (pidfd_getfd(2)). Raises ``OSError``."""
    process = os.pidfd_open(pid)
    try:
        copy = _libc.syscall(_SYS_PIDFD_GETFD, process, descriptor, 0)
    finally:
        os.close(process)
    if copy < 0:
        raise _error()
    return int(copy)


def _answer(listener: int, data: bytes) -> None:
    try:
        fcntl.ioctl(listener, _SEND, bytearray(data))
    except FileNotFoundError:
        # The process has been killed meanwhile: nobody waits for the answer.
        return


def _error() -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number))
