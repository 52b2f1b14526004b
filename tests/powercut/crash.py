"""Builds the disks of a power cut in memory, mounts them (the filesystem repairs itself) and has them judged.

One ``Reader`` per process and run. An image is what was durable, in sparse memory, plus what is left of the rest.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.powercut import kernel
from tests.powercut.disks import FILESYSTEMS
from tests.powercut.ledger import Run
from tests.powercut.states import BlockLog, Record, State, left
from tests.powercut.verdict import verdict

_CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong in a state."""

    state: State
    faults: tuple[str, ...]


class Image:
    """One disk as far as it is durable; goes forward through the log, or starts again."""

    def __init__(self, log: BlockLog, disk: int, size: int) -> None:
        self._log = log
        self._disk = disk
        self._size = size
        self._chunks: dict[int, bytearray] = {}
        self._at = 0

    def forward(self, position: int) -> None:
        """Apply the writes that a flush before ``position`` made durable."""
        durable = position
        while durable and not self._is_flush(self._log.records[durable - 1]):
            durable -= 1
        if durable < self._at:
            self._chunks, self._at = {}, 0
        for record in self._log.records[self._at : durable]:
            if record.disk == self._disk and record.data is not None:
                self._apply(record.offset, record.data)
        self._at = durable

    def _is_flush(self, record: Record) -> bool:
        return record.disk == self._disk and record.data is None

    def _apply(self, offset: int, data: memoryview) -> None:
        while data:
            number, at = divmod(offset, _CHUNK)
            part = data[: _CHUNK - at]
            chunk = self._chunks.get(number)
            if chunk is None:
                # mkfs writes zeros by the megabyte, which a sparse file has anyway.
                if not any(part):
                    offset, data = offset + len(part), data[len(part) :]
                    continue
                chunk = self._chunks[number] = bytearray(_CHUNK)
            chunk[at : at + len(part)] = part
            offset, data = offset + len(part), data[len(part) :]

    @contextmanager
    def file(self, rest: Sequence[tuple[Record, int, memoryview]]) -> Iterator[int]:
        """A file in memory with the disk: what is durable, and ``rest``."""
        handle = os.memfd_create("disk", os.MFD_CLOEXEC)
        try:
            os.ftruncate(handle, self._size)
            for number, chunk in self._chunks.items():
                os.pwrite(handle, chunk, number * _CHUNK)
            for record, offset, data in rest:
                if record.disk == self._disk:
                    os.pwrite(handle, data, offset)
            yield handle
        finally:
            os.close(handle)


class Reader:
    """Examines states of one run."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._filesystem = FILESYSTEMS[run.filesystem]
        self.log = BlockLog(run.log.read_bytes())
        self._images = [Image(self.log, disk, self._filesystem.size) for disk in range(run.disks)]
        self._promised = [self.log.position(promise.at) for promise in run.promises]

    def examine(self, states: Sequence[State]) -> list[Finding]:
        """The states in which something is wrong."""
        folder = Path(tempfile.mkdtemp(prefix="crash-"))
        try:
            with asyncio.Runner() as runner:
                findings = [Finding(state, tuple(self._examine(runner, folder, state))) for state in states]
            return [finding for finding in findings if finding.faults]
        finally:
            shutil.rmtree(folder)

    def _examine(self, runner: asyncio.Runner, folder: Path, state: State) -> list[str]:
        rest = left(self.log, state, self._filesystem.grain, self._filesystem.whole)
        promises = [
            promise
            for promise, position in zip(self._run.promises, self._promised, strict=True)
            if position <= state.position
        ]
        with ExitStack() as stack:
            if self._filesystem.name == "btrfs":
                stack.callback(kernel.forget_btrfs)
            for disk, image in enumerate(self._images):
                image.forward(state.position)
                handle = stack.enter_context(image.file(rest))
                mount = folder / f"disk{disk}"
                mount.mkdir(exist_ok=True)
                try:
                    device = stack.enter_context(kernel.loop_device(handle))
                    stack.enter_context(
                        kernel.mounted(device, mount, self._filesystem.name, self._filesystem.options)
                    )
                except OSError as error:
                    return [f"UNMOUNTABLE: {error}"]
            return runner.run(verdict(folder / "disk0" / "state", promises))
