"""Broken recordings by the number, through the product's own probe and extraction, each in its own confined children.

One process per step and file, as in production: a child that served many files would be a weaker boundary than the one
that is tested. What is a fault: an answer that is none of the refusals, a wait that the clocks had to end, another
student's bytes in the output.
"""

import asyncio
import shutil
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from stt.limits import MediaLimits
from tests.hostile.judge import Verdict, judge
from tests.hostile.mutations import mutant
from tests.hostile.traps import holds_canary, plant

ANSWERS = frozenset({"ok", "not_a_video", "no_audio_track", "corrupt_media", "too_long", "empty_file"})
AT_ONCE = 2
HANG = MediaLimits().probe_timeout


@dataclass
class Report:
    """``outcomes``: how many files had each. ``faults``: by number, what was wrong. ``slowest``: seconds and number."""

    outcomes: Counter[str] = field(default_factory=Counter)
    faults: dict[int, str] = field(default_factory=dict)
    slowest: tuple[float, int] = (0.0, 0)

    @property
    def done(self) -> int:
        return self.outcomes.total()

    def __str__(self) -> str:
        counts = ", ".join(f"{code} {count}" for code, count in self.outcomes.most_common())
        wall, seed = self.slowest
        return f"{self.done} files: {counts}; slowest {wall:.1f} s (seed {seed}); {len(self.faults)} faults"


async def try_seed(seed: int, good: list[bytes], folder: Path) -> tuple[Verdict, str]:
    """The verdict about the file of this number, and what was wrong with it (nothing: ``""``)."""
    room = folder / f"recording {seed}"
    try:
        file = await asyncio.to_thread(lay_out, room, mutant(seed, good))
        verdict = await judge(file, room / "out")
        return verdict, await asyncio.to_thread(fault_of, verdict, room / "out")
    finally:
        await asyncio.to_thread(shutil.rmtree, room)


def lay_out(room: Path, data: bytes) -> Path:
    """The file as the judge wants it, with a canary beside it."""
    (room / "in").mkdir(parents=True)
    (room / "out").mkdir()
    plant(room / "in" / ".other-student.wav")
    file = room / "in" / "talk.mp4"
    file.write_bytes(data)
    return file


def fault_of(verdict: Verdict, out: Path) -> str:
    """What is wrong with this answer, or with what it left; nothing: ``""``."""
    if verdict.code not in ANSWERS:
        return f"{verdict.code}: {verdict.message}"
    if verdict.wall > HANG:
        return f"it took {verdict.wall:.0f} s"
    if any(holds_canary(path.read_bytes()) for path in out.iterdir()):
        return "another student's bytes are in the output"
    left = [path.name for path in out.iterdir()]
    return "" if left in ([], ["a.wav"]) else f"it left {left}"


async def fuzz(seeds: Iterable[int], good: list[bytes], folder: Path, *, progress: int = 0) -> Report:
    """Try all seeds. ``progress``: say where it stands every so many files; 0: never."""
    report, waiting = Report(), iter(seeds)

    async def work() -> None:
        for seed in waiting:
            verdict, fault = await try_seed(seed, good, folder)
            report.outcomes[verdict.code] += 1
            report.slowest = max(report.slowest, (verdict.wall, seed))
            if fault:
                report.faults[seed] = fault
                print(f"seed {seed}: {fault}", flush=True)
            if progress and report.done % progress == 0:
                print(report, flush=True)

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return report
