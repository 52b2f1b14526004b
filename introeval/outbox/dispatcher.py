"""``Dispatcher``: sends what is due, and marks what became of it.

The rules:

1. At least once: a message is marked after the answer, in a transaction of its own. A crash before that sends it again
   under the same id.
2. In order per task: one message of a task at a time, the next one when the first has left. Tasks do not wait for one
   another.
3. At most ``most`` messages are on their way; the breaker may allow fewer.
4. What was sent is never sent again because the tables could not be written: marking is repeated until it works.
5. A start makes everything due at once: whoever corrected a setting sees what came of it. So does a clock that was set
   back: what is due by the old one could wait for years.
"""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from random import Random

from db.outbox import Message, Outbox
from introeval.outbox.breaker import ReceiverBreaker
from introeval.outbox.decision import Attempt, Fate, Patience, decide
from introeval.outbox.sender import Sender
from scheduler.errors import StateError
from scheduler.ports import Clock

log = logging.getLogger(__name__)

MOST_UNDER_WAY = 4
ERROR_PAUSE_SECONDS = 5.0


class Dispatcher:
    """Run ``run`` beside the rest; call ``wake`` after each commit. ``random``: for the jitter."""

    def __init__(
        self,
        outbox: Outbox,
        sender: Sender,
        clock: Clock,
        random: Random,
        *,
        patience: Patience | None = None,
        breaker: ReceiverBreaker | None = None,
        most: int = MOST_UNDER_WAY,
    ) -> None:
        self._outbox = outbox
        self._sender = sender
        self._clock = clock
        self._random = random
        self._patience = patience or Patience()
        self._breaker = breaker or ReceiverBreaker()
        self._most = most
        self._under_way: set[str] = set()
        self._latest = -math.inf
        self._changed = asyncio.Event()

    def wake(self) -> None:
        """Something may be due."""
        self._changed.set()

    async def run(self) -> None:
        """Send until cancelled; what is on its way then is sent again after the next start."""
        await self._hurry_all()
        async with self._sender, asyncio.TaskGroup() as deliveries:
            while True:
                self._changed.clear()
                if self._clock.now() < self._latest:
                    await self._hurry_all()
                self._latest = self._clock.now()
                try:
                    due_at = await self._round(deliveries)
                except StateError as error:
                    log.warning("the outbox cannot be read", exc_info=error)
                    due_at = self._clock.now() + ERROR_PAUSE_SECONDS
                pause = None if due_at is None else max(0.0, due_at - self._clock.now())
                await self._clock.wait(self._changed, pause)

    async def _hurry_all(self) -> None:
        now = self._clock.now()
        self._breaker.paused_until = min(self._breaker.paused_until, now)
        await self._mark(lambda: self._outbox.hurry(now))

    async def _round(self, deliveries: asyncio.TaskGroup) -> float | None:
        """Send off what may go now; returns when to look again, ``None``: when something changes."""
        # Taken before the read: who comes back during it has left a row behind that the read may not have seen.
        now, busy = self._clock.now(), frozenset(self._under_way)
        if now < self._breaker.paused_until:
            return self._breaker.paused_until
        # In an outage the breaker's pauses count, not the messages' own, which may have grown to hours.
        until = math.inf if self._breaker.outage else now
        due = await self._outbox.due(until, self._most + len(busy))
        next_due = await self._outbox.next_due(now)
        room = self._breaker.room(now, len(self._under_way), self._most)
        for message in [each for each in due if each.task_id not in busy][:room]:
            self._under_way.add(message.task_id)
            deliveries.create_task(self._deliver(message), name=f"webhook-{message.id}")
        return self._breaker.paused_until if now < self._breaker.paused_until else next_due

    async def _deliver(self, message: Message) -> None:
        attempt = await self._sender.send(message)
        try:
            await self._settle(message, attempt)
        finally:
            self._under_way.discard(message.task_id)
            self._changed.set()

    async def _settle(self, message: Message, attempt: Attempt) -> None:
        outbox, now, age = self._outbox, self._clock.now(), self._patience.max_age
        decision = decide(
            attempt, message.attempts, message.created_at, now, self._patience, self._random.random()
        )
        if decision.fate is Fate.DELIVERED:
            held = self._breaker.delivered()
            await self._mark(lambda: outbox.delivered(message, now))
            if held:
                log.info("the receiver of results is back", extra={"count": len(held)})
                await self._mark(lambda: outbox.hurry(now, held))
            return
        facts = {"task_id": message.task_id, "status": attempt.status, "retry_count": message.attempts}
        if self._breaker.failed(message.task_id, message.id, attempt, now, self._random.random()):
            log.warning("the receiver of results fails; a pause", extra={"status": attempt.status})
        if decision.fate is Fate.RETRY:
            log.info("a result was not delivered and is tried again", extra=facts)
            await self._mark(lambda: outbox.retry(message, decision.error, decision.next_at))
        else:
            log.warning("a result was not delivered and is given up", extra=facts)
            await self._mark(lambda: outbox.give_up(message, decision.error, now))
        if attempt.receiver_failed and self._breaker.speaks_for_all(now):
            await self._mark(lambda: outbox.expire(now - age, attempt.reason, now))

    async def _mark(self, write: Callable[[], Awaitable[object]]) -> None:
        """Rule 4."""
        while True:
            try:
                await write()
            except StateError as error:
                log.warning("the outbox cannot be written", exc_info=error)
                await self._clock.wait(asyncio.Event(), ERROR_PAUSE_SECONDS)
            else:
                return
