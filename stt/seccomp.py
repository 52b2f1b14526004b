"""A filter on system calls: no socket, no new process, no signal to others, no change of a file's owner or rights.

It closes what Landlock leaves open (UDP and UNIX sockets, ``chmod``, ``ptrace``), on kernels without Landlock the
network at least, and needs no privilege and no library. It refuses what a decoder has no use for and allows the rest: a
list of all that glibc, libav, numpy and pdfium call would break with their next version.

A signal to others can be had without ``kill``: a descriptor that tells of input does so by any signal, to whichever
process it is said to belong to (``fcntl``, ``ioctl``). The kernel asks Landlock about that only since Linux 6.12, so
nobody may say to whom a descriptor belongs. Of ``ioctl`` the few requests are allowed that a program makes of a file or
pipe; the others set files' flags, and terminals. Others' priorities and places on the processors are as they were.

Sources: https://docs.kernel.org/userspace-api/seccomp_filter.html, ``linux/bpf_common.h``, ``asm/unistd.h``,
``asm-generic/fcntl.h``, ``asm-generic/ioctls.h``.
"""

import ctypes
import errno
import os
import platform
import struct
import sys

from stt.landlock import no_new_privileges

PR_SET_SECCOMP, MODE_FILTER = 22, 2
ALLOW, REFUSE, KILL = 0x7FFF0000, 0x00050000, 0x80000000
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, ARCHITECTURE, FIRST_ARGUMENT, SECOND_ARGUMENT = 0, 4, 16, 24
"""Offsets in ``struct seccomp_data``; both architectures are little-endian, so an argument's low half is first."""

CLONE_THREAD = 0x10000
X32 = 0x40000000
"""x86-64's second set of numbers, for 32-bit pointers."""

SETTING_AN_OWNER = (8, 10, 15, 1024, 1026)
"""``fcntl``: F_SETOWN, F_SETSIG, F_SETOWN_EX; F_SETLEASE and F_NOTIFY, which hold up others and watch a folder."""

OF_A_FILE = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
"""``ioctl``: TCGETS (``isatty``), TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX."""

_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

_NAMES = """
socket 41 198, socketpair 53 199, connect 42 203, accept 43 202, accept4 288 242, bind 49 200, listen 50 201,
io_uring_setup 425 425, io_uring_enter 426 426, io_uring_register 427 427,
fork 57 -, vfork 58 -, ptrace 101 117, process_vm_readv 310 270, process_vm_writev 311 271,
process_madvise 440 440, pidfd_open 434 434, pidfd_getfd 438 438, pidfd_send_signal 424 424, kcmp 312 272,
kill 62 129, tkill 200 130, rt_sigqueueinfo 129 138, rt_tgsigqueueinfo 297 240,
chmod 90 -, fchmod 91 52, fchmodat 268 53, fchmodat2 452 452, chown 92 -, lchown 94 -, fchown 93 55,
fchownat 260 54, setxattr 188 5, lsetxattr 189 6, fsetxattr 190 7, removexattr 197 14, lremovexattr 198 15,
fremovexattr 199 16, utime 132 -, utimes 235 -, futimesat 261 -, utimensat 280 88, truncate 76 45,
mknod 133 -, mknodat 259 33, mount 165 40, umount2 166 39, pivot_root 155 41, chroot 161 51,
move_mount 429 429, open_tree 428 428, fsopen 430 430, fsconfig 431 431, fsmount 432 432, fspick 433 433,
mount_setattr 442 442, unshare 272 97, setns 308 268, open_by_handle_at 304 265, name_to_handle_at 303 264,
keyctl 250 219, add_key 248 217, request_key 249 218, bpf 321 280, perf_event_open 298 241,
userfaultfd 323 282, init_module 175 105, finit_module 313 273, delete_module 176 106, kexec_load 246 104,
kexec_file_load 320 294, reboot 169 142, swapon 167 224, swapoff 168 225, acct 163 89, quotactl 179 60,
quotactl_fd 443 443, ioperm 173 -, iopl 172 -, personality 135 92, mq_open 240 180, mq_unlink 241 181,
shmget 29 194, shmat 30 196, shmctl 31 195, semget 64 190, semop 65 193, semtimedop 220 192, semctl 66 191,
msgget 68 186, msgsnd 69 189, msgrcv 70 188, msgctl 71 187, fanotify_init 300 262, setpriority 141 140, syslog 103 116,
settimeofday 164 170, clock_settime 227 112, adjtimex 159 171, clock_adjtime 305 266, sethostname 170 161,
setdomainname 171 162, migrate_pages 256 238, move_pages 279 239, sched_setparam 142 118,
sched_setscheduler 144 119, sched_setattr 314 274, ioprio_set 251 30, inotify_init 253 -, inotify_init1 294 26,
inotify_add_watch 254 27
"""
"""Refused whatever their arguments: name, number on x86-64, number on aarch64."""

