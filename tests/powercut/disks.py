"""Recorded disks: nbdkit keeps them and writes the log, nbdfuse makes each a file, a loop device makes that a disk.

The rules:

1. What a filesystem flushes reaches the log: loop hands a flush to nbdfuse as an fsync, nbdfuse to nbdkit as a flush
   (``test_powercut`` holds it). Writes pass FUSE unbuffered, so they are logged before they are answered.
2. Every program started here dies with this process, every mount with its mount namespace.
"""

import os
import select
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tests.powercut import kernel, plugin

MIB = 1024 * 1024
_READY_SECONDS = 60.0
_DIES_WITH_US = ("setpriv", "--pdeathsig", "KILL", "--")


@dataclass(frozen=True, slots=True)
class Filesystem:
    """``make``: how it is made. ``size``: bytes. ``grain``: the unit that a power cut does not tear (bytes).

    ``whole``: where the filesystem itself counts on more: a superblock that was torn makes it unmountable.
    """

    name: str
    make: tuple[str, ...]
    size: int
    options: str = ""
    grain: int = 512
    whole: range = range(0)


_EXT4 = ("mkfs.ext4", "-q", "-J", "size=4", "-E", "nodiscard,lazy_itable_init=0,lazy_journal_init=0", "-b")
_SUPERBLOCK = range(1024, 2048)
# ext4 replays whole blocks, and bears torn sectors of 512 bytes. XFS does not: in 3 of 400 such states a directory
# block of 4,096 failed its checksum at the recovery of the log, and it would not mount. The superblock of btrfs is
# one such block.
FILESYSTEMS = {
    "ext4": Filesystem("ext4", (*_EXT4, "4096"), 96 * MIB, whole=_SUPERBLOCK),
    "ext4-1k": Filesystem("ext4", (*_EXT4, "1024"), 64 * MIB, whole=_SUPERBLOCK),
    "xfs": Filesystem("xfs", ("mkfs.xfs", "-q", "-K", "-f"), 320 * MIB, "nouuid", 4096),
    "btrfs": Filesystem(
        "btrfs", ("mkfs.btrfs", "-q", "-K", "-f", "-d", "single", "-m", "single"), 128 * MIB, grain=4096
    ),
}


@dataclass(frozen=True, slots=True)
class Recording:
    """``log``: the file that grows. ``mounts``: where each disk is mounted. ``devices``: what is mounted there."""

    log: Path
    mounts: Sequence[Path]
    devices: Sequence[Path]

    def size(self) -> int:
        """Bytes of the log by now: a moment, for the observer."""
        return self.log.stat().st_size

    def sync(self) -> None:
        """Have everything written, and then flushed: filesystems write their metadata home without a flush."""
        for mount, device in zip(self.mounts, self.devices, strict=True):
            subprocess.run(("sync", "-f", str(mount)), check=True)
            kernel.flush(device)


@contextmanager
def recorded(folder: Path, filesystem: Filesystem, count: int) -> Iterator[Recording]:
    """``count`` new disks, made and mounted."""
    log, socket = folder / "log", folder / "socket"
    with ExitStack() as stack:
        settings = (f"log={log}", f"size={filesystem.size}")
        serve = ("nbdkit", "-f", "--exit-with-parent", "-U", str(socket))
        plug = ("python", str(plugin.__file__), *settings)
        stack.enter_context(_program(lambda ready: (*serve, "-P", ready, *plug)))
        disks = [stack.enter_context(_disk(folder, socket, number, filesystem)) for number in range(count)]
        yield Recording(log, *zip(*disks, strict=True))


@contextmanager
def _disk(folder: Path, socket: Path, number: int, filesystem: Filesystem) -> Iterator[tuple[Path, Path]]:
    """(Where it is mounted, its device.)"""
    share, mount = folder / f"share{number}", folder / f"disk{number}"
    share.mkdir()
    mount.mkdir()
    with ExitStack() as stack:
        uri = f"nbd+unix:///{number}?socket={socket}"
        fuse = (*_DIES_WITH_US, "nbdfuse")
        stack.enter_context(_program(lambda ready: (*fuse, "-P", ready, f"{share}/disk", uri), share))
        handle = os.open(share / "disk", os.O_RDWR | os.O_CLOEXEC)
        stack.callback(os.close, handle)
        device = stack.enter_context(kernel.loop_device(handle))
        subprocess.run((*filesystem.make, str(device)), check=True, capture_output=True)
        stack.enter_context(kernel.mounted(device, mount, filesystem.name, filesystem.options))
        yield mount, device


@contextmanager
def _program(command: Callable[[str], tuple[str, ...]], share: Path | None = None) -> Iterator[None]:
    """A program that serves; ends when ``share`` is unmounted, or by a signal.

    ``command`` is given the name of the file into which the program writes its process id once it serves. It is a
    pipe: what comes out of it is the program's word that it is ready, and its end that the program has ended.
    """
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb", buffering=0) as word:
        try:
            process = subprocess.Popen(
                command(f"/dev/fd/{writing}"),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[writing],
            )
        finally:
            os.close(writing)
        try:
            _await(word, process)
            yield
        finally:
            _end(process, share)


def _await(word: IO[bytes], process: subprocess.Popen[bytes]) -> None:
    readable, _, _ = select.select([word], [], [], _READY_SECONDS)
    if not readable:
        raise RuntimeError(f"{process.args!r} does not serve after {_READY_SECONDS} s")
    if not word.read(64):
        raise RuntimeError(f"{process.args!r} ended (status {process.wait(_READY_SECONDS)})")


def _end(process: subprocess.Popen[bytes], share: Path | None) -> None:
    if share is not None and share.is_mount():
        kernel.unmount(share)
    else:
        process.terminate()
    try:
        process.wait(_READY_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
