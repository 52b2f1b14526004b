"""How far a run is: all submissions of an assignment together, against its pass threshold. Pure.

==============  =======================================================================
``waiting``     nothing was handed in yet
``running``     something has not ended
``complete``    all has ended, and the share that was graded reaches the threshold
``incomplete``  all has ended, and it does not
==============  =======================================================================

A submission whose last regrade ended without a grade keeps its earlier one. Where the regrade failed, it is graded, but
not as it was asked for last: the share does not count it. Where somebody stopped the regrade, the earlier grade is what
was asked for last, and it counts: else a regrade that was a mistake would leave the run incomplete for good.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

REASONS = 3
REASON_CHARACTERS = 160


class RunState(StrEnum):
    """See the module's table."""

    WAITING = "waiting"
    RUNNING = "running"
    COMPLETE = "complete"
    INCOMPLETE = "incomplete"


class Reason(Protocol):
    """Why some submissions ended without a (new) grade."""

    @property
    def message(self) -> str: ...

    @property
    def tasks(self) -> int: ...


class Counts(Protocol):
    """How many submissions there are, and how they ended. ``provisional``: graded, and a person must confirm it.

    ``kept``: graded, but the last regrade ended without a grade, for ``kept_reasons``; ``stopped``: of these, those
    whose regrade somebody stopped."""

    @property
    def submitted(self) -> int: ...

    @property
    def graded(self) -> int: ...

    @property
    def failed(self) -> int: ...

    @property
    def provisional(self) -> int: ...

    @property
    def reasons(self) -> Sequence[Reason]: ...

    @property
    def kept(self) -> int: ...

    @property
    def stopped(self) -> int: ...

    @property
    def kept_reasons(self) -> Sequence[Reason]: ...


@dataclass(frozen=True, slots=True)
class Run:
    """``share``: graded as last asked, of submitted; ``None`` before there is any. ``detail``: one sentence."""

    state: RunState
    share: float | None
    detail: str


def run_of(counts: Counts, threshold: float) -> Run:
    """``threshold``: the share of submissions that must be graded, 0 to 1."""
    if not counts.submitted:
        return Run(RunState.WAITING, None, "waiting: nothing was handed in yet.")
    missed = counts.kept - counts.stopped
    asked = counts.graded - missed
    share = asked / counts.submitted
    left = counts.submitted - counts.graded - counts.failed
    state = RunState.RUNNING
    if not left:
        state = RunState.COMPLETE if share >= threshold else RunState.INCOMPLETE
    of_them = f" ({asked} of them as last asked)" if missed else ""
    parts = [f"{state}: {counts.graded} of {counts.submitted} graded{of_them}, {percent(threshold)} needed"]
    parts += [f"{left} to go"] if left else []
    parts += [f"{counts.failed} failed{_why(counts.reasons)}"] if counts.failed else []
    parts += [f"{counts.kept} kept an earlier grade{_why(counts.kept_reasons)}"] if counts.kept else []
    detail = "; ".join(parts).rstrip(".") + "."
    if counts.provisional:
        detail += f" {_provisional(counts.provisional)}"
    return Run(state, share, detail)


def percent(share: float) -> str:
    """A share as people write it."""
    return f"{100 * share:.3g} %"


def _provisional(grades: int) -> str:
    if grades == 1:
        return "1 grade is provisional: a teacher must confirm it."
    return f"{grades} grades are provisional: a teacher must confirm them."


def _why(reasons: Sequence[Reason]) -> str:
    told = [f"{reason.tasks} x {_short(reason.message)}" for reason in reasons[:REASONS]]
    rest = sum(reason.tasks for reason in reasons[REASONS:])
    told += [f"{rest} for other reasons"] if rest else []
    return ": " + "; ".join(told) if told else ""


def _short(message: str) -> str:
    line = " ".join(message.split()).rstrip(".")
    return line if len(line) <= REASON_CHARACTERS else line[: REASON_CHARACTERS - 1] + "…"
