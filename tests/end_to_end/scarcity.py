"""The kernel's own out-of-memory killer, let loose on one process.

A control group with little memory, the victim in it, and a balloon beside it that takes memory until the kernel must
kill. The victim is the one that the kernel is told to prefer. So it dies as on a machine whose memory another program
took: by a SIGKILL that no test sent, at a moment that no test chose.
"""

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

LIMIT = 64 * 1024 * 1024
"""Bytes of the group. What its victim took before it came counts elsewhere."""
BALLOON = """
import sys
with open(sys.argv[1], "w") as group: group.write("0")
kept = []
while True: kept.append(b"x" * 1_000_000)
"""
V1, V2 = Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Group:
    """A control group of memory. ``limit``, ``told``: its files for the limit, and for how often the kernel killed."""

    folder: Path
    limit: str
    told: str

    @property
    def killed(self) -> int:
        """How many of its processes the kernel has killed for want of memory."""
        lines = (self.folder / self.told).read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))

    async def starve(self, victim: int) -> None:
        """Return when the kernel has killed the process ``victim``."""
        members = self.folder / "cgroup.procs"
        members.write_text(str(victim))
        _prefer(victim)
        gone = asyncio.Event()
        death = os.pidfd_open(victim)
        asyncio.get_running_loop().add_reader(death, gone.set)
        balloon = await asyncio.create_subprocess_exec(sys.executable, "-c", BALLOON, str(members))
        try:
            async with asyncio.timeout(60):
                await gone.wait()
        finally:
            asyncio.get_running_loop().remove_reader(death)
            os.close(death)
            if balloon.returncode is None:
                balloon.kill()
            await balloon.wait()


def why_not() -> str | None:
    """Why no such group can be made here; ``None``: one can."""
    if os.geteuid() != 0:
        return "only root may limit a control group's memory"
    try:
        with scarcity():
            return None
    except OSError as error:
        return f"no control group with a limit of memory can be made here: {error}"


@contextmanager
def scarcity() -> Iterator[Group]:
    """A group of ``LIMIT`` bytes, empty again at the end. Raises ``OSError``."""
    if (V1 / "memory.limit_in_bytes").exists():
        group = Group(V1 / f"introeval-test-{os.getpid()}", "memory.limit_in_bytes", "memory.oom_control")
    else:
        group = Group(V2 / f"introeval-test-{os.getpid()}", "memory.max", "memory.events")
    group.folder.mkdir()
    try:
        (group.folder / group.limit).write_text(str(LIMIT))
        yield group
    finally:
        _empty(group.folder)
        group.folder.rmdir()


def _prefer(victim: int) -> None:
    Path(f"/proc/{victim}/oom_score_adj").write_text("1000")


def _empty(folder: Path) -> None:
    """What the victim started is in its group too, and may outlive it by a moment."""
    while members := (folder / "cgroup.procs").read_text().split():
        for member in members:
            with suppress(ProcessLookupError):
                (folder.parent / "cgroup.procs").write_text(member)


def child_of(daemon: int, words: str) -> int:
    """The nearest process below ``daemon`` whose command line has these words. Raises ``LookupError``."""
    level = [daemon]
    while level:
        level = [child for parent in level for child in _children(parent)]
        for process in level:
            command = Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode()
            if words in command:
                return process
    raise LookupError(f"process {daemon} has no child {words!r}")


def _children(parent: int) -> list[int]:
    threads = Path(f"/proc/{parent}/task").iterdir()
    return [int(child) for thread in threads for child in (thread / "children").read_text().split()]
