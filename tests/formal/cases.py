"""What is checked of ``docs/models``: the protocol at several sizes, and each mistake that spin must find.

A mistake is one ``-DBUG_...`` of the model. ``found``: the words of spin's complaint that name the broken claim.
"""

from dataclasses import dataclass, field

from tests.formal.spin import LIVENESS, SAFETY, Mode

STUCK = "invalid end state"
STARVED = "acceptance cycle"
BOTH_IN_MEMORY = "whisper&&loaded"
ENDED_IS_ENDED = "st[t]=="

Sizes = dict[str, int | None]
FOREVER: Sizes = {"ENDLESS": None, "RECYCLE": None}
ALONE: Sizes = {"N": 2, "FAULTS": 0, **FOREVER}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The protocol at one size. ``sizes``: see the head of ``phase.pml``. ``least``: states that it has at least."""

    name: str
    mode: Mode
    sizes: Sizes
    least: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One mutation of the model."""

    name: str
    what: str
    found: str
    mode: Mode = SAFETY
    sizes: Sizes = field(default_factory=lambda: {"N": 2})


SMALL = (
    Case(
        name="two tasks, one fault", mode=SAFETY, sizes={"N": 2, "FAULTS": 1, "REFUSALS": None}, least=300_000
    ),
    Case(name="two tasks, a cancel", mode=SAFETY, sizes={"N": 2, "FAULTS": 0, "PEOPLE": 1}, least=50_000),
    Case(name="endless arrivals", mode=LIVENESS, sizes=ALONE, least=50_000),
)
FULL = (
    Case(name="three tasks, one server, one fault", mode=SAFETY, sizes={"N": 3, "FAULTS": 1}),
    Case(
        name="three tasks, two servers, one fault",
        mode=SAFETY,
        sizes={"N": 3, "K": 2, "FAULTS": 1},
        least=10_000_000,
    ),
    Case(name="two tasks, two faults, two people", mode=SAFETY, sizes={"N": 2, "FAULTS": 2, "PEOPLE": 2}),
    Case(name="two tasks, two servers, two faults", mode=SAFETY, sizes={"N": 2, "K": 2, "FAULTS": 2}),
    Case(name="endless arrivals, one fault", mode=LIVENESS, sizes=ALONE | {"FAULTS": 1}),
    Case(
        name="endless arrivals, one fault, a cancel",
        mode=LIVENESS,
        sizes=ALONE | {"FAULTS": 1, "PEOPLE": 1},
    ),
    Case(name="endless arrivals, three tasks", mode=LIVENESS, sizes=ALONE | {"N": 3}),
)
MISTAKES = (
    Mistake(name="UNVERIFIED", what="the leave is not verified", found=BOTH_IN_MEMORY),
    Mistake(name="CLEARS_LATE", what="the wake-up flag is cleared after the tables were read", found=STUCK),
    Mistake(
        name="FORGETS_SWITCHING",
        what="recovery takes a hand-over that a crash cut for done",
        found=BOTH_IN_MEMORY,
    ),
    Mistake(name="FORGETS_HELD", what="recovery does not release what the dead process held", found=STUCK),
    Mistake(
        name="NO_SWAP",
        what="an outcome is written without a compare-and-swap",
        found=ENDED_IS_ENDED,
        sizes={"N": 2, "PEOPLE": 1},
    ),
    Mistake(name="NO_BARRIER", what="a batch is evaluated before its STT is done", found="batch[first]"),
    Mistake(name="IGNORES_WORK", what="the hand-over begins while work is running", found="held==0"),
    Mistake(
        name="TRUSTS_ROWS",
        what="the hand-over begins while cancelled work is still stopping (as it was)",
        found="held==0",
        sizes={"N": 2, "PEOPLE": 1},
    ),
    Mistake(
        name="HANDS_OUT_TWICE",
        what="a task is handed out while its last work is still in hand (as it was)",
        found="job[first]==",
        sizes={"N": 1, "K": 2, "PEOPLE": 2},
    ),
    Mistake(name="NO_WAKE_AT_END", what="nobody is told that a piece of work has ended", found=STUCK),
    Mistake(
        name="LOADS_ANYTIME", what="a server that comes back is loaded in any phase", found=BOTH_IN_MEMORY
    ),
    Mistake(
        name="ENDLESS_RETRIES",
        what="a retry is not counted",
        found=STARVED,
        mode=LIVENESS,
        sizes=ALONE,
    ),
    Mistake(
        name="SUSPECTS_WAIT",
        what="a retry waits for all that has not failed, also of later batches (as it was)",
        found=STARVED,
        mode=LIVENESS,
        sizes=ALONE,
    ),
    Mistake(
        name="ANY_TURN",
        what="homework that comes in at a hand-over takes the waiting batch's turn (as it was)",
        found=STARVED,
        mode=LIVENESS,
        sizes=ALONE,
    ),
)
