"""Records workloads and examines the states after power cuts, on all cores.

The rules:

1. A part with production code passes when no state of it has a fault. A part with a defect passes when one has.
2. States with a defect are taken in random order, so that "states to catch" does not hang on where it first shows.
3. A run with a finding is kept, with its log: ``python -m tests.powercut --replay FOLDER``.
"""

import asyncio
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from random import Random

from tests.powercut import kernel
from tests.powercut.crash import Finding, Reader
from tests.powercut.disks import FILESYSTEMS, Recording, recorded
from tests.powercut.ledger import Run
from tests.powercut.states import BlockLog, State, crash_states
from tests.powercut.workload import Plan, perform

_PORTION = 10


@dataclass(frozen=True, slots=True)
class Part:
    """One workload on one kind of disk. ``disks``: 2: uploads have their own.

    ``plain``: how many cuts that leave nothing or all of what was not flushed (``None``: after every record);
    ``torn``: how many that leave a random part. ``until_found``: stop soon after the first fault.
    """

    filesystem: str
    plan: Plan
    plain: int | None
    torn: int
    disks: int = 1
    until_found: bool = False

    @property
    def name(self) -> str:
        """For a person."""
        where = self.filesystem + (" x2" if self.disks == 2 else "")
        return f"{self.plan.mutant or 'production'} on {where}"


@dataclass
class Outcome:
    """``examined``: states by kind. ``findings``: those with a fault. ``caught_after``: states until the first."""

    part: Part
    records: int
    flushes: int
    promises: int
    examined: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    caught_after: int | None = None
    kept: str | None = None

    @property
    def passed(self) -> bool:
        """What was hoped for."""
        return bool(self.findings) == (self.part.plan.mutant is not None)

    def __str__(self) -> str:
        count = self.examined.total()
        kinds = ", ".join(f"{number} {kind}" for kind, number in sorted(self.examined.items()))
        log = f"{self.records} records, {self.flushes} flushes, {self.promises} promises"
        faults = sorted({fault.split(":")[0] for finding in self.findings for fault in finding.faults})
        result = f"{len(self.findings)} with a fault" + (f" ({', '.join(faults)})" if faults else "")
        if self.part.plan.mutant:
            result += f", first caught after {self.caught_after}"
        verdict = "ok" if self.passed else "FAILED"
        return f"{verdict:6} {self.part.name}, seed {self.part.plan.seed}: {log}; {count} states ({kinds}): {result}"


@contextmanager
def examiners(jobs: int) -> Iterator[Executor]:
    """Processes that examine, each with mounts of its own."""
    with ProcessPoolExecutor(jobs, get_context("spawn"), kernel.examiner) as pool:
        try:
            yield pool
        finally:
            pool.shutdown(cancel_futures=True)


def carry_out(part: Part, pool: Executor) -> Outcome:
    """Record and examine one part. Raises ``OSError``, ``RuntimeError`` when the disks or the service fail."""
    with _folder() as folder:
        run = _record(part, folder)
        log = BlockLog(run.log.read_bytes())
        start = log.position(run.start)
        outcome = Outcome(
            part,
            len(log.records) - start,
            sum(record.data is None for record in log.records[start:]),
            len(run.promises),
        )
        states = crash_states(log, start, part.plain, part.torn, part.plan.seed)
        if part.plan.mutant:
            Random(part.plan.seed).shuffle(states)
        _examine_all(run, states, outcome, pool)
        if not outcome.passed:
            outcome.kept = str(_keep(run))
        return outcome


def _record(part: Part, folder: Path) -> Run:
    with recorded(folder, FILESYSTEMS[part.filesystem], part.disks) as recording:
        state = recording.mounts[0] / "state"
        state.mkdir(mode=0o700)
        if part.disks == 2:
            (recording.mounts[1] / "videos").mkdir(mode=0o700)
            (state / "videos").symlink_to("../../disk1/videos")
        _prove(recording)
        start = recording.size()
        promises = asyncio.run(perform(recording, part.plan))
    run = Run(str(folder), part.filesystem, part.disks, start, promises)
    run.save()
    return run


def _prove(recording: Recording) -> None:
    """See that a sync of a file does reach the log as a flush behind its writes, and leave all flushed."""
    recording.sync()
    for number, mount in enumerate(recording.mounts):
        before = recording.size()
        with (mount / "proof").open("wb") as file:
            file.write(bytes(range(256)) * 64)
            file.flush()
            os.fsync(file.fileno())
        log = BlockLog(recording.log.read_bytes())
        told = [record for record in log.records[log.position(before) :] if record.disk == number]
        if not any(record.data for record in told) or told[-1].data is not None:
            raise RuntimeError(f"an fsync on {mount} did not reach the log as writes and then a flush")
        (mount / "proof").unlink()
    recording.sync()


def _examine_all(run: Run, states: Sequence[State], outcome: Outcome, pool: Executor) -> None:
    portions = [states[at : at + _PORTION] for at in range(0, len(states), _PORTION)]
    # btrfs knows a filesystem by its id, and will not mount two images of one at a time.
    alone = run.filesystem == "btrfs"
    futures = [pool.submit(_examine, run.folder, portion) for portion in portions if not alone]
    seen = 0
    for number, portion in enumerate(portions):
        findings = (pool.submit(_examine, run.folder, portion) if alone else futures[number]).result()
        outcome.examined.update(state.kind for state in portion)
        outcome.findings += findings
        if findings and outcome.caught_after is None:
            outcome.caught_after = seen + portion.index(findings[0].state) + 1
        seen += len(portion)
        if findings and outcome.part.until_found:
            for future in futures:
                future.cancel()
            # What has begun reads the run's folder, which goes with this part.
            wait(futures)
            return


@lru_cache(maxsize=1)
def _reader(folder: str) -> Reader:
    return Reader(Run.load(Path(folder)))


def _examine(folder: str, states: Sequence[State]) -> list[Finding]:
    return _reader(folder).examine(states)


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder in memory, if there is such a place: the log is written with every block."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="powercut-", dir=memory if memory.is_dir() else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _keep(run: Run) -> Path:
    kept = Path(tempfile.mkdtemp(prefix="powercut-kept-"))
    for name in ("log", "run.json"):
        shutil.copy(Path(run.folder) / name, kept / name)
    return kept