_SPECIAL = """
clone 56 220, clone3 435 435, tgkill 234 131, prlimit64 302 261, sched_setaffinity 203 122, fcntl 72 25, ioctl 16 29
"""
"""These depend on their arguments."""

_RUN = "execve 59 221, execveat 322 281"


def known() -> bool:
    """Whether there is a filter for this machine, and a kernel that takes one."""
    return sys.platform == "linux" and platform.machine() in _ARCHITECTURES and _has_filters()


def refuse(*, may_run: bool) -> bool:
    """Install the filter on the calling process; ``False``: there is none for this machine.

    ``may_run``: the process may still become another program (it keeps the filter). Raises ``OSError``.
    """
    if not known():
        return False
    code = _program(platform.machine(), may_run)
    buffer = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(buffer))
    no_new_privileges()
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(PR_SET_SECCOMP, MODE_FILTER, program, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return True


def refused_numbers(machine: str) -> dict[str, int]:
    """The numbers of the calls that are refused whatever their arguments, by name."""
    return _numbers(_NAMES, machine)


def special_numbers(machine: str) -> dict[str, int]:
    """The numbers of the calls that are refused in some cases, by name."""
    return _numbers(f"{_SPECIAL}, {_RUN}", machine)


def _numbers(table: str, machine: str) -> dict[str, int]:
    column = 1 if machine == "x86_64" else 2
    rows = (row.split() for row in table.replace("\n", " ").split(","))
    return {row[0]: int(row[column]) for row in rows if row[column] != "-"}


def _has_filters() -> bool:
    # With a null pointer a kernel that has filters answers EFAULT, another EINVAL.
    library = ctypes.CDLL(None, use_errno=True)
    library.prctl(PR_SET_SECCOMP, MODE_FILTER, None, 0, 0)
    return ctypes.get_errno() == errno.EFAULT


def _program(machine: str, may_run: bool) -> bytes:
    """The filter as BPF. A refused call fails with ``EPERM``, an unknown one (for its caller) with ``ENOSYS``."""
    refused = sorted(
        {*refused_numbers(machine).values(), *(() if may_run else _numbers(_RUN, machine).values())}
    )
    number = _numbers(_SPECIAL, machine)
    no = REFUSE | errno.EPERM
    own = (*_if(EQUAL, os.getpid(), ALLOW), _line(EQUAL, 0, 1, 0), _line(RETURN, no))
    lines = [
        _line(LOAD, ARCHITECTURE),
        _line(EQUAL, _ARCHITECTURES[machine], 1, 0),
        _line(RETURN, KILL),
        _line(LOAD, NUMBER),
        *_if(AT_LEAST, X32, no),
        # glibc falls back to clone, whose flags can be seen from here.
        *_if(EQUAL, number["clone3"], REFUSE | errno.ENOSYS),
        *(line for one in refused for line in _if(EQUAL, one, no)),
        *_when(number["clone"], FIRST_ARGUMENT, _line(ANY_BIT, CLONE_THREAD, 1, 0), _line(RETURN, no)),
        # A process may end itself (abort), ask for its own limits and choose its own processors. It stays one process,
        # so its id is known.
        *_when(number["tgkill"], FIRST_ARGUMENT, _line(EQUAL, os.getpid(), 1, 0), _line(RETURN, no)),
        *_when(number["prlimit64"], FIRST_ARGUMENT, *own),
        *_when(number["sched_setaffinity"], FIRST_ARGUMENT, *own),
        *_when(
            number["fcntl"],
            SECOND_ARGUMENT,
            *(line for command in SETTING_AN_OWNER for line in _if(EQUAL, command, no)),
        ),
        *_when(
            number["ioctl"],
            SECOND_ARGUMENT,
            *(line for request in OF_A_FILE for line in _if(EQUAL, request, ALLOW)),
            # As a file answers to what it does not know.
            _line(RETURN, REFUSE | errno.ENOTTY),
        ),
        _line(RETURN, ALLOW),
    ]
    return b"".join(lines)


def _line(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)


def _if(test: int, value: int, answer: int) -> tuple[bytes, bytes]:
    return _line(test, value, 0, 1), _line(RETURN, answer)


def _when(number: int, argument: int, *lines: bytes) -> tuple[bytes, ...]:
    """For the call ``number``: ``lines`` with that argument loaded, then allow. They jump over one at most."""
    body = (_line(LOAD, argument), *lines, _line(RETURN, ALLOW))
    return (_line(EQUAL, number, 0, len(body)), *body)
