"""``kill -9`` at each system call that touches state, in one full life; then the next daemon lives it to its end.

First one life is watched without a kill: so many state calls it has. Then, for each number, a new life on a new folder
is killed before the call of that number. Lives differ a little (threads), so the kinds of calls at which a kill really
happened are counted, and compared with those of the watched life.
"""

import asyncio
import random
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.crash.lab import Nursery, lab
from tests.crash.life import Ledger, Life
from tests.crash.verdict import faults
from tests.crash.watch import Call, kill_at

SIZES = (3_000, 1_500_000, 300_000)
"""Bytes of the files: one is written at once, one in blocks, one is handed in by pieces."""
RECOVERY = 60
"""State calls of a start after a crash, about."""
LIFE_SECONDS = 60
"""A life takes about a second. Longer than this it stands still, and that is a failure."""


@dataclass
class Outcome:
    """``killed``: the (last) call at which each life was killed. ``missed``: numbers that a life did not reach."""

    killed: list[Call] = field(default_factory=list)
    missed: list[int] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    @property
    def kinds(self) -> Counter[str]:
        """How often each kind of call was the last one."""
        return Counter(call.kind for call in self.killed)


def files(seed: int) -> Ledger:
    """What is handed in during a life."""
    ledger = Ledger()
    for size in SIZES:
        ledger.add(seed, size, pieces=size == SIZES[-1])
    return ledger


async def calls_of_a_life(nursery: Nursery, root: Path, seed: int) -> list[Call]:
    """The state calls of one life without a kill. Raises ``AssertionError`` when that life is not a good one."""
    async with lab(nursery, root) as made:
        ledger = files(seed)
        await Life(made, ledger).live(lambda call: None)
        assert (found := faults(made, ledger, crashes=0)) == [], found
        assert made.watcher is not None
        return made.watcher.calls


async def kill(nursery: Nursery, root: Path, seed: int, numbers: Sequence[int], outcome: Outcome) -> None:
    """One life that is killed at the first of these state calls; its further starts at the others."""
    async with lab(nursery, root) as made:
        ledger = files(seed)
        life = Life(made, ledger)
        try:
            async with asyncio.timeout(LIFE_SECONDS):
                await life.live(*(kill_at(number) for number in numbers))
            found = faults(made, ledger, crashes=len(numbers))
        except Exception as error:  # reported with its number; the others go on
            found = [f"{type(error).__name__}: {error}"]
        last = life.killed[-1] if len(life.killed) == len(numbers) else None
        if last is None:
            outcome.missed.append(numbers[-1])
        else:
            outcome.killed.append(last)
        kinds = ", ".join(call.kind for call in life.killed) or "not reached"
        outcome.failures += [f"point {numbers} ({kinds}): {fault}" for fault in found]
    if not found:
        shutil.rmtree(root)


async def kill_at_each(
    nursery: Nursery, root: Path, seed: int, numbers: Sequence[int], jobs: int = 1
) -> Outcome:
    """One life for each of ``numbers``, ``jobs`` at once."""
    return await _kill_all(nursery, root, seed, [(number,) for number in numbers], jobs)


async def kill_twice(
    nursery: Nursery, root: Path, seed: int, lives: int, calls: int, jobs: int = 1
) -> Outcome:
    """Lives that are killed at a random one of ``calls``, and then at a random call of the recovery."""
    draw = random.Random(seed)
    pairs = [(draw.randint(1, calls), draw.randint(1, RECOVERY)) for _ in range(lives)]
    return await _kill_all(nursery, root, seed, pairs, jobs)


async def _kill_all(
    nursery: Nursery, root: Path, seed: int, lives: Sequence[Sequence[int]], jobs: int
) -> Outcome:
    outcome = Outcome()
    left = iter(enumerate(lives))

    async def work() -> None:
        for at, numbers in left:
            await kill(nursery, root / f"life-{at}", seed, numbers, outcome)
            if at % 50 == 49:
                print(f"  {at + 1} lives, {len(outcome.failures)} failures", flush=True)

    async with asyncio.TaskGroup() as group:
        for _ in range(jobs):
            group.create_task(work())
    return outcome


def sample(count: int, every: int, seed: int) -> list[int]:
    """Every ``every``-th number of 1 to ``count``, from an offset that the seed gives."""
    return list(range(1 + random.Random(seed).randrange(every), count + 1, every))
