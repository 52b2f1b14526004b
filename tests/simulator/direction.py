"""What the sides are told: how each hand-over and each piece of work goes, over all lives of the daemon."""

from collections.abc import Callable
from dataclasses import dataclass, field

from scheduler.ports import Evaluation, Transcription
from scheduler.task import Task
from tests.simulator.loop import VirtualLoop
from tests.simulator.machine import Machine
from tests.simulator.script import EVERY, Fails, Happens, Item, Script
from tests.simulator.tables import ROOT


@dataclass
class Play:
    """What the sides share over all lives of the daemon.

    ``excuse``: called at each fault, with the seconds for which it may hold up all.

    ``answers``: told of a result that comes under a lease that is over.
    """

    script: Script
    loop: VirtualLoop
    machine: Machine
    excuse: Callable[[float], None]
    handed_out: Callable[[Task, str], None]
    up: list[bool] = field(default_factory=list)
    epochs: list[int] = field(default_factory=list)
    hand_outs: dict[tuple[int, str], int] = field(default_factory=dict)
    hand_overs: int = 0
    answers: Callable[[Task], None] = lambda _task: None
    handed: dict[tuple[str, str], Task] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.up = [True] * self.script.servers
        self.epochs = [0] * self.script.servers
        items = self.script.items
        self._work = {(i.who, i.stage, i.nth): i for i in items if i.what is Happens.WORK}
        self._sides = {(i.nth, i.how): i for i in items if i.what is Happens.SIDE}

    def next_work(self, number: int, stage: str) -> tuple[int, Item | None]:
        """Which hand-out of this upload in this stage it is, and what the script says of it."""
        nth = self.hand_outs.get((number, stage), 0)
        self.hand_outs[number, stage] = nth + 1
        return nth, self._work.get((number, stage, nth)) or self._work.get((number, stage, EVERY))

    def again(self, task: Task, seconds: int) -> None:
        """When work is handed out again, whoever had it before is not dead: a little later there is an answer."""
        before = self.handed.get((task.id, task.state.stage))
        self.handed[task.id, task.state.stage] = task
        if before is not None:
            self.loop.lasting(self.loop.now + seconds, self.answers, before)

    def goes_wrong(self, how: Fails) -> bool:
        """Whether this hand-over does so."""
        return (self.hand_overs, how) in self._sides


@dataclass
class Life:
    """What the sides of one process share. ``dead``: it was killed."""

    dead: bool = False


def transcription(task: Task) -> Transcription:
    """A result that says under which lease it was made."""
    return Transcription(
        transcript_path=f"{ROOT}/transcripts/{task.id}.jsonl",
        media_seconds=float(task.lease),
        compute_seconds=1.0,
        segments=1,
        language="en",
        model="simulated",
    )


def evaluation(task: Task) -> Evaluation:
    """A result that says under which lease it was made."""
    return Evaluation(
        score=5.0,
        max_score=10.0,
        report={},
        model="simulated",
        server="one",
        prompt_hash=str(task.lease),
        tokens_in=1,
        tokens_out=1,
        latency_ms=1,
        raw_reply=None,
    )
