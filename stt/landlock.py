"""Landlock: a process gives up all files but those it names, and TCP, for ever. Needs no privilege.

Sources: https://docs.kernel.org/userspace-api/landlock.html and ``linux/landlock.h``. Landlock came with Linux 5.13
(ABI 1); ABI 3 covers truncation, 4 (Linux 6.7) TCP, 5 device ioctls, 6 (Linux 6.12) signals and abstract UNIX sockets
of other processes. Debian 12 has ABI 2: what comes later is the filter's to refuse there (``stt.seccomp``).

The rules:

1. Every right that the running kernel knows is handled, so what is not allowed here is refused.
2. What is already open stays usable, and paths may be looked up (``stat``); opening, listing and changing is refused.
3. A kernel without Landlock is no error: ``restrict`` says ``False``, and the caller knows what that leaves open.
"""

import ctypes
import errno
import os
import stat
import struct
import sys
from collections.abc import Iterable
from dataclasses import dataclass

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
"""System calls; the same numbers on every architecture."""

GET_VERSION = 1
PATH_BENEATH = 1
PR_SET_NO_NEW_PRIVS = 38

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
REMOVE_FILE, MAKE_REG, TRUNCATE, IOCTL_DEV = 1 << 5, 1 << 8, 1 << 14, 1 << 15
OF_A_FILE = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV

READ = READ_FILE | READ_DIR
RUN = READ | EXECUTE
WRITE = READ | WRITE_FILE | REMOVE_FILE | MAKE_REG | TRUNCATE

_FS_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
"""By ABI: how many file rights there are, counted from bit 0. Later ABIs: as the last one."""

_UNAVAILABLE = {errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM, errno.EACCES}
"""Not built in, not switched on, or forbidden by a filter on system calls."""


@dataclass(frozen=True, slots=True)
class Rule:
    """``place``: a path, or an open descriptor. ``rights``: what is allowed there and beneath."""

    place: str | int
    rights: int


def version() -> int:
    """The kernel's Landlock ABI; 0 without one. Changes nothing."""
    if sys.platform != "linux":
        return 0
    return max(0, _syscall(CREATE_RULESET, None, 0, GET_VERSION))


def restrict(rules: Iterable[Rule]) -> bool:
    """Leave the calling process, and what it becomes, only what ``rules`` allow; ``False``: this kernel cannot.

    A place that does not exist is passed over. Raises ``OSError`` when the kernel refuses a rule.
    """
    abi = version()
    if not abi:
        return False
    handled = (1 << _FS_RIGHTS.get(abi, 16)) - 1
    network = 0b11 if abi >= 4 else 0
    scoped = 0b11 if abi >= 6 else 0
    # Fields that a kernel does not know must be 0, or left out.
    words = [handled, network, scoped][: 1 if abi < 4 else 2 if abi < 6 else 3]
    ruleset = _checked(_syscall(CREATE_RULESET, struct.pack(f"={len(words)}Q", *words), 8 * len(words), 0))
    try:
        for rule in rules:
            _allow(ruleset, rule, handled)
        no_new_privileges()
        _checked(_syscall(RESTRICT_SELF, ruleset, 0))
    finally:
        os.close(ruleset)
    return True


def no_new_privileges() -> None:
    """From now on no program that is run gains rights. Raises ``OSError``."""
    _checked(ctypes.CDLL(None, use_errno=True).prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))


def _allow(ruleset: int, rule: Rule, handled: int) -> None:
    if isinstance(rule.place, int):
        return _add(ruleset, rule.place, rule.rights & handled)
    try:
        place = os.open(rule.place, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return _add(ruleset, place, rule.rights & handled)
    finally:
        os.close(place)


def _add(ruleset: int, place: int, rights: int) -> None:
    if not stat.S_ISDIR(os.fstat(place).st_mode):
        rights &= OF_A_FILE
    _checked(_syscall(ADD_RULE, ruleset, PATH_BENEATH, struct.pack("=Qi", rights, place), 0))


def _syscall(number: int, *arguments: int | bytes | None) -> int:
    """Returns -1 where Landlock is unavailable; raises ``OSError`` on everything else that is wrong."""
    library = ctypes.CDLL(None, use_errno=True)
    library.syscall.restype = ctypes.c_long
    wide = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    result = int(library.syscall(ctypes.c_long(number), *wide))
    if result < 0 and (number != CREATE_RULESET or ctypes.get_errno() not in _UNAVAILABLE):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def _checked(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
