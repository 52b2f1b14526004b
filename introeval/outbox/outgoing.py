"""``Outgoing``: the outbox as one part of the daemon: the dispatcher, if there is a receiver, and what is deleted.

The rules:

1. With a receiver, what was delivered or given up is deleted after ``webhook.keep_seconds``.
2. Without one nothing is sent, and a message that nobody wanted is deleted after ``webhook.max_age_seconds``: a
   receiver that is set up later hears of the results since then.
"""

import asyncio
import logging
from random import Random

from db.database import Database
from db.outbox import Outbox
from introeval.outbox.decision import Patience
from introeval.outbox.dispatcher import Dispatcher
from introeval.outbox.receiver import receiver_of
from introeval.outbox.sender import Sender
from introeval.sections import WebhookSettings
from scheduler.errors import StateError
from scheduler.ports import Clock
from scheduler.snapshot import OutboxStatus

log = logging.getLogger(__name__)

SWEEP_SECONDS = 6 * 3600.0


class Outgoing:
    """Raises ``ConfigurationError`` for settings that cannot be used. Run ``run`` beside the rest."""

    def __init__(
        self, settings: WebhookSettings, database: Database, clock: Clock, random: Random | None = None
    ) -> None:
        self._settings = settings
        self._outbox = Outbox(database)
        self._clock = clock
        self._dispatcher: Dispatcher | None = None
        receiver = receiver_of(settings)
        if receiver is not None:
            self._dispatcher = Dispatcher(
                self._outbox,
                Sender(receiver, clock),
                clock,
                random or Random(),
                patience=Patience(max_age=settings.max_age_seconds),
            )
            database.on_commit(self._dispatcher.wake)

    async def run(self) -> None:
        """Send and sweep until cancelled."""
        async with asyncio.TaskGroup() as parts:
            parts.create_task(self._sweep(), name="outbox-sweep")
            if self._dispatcher is not None:
                parts.create_task(self._dispatcher.run(), name="outbox-dispatcher")

    async def status(self, now: float) -> OutboxStatus | None:
        """What waits and what was given up; ``None`` without a receiver."""
        return None if self._dispatcher is None else await self._outbox.status(now)

    async def _sweep(self) -> None:
        while True:
            now = self._clock.now()
            unwanted = now - self._settings.max_age_seconds if self._dispatcher is None else None
            try:
                await self._outbox.purge(now - self._settings.keep_seconds, unwanted)
            except StateError as error:
                log.warning("the outbox cannot be swept", exc_info=error)
            await self._clock.wait(asyncio.Event(), SWEEP_SECONDS)
