"""The machine that two kinds of work cannot share, from outside the scheduler: what really runs, and what is loaded.

It knows nothing of the lock. It lives on when the daemon is killed: the speech child dies with its parent, a model
server does not, and a request that nobody waits for any more runs on there for a while.
"""

from dataclasses import dataclass, field

from tests.simulator.loop import VirtualLoop
from tests.simulator.script import LLM, STT

DURATIONS = {STT: 8.0, LLM: 12.0}
"""The longest piece of honest work of each side, in seconds."""
RUN_ON = 3.0
"""Seconds that a model server goes on with what a dead daemon asked."""


@dataclass
class Machine:
    """``working``: pieces of work that really run, by side. ``wrong``: breaches of the exclusion that were seen."""

    loop: VirtualLoop
    exclusive: bool
    working: dict[str, int] = field(default_factory=lambda: {STT: 0, LLM: 0})
    loaded: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)

    def begin(self, side: str) -> None:
        """A piece of work begins."""
        other = LLM if side == STT else STT
        self.working[side] += 1
        if self.working[other]:
            self.wrong.append(f"{side} work begins while {other} work runs")
        if side not in self.loaded:
            self.wrong.append(f"{side} work begins and its model is not loaded")

    def end(self, side: str) -> None:
        """It ends."""
        self.working[side] -= 1

    def load(self, side: str) -> None:
        """Weights come into memory."""
        other = LLM if side == STT else STT
        self.loaded.add(side)
        if self.exclusive and other in self.loaded:
            self.wrong.append(f"{side} is loaded while {other} is in memory")
        if self.working[other]:
            self.wrong.append(f"{side} is loaded while {other} work runs")

    def unload(self, side: str) -> None:
        """They leave it."""
        self.loaded.discard(side)

    def orphaned(self) -> None:
        """The daemon was killed."""
        self.working[STT] = 0
        self.unload(STT)


def spread(*numbers: int) -> float:
    """A number from 0 to 1 that hangs on these and on nothing else, so that dropping an item changes no other's."""
    mixed = 0x9E3779B9
    for number in numbers:
        mixed = ((mixed ^ (number + 0x7F4A7C15)) * 0x85EBCA6B) & 0xFFFFFFFF
        mixed ^= mixed >> 13
    mixed = (mixed * 0xC2B2AE35) & 0xFFFFFFFF
    return (mixed ^ (mixed >> 16)) / 2**32
