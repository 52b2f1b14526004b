"""``Keeper``: the daemon's own keeping: a round at the start, one a day, and one whenever a date comes or changes.

A round that could not do its work (a backup is being made, the disk is full, somebody reads an older state, the backups
cannot be reached) is repeated after ``AGAIN_SECONDS``; what is due stays due, the daemon goes on, and ``trouble`` says
what is wrong. By a clock that has jumped ahead nothing is deleted (``clock_watch``).
"""

import asyncio
import logging
from pathlib import Path

from db.database import Database
from introeval.keeping.clock_watch import ClockWatch
from introeval.keeping.errors import KeepingBusyError
from introeval.keeping.integrity import AT_ONCE_BYTES, require_whole
from introeval.keeping.purge import Expire, Policy, Purger
from introeval.keeping.shelf import Shelf
from introeval.paths import StateLayout
from scheduler.errors import StateError
from scheduler.ports import Clock

log = logging.getLogger(__name__)

DAY_SECONDS = 86400.0
AGAIN_SECONDS = 600.0
SETTLE_SECONDS = 1.0
"""After a wake: a teacher who changes ten dates causes one round."""

NOT_FORGOTTEN = "What is due could not be deleted everywhere: the log and introeval doctor say why."
JUMPED = (
    "The machine's clock has jumped ahead: nothing is deleted by it before it went on evenly for a day. "
    "If it is right, introeval purge says so."
)


class Keeper:
    """Run ``run`` beside the rest; call ``wake`` when a date may have changed."""

    def __init__(self, database: Database, backups: Path, policy: Policy, clock: Clock) -> None:
        self._purger = Purger(database, Shelf(backups), policy)
        self._state = StateLayout(database.root)
        self._clock = clock
        self._changed = asyncio.Event()
        self._watch = ClockWatch(database.root)
        self._trouble: str | None = None

    def trouble(self) -> str | None:
        """A sentence for everybody's page (the log has the reason with its paths); ``None``: nothing is wrong."""
        return self._trouble

    def expire_by(self, expire: Expire) -> None:
        """From now on this forgets uploads in pieces: it asks whoever writes to one to stop first."""
        self._purger.expire = expire

    def wake(self) -> None:
        """Dates may have changed."""
        self._changed.set()

    async def run(self) -> None:
        """Keep until cancelled. Raises ``DamagedStateError``: the daemon must not go on."""
        await self._look_at_large()
        while True:
            self._changed.clear()
            pause = await self._round()
            if await self._clock.wait(self._changed, pause):
                await self._clock.wait(asyncio.Event(), SETTLE_SECONDS)

    async def _look_at_large(self) -> None:
        """What the start had no time for."""
        try:
            large = self._state.database.stat().st_size > AT_ONCE_BYTES
        except OSError as error:
            log.warning("the database cannot be looked at", exc_info=error)
            return
        if large:
            await asyncio.to_thread(require_whole, self._state, at_once=None)

    async def _round(self) -> float:
        """One of them; returns how long to wait for the next one."""
        now = self._clock.now()
        try:
            newest = await self._purger.keeping.newest()
            doubt = await asyncio.to_thread(self._watch.doubt, now, self._clock.monotonic(), newest)
            self._tell(JUMPED if doubt else None)
            done = await (self._purger.go_on(now) if doubt else self._purger.round(now))
            next_date = await self._purger.keeping.next_date(now)
        except KeepingBusyError:
            return AGAIN_SECONDS
        except StateError as error:
            log.warning("what is due could not be forgotten; it is tried again", exc_info=error)
            self._trouble = NOT_FORGOTTEN
            return AGAIN_SECONDS
        if doubt:
            return min(DAY_SECONDS, max(SETTLE_SECONDS, doubt))
        if done.submissions or done.replies:
            log.info("forgotten, as retention says", extra={"count": done.submissions})
        return DAY_SECONDS if next_date is None else min(DAY_SECONDS, max(SETTLE_SECONDS, next_date - now))

    def _tell(self, trouble: str | None) -> None:
        if trouble == JUMPED != self._trouble:
            log.warning(
                "the clock has jumped ahead; nothing is deleted by it before it went on evenly for a day"
            )
        self._trouble = trouble
