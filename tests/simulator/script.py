"""``Script``: what happens in a session, as plain values made from a seed. Dropping an item leaves a script that plays.

What is left to chance while it plays (which callback is next) comes from the same seed.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from random import Random

from tests.simulator.tables import Disk


class Happens(StrEnum):
    """What one item does, at ``at`` seconds. ``who``: the number of the upload, or of the server."""

    UPLOAD = "upload"  # how: the kind of task; value: its priority
    AGAIN = "again"  # the same upload once more, under its key
    CANCEL = "cancel"
    REGRADE = "regrade"
    KILL = "kill"  # value: that many turns later
    TERM = "term"  # value: seconds to drain
    DOWN = "down"  # a model server, for ``value`` seconds
    CLOCK = "clock"  # the wall clock jumps by ``value`` seconds
    DISK = "disk"  # how: see ``Disk``; value: seconds
    WORK = "work"  # ``who``'s ``nth`` hand-out in stage ``stage``; how: see ``Ends``; value: seconds
    SIDE = "side"  # the ``nth`` hand-over; how: see ``Fails``


class Ends(StrEnum):
    """How a piece of work ends, if not with a result after a few seconds."""

    FAILS = "fails"
    REJECTS = "rejects"
    BUG = "bug"
    NO_SERVER = "no server"
    DISK_FULL = "disk full"
    HANGS = "hangs"  # until it is cancelled
    LATE = "late"  # hangs, takes ``value`` seconds to be cancelled, and then has a result after all
    RUNS_ON = (
        "runs on"  # when cancelled it is let go at once, and the server computes for ``value`` seconds more
    )
    LOST = "lost"  # hangs, and no cancellation ends it


class Fails(StrEnum):
    """What goes wrong in a hand-over."""

    LEAVE = "leave"
    ENTER = "enter"
    LEAVE_HANGS = "leave hangs"
    ENTER_HANGS = "enter hangs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that happens; which fields matter: see ``Happens``."""

    what: Happens
    at: float = 0.0
    who: int = 0
    nth: int = 0
    stage: str = ""
    how: str = ""
    value: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A session. ``caps``: seconds of the phases of STT and the models. ``beats``: whether the loop looks by itself now
    and then; without, a wake-up that is lost is lost for good. ``items``: in order of time."""

    seed: int
    batch_size: int
    age: float
    caps: tuple[float, float]
    stt_slots: int
    servers: int
    server_slots: int
    exclusive: bool
    beats: bool
    items: tuple[Item, ...] = field(default=())

    @property
    def ends(self) -> float:
        """From when on nothing happens any more; a fault that lasts has ended, too."""
        lasting = (Happens.DOWN, Happens.DISK, Happens.TERM)
        return max(
            (item.at + (item.value if item.what in lasting else 0.0) for item in self.items), default=0.0
        )

    @property
    def uploads(self) -> list[int]:
        """The numbers of all uploads."""
        return [item.who for item in self.items if item.what is Happens.UPLOAD]


STT, LLM = "stt", "llm"
EVERY = -1
"""``nth``: each time."""
SPAN = 60.0
"""Seconds within which things happen: some three phases."""


def script_of(seed: int) -> Script:
    """The script of a seed."""
    random = Random(seed)
    count = random.choice((1, 1, 2, 2, 2, 3))
    roll = random.random()
    if roll < 0.015:
        return _busy(seed, random)
    items = list(_uploads(random, count)) if roll < 0.97 else _regraded(random, count)
    watched = random.random() < 0.5
    for _ in range(random.choice((0, 1, 2, 3, 3, 4))):
        items.append(_trouble(random, count, watched))
    jumps = any(item.what is Happens.CLOCK for item in items)
    return Script(
        seed=seed,
        batch_size=random.choice((1, 2, 2, 3)),
        age=random.choice((0.5, 5.0, 20.0)),
        caps=(random.choice((10.0, 40.0, 600.0)), random.choice((10.0, 40.0, 600.0))),
        stt_slots=random.choice((1, 1, 2)),
        servers=random.choice((1, 2, 2)),
        server_slots=random.choice((1, 2)),
        exclusive=random.random() < 0.7,
        beats=watched or jumps,
        items=tuple(sorted(items, key=lambda item: item.at)),
    )


def _moment(random: Random, span: float) -> float:
    """A whole number of seconds, so that often several things happen at one and the same moment, in any order."""
    return float(random.randrange(int(span) + 1))


def _uploads(random: Random, count: int) -> list[Item]:
    together = random.random() < 0.5
    found = []
    for who in range(count):
        at = _moment(random, 2.0 if together else SPAN)
        how = "notebook" if random.random() < 0.2 else "intro_video"
        found.append(Item(what=Happens.UPLOAD, at=at, who=who, how=how, value=float(random.random() < 0.2)))
    return found


def _busy(seed: int, random: Random) -> Script:
    """One kind of work keeps coming, faster than it is done: the other kind must get its turn all the same."""
    other, stream = random.choice((("intro_video", "notebook"), ("notebook", "intro_video")))
    coming = [Item(what=Happens.UPLOAD, at=4.0 * who, who=who, how=stream, value=1.0) for who in range(1, 16)]
    return Script(
        seed=seed,
        batch_size=random.choice((1, 2, 3)),
        age=0.5,
        caps=(10.0, 10.0),
        stt_slots=1,
        servers=1,
        server_slots=1,
        exclusive=True,
        beats=True,
        items=(Item(what=Happens.UPLOAD, at=_moment(random, 30.0), how=other), *coming),
    )


def _regraded(random: Random, count: int) -> list[Item]:
    """Each is graded, graded again more than once, and that fails, hangs or is stopped."""
    found = []
    for who in range(count):
        found.append(Item(what=Happens.UPLOAD, at=_moment(random, 2.0), who=who, how="notebook"))
        for again in range(1, 4):
            at = 45.0 * again + _moment(random, 10.0)
            found.append(Item(what=Happens.REGRADE, at=at, who=who))
            if random.random() < 0.4:
                found.append(Item(what=Happens.CANCEL, at=at + _moment(random, 15.0), who=who))
        for nth in range(1, 6):
            if random.random() < 0.6:
                how = random.choice((Ends.FAILS, Ends.FAILS, Ends.REJECTS, Ends.BUG, Ends.HANGS, Ends.LATE))
                found.append(
                    Item(what=Happens.WORK, who=who, nth=nth, stage=LLM, how=how, value=_moment(random, 12.0))
                )
    return found


def _trouble(random: Random, count: int, watched: bool) -> Item:
    at = _moment(random, SPAN)
    who = random.randrange(count)
    roll = random.random()
    if roll < 0.25:
        return Item(what=Happens.KILL, at=at, value=float(random.randrange(120)))
    if roll < 0.53:
        return _work(random, who, watched)
    if roll < 0.60:
        hows = (*Fails, Fails.LEAVE, Fails.ENTER) if watched else (Fails.LEAVE, Fails.ENTER)
        return Item(what=Happens.SIDE, nth=random.randrange(5), how=random.choice(hows))
    if roll < 0.68:
        how = random.choice([disk for disk in Disk if disk is not Disk.GOOD])
        return Item(what=Happens.DISK, at=at, how=how, value=random.choice((0.5, 5.0, 20.0)))
    if roll < 0.74:
        return Item(what=Happens.DOWN, at=at, who=random.randrange(2), value=random.choice((1.0, 10.0, 40.0)))
    if roll < 0.80:
        return Item(
            what=Happens.CLOCK, at=at, value=random.choice((-3600.0, -5.0, 5.0, 3600.0, 1e6, -1e6, -1e6))
        )
    if roll < 0.84:
        return Item(what=Happens.TERM, at=at, value=random.choice((0.0, 5.0, 30.0)))
    if roll < 0.87:
        return Item(what=Happens.AGAIN, at=at, who=who)
    return Item(what=random.choice((Happens.CANCEL, Happens.CANCEL, Happens.REGRADE)), at=at, who=who)


def _work(random: Random, who: int, watched: bool) -> Item:
    often = (
        Ends.FAILS,
        Ends.FAILS,
        Ends.REJECTS,
        Ends.BUG,
        Ends.NO_SERVER,
        Ends.DISK_FULL,
        Ends.HANGS,
        Ends.LATE,
    )
    how = random.choice((*often, Ends.RUNS_ON, Ends.LOST, Ends.LOST) if watched else often)
    nth = random.choice((0, 0, 1, 2, EVERY))
    if nth == EVERY and how in (Ends.DISK_FULL, Ends.LATE, Ends.RUNS_ON, Ends.LOST):
        nth = 0  # that is no fault that ends
    return Item(
        what=Happens.WORK,
        who=who,
        nth=nth,
        stage=random.choice((STT, LLM)),
        how=how,
        value=random.choice((1.0, 4.0, 12.0, 40.0)),
    )
