"""``ClockWatch``: whether the machine's clock can be believed, before anything is deleted for good because of it.

A machine whose clock battery died, or that took a wrong time from the network, may wake up in 2036: by that date every
submission is due, in the state and in its backups. The rules:

1. ``keeping.time`` in the state folder holds the wall time of the last round that was believed. Without it the newest
   row's time counts. A clock that is at most ``SLACK_SECONDS`` beyond that and the time that the process ran since is
   believed: the machine may have been off over a weekend.
2. One that is further ahead is believed only after the process ran for ``PROOF_SECONDS`` with it. Somebody who knows
   better says so with ``introeval purge``, which writes the time down at once.
3. One that is behind deletes nothing too early, so it is let be; but what it says is written down only after the same
   proof, so that a start in 1970 does not cost a day.
"""

from dataclasses import dataclass
from pathlib import Path

from introeval.keeping.files import write_whole
from scheduler.errors import StateError

NAME = "keeping.time"
SLACK_SECONDS = 2 * 86400.0
PROOF_SECONDS = 86400.0


@dataclass(frozen=True, slots=True)
class Moment:
    """``wall``: seconds since the epoch, UTC. ``run``: of the monotonic clock at the same time."""

    wall: float
    run: float

    def ahead(self, now: "Moment") -> float:
        """By how many seconds the wall clock went ahead of the monotonic one since then."""
        return (now.wall - self.wall) - (now.run - self.run)


class ClockWatch:
    """Of one state folder. Raises ``StateError`` when the file cannot be read or written."""

    def __init__(self, root: Path) -> None:
        self._path = root / NAME
        self._known: Moment | None = None
        self._doubted: Moment | None = None

    def doubt(self, wall: float, run: float, newest: float | None) -> float:
        """For how many seconds more nothing may be deleted by this clock; 0: it is believed, and written down.

        ``newest``: the time of the newest row, ``None``: there are no rows, so there is nothing to lose.
        """
        now = Moment(wall, run)
        written = last_round(self._path.parent)
        # Another process may have written: whoever purged by hand.
        if self._known is None or (written is not None and written != self._known.wall):
            last = newest if written is None else written
            self._known = now if last is None else Moment(last, run)
        ahead = self._known.ahead(now)
        if abs(ahead) <= SLACK_SECONDS or self._proven(now):
            self._doubted = None
            self._known = now
            self.believe(wall)
            return 0.0
        begun = run if self._doubted is None else self._doubted.run
        return 0.0 if ahead < 0 else begun + PROOF_SECONDS - run

    def believe(self, wall: float) -> None:
        """Write this time down as a right one."""
        try:
            write_whole(self._path, f"{wall!r}\n")
        except OSError as error:
            raise StateError(f"{self._path} cannot be written: {error.strerror}.") from error

    def _proven(self, now: Moment) -> bool:
        """Whether this clock, as wrong as it looks, went on evenly for long enough."""
        if self._doubted is None or abs(self._doubted.ahead(now)) > SLACK_SECONDS:
            self._doubted = now
        return now.run - self._doubted.run >= PROOF_SECONDS


def last_round(root: Path) -> float | None:
    """The wall time of the last round that was believed; ``None``: it is not known. Raises ``StateError``."""
    path = root / NAME
    try:
        return float(path.read_text(encoding="ascii"))
    except (FileNotFoundError, ValueError):
        return None
    except OSError as error:
        raise StateError(f"{path} cannot be read: {error.strerror}.") from error
