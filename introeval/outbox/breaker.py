"""Whether the receiver as a whole is to be left alone for a while. Pure: ``now`` and the jitter are arguments.

The rules:

1. One message that fails says nothing of the others. When ``threshold`` tasks' messages in a row found no receiver
   (``Attempt.receiver_failed``) and none was delivered in between, it is an *outage*.
2. During an outage everything pauses, then a single message tries, whatever its own back-off says; each such try that
   fails makes the pause longer, up to ``longest``. So a receiver that is back is found within that time.
3. A delivery ends the outage: what failed during it is due at once, whatever its own back-off says.
4. An outage that has lasted for ``hopeless`` seconds speaks for messages that were not tried themselves: those that are
   too old are then given up together.
5. A receiver that names a time (``Retry-After``) is left alone for that time: with 429 always, else in an outage.
"""

from dataclasses import dataclass, field

from introeval.outbox.decision import Attempt


@dataclass(slots=True, kw_only=True)
class ReceiverBreaker:
    """``failing``: ids of messages by task, since the last delivery. ``trials``: pauses of this outage.

    ``since``: when the outage began, ``None`` when there is none. Times in seconds.
    """

    threshold: int = 3
    first: float = 5.0
    longest: float = 300.0
    hopeless: float = 3600.0
    failing: dict[str, int] = field(default_factory=dict)
    trials: int = 0
    since: float | None = None
    paused_until: float = 0.0

    @property
    def outage(self) -> bool:
        """Rule 1."""
        return self.since is not None

    def speaks_for_all(self, now: float) -> bool:
        """Rule 4."""
        return self.since is not None and now - self.since >= self.hopeless

    def room(self, now: float, running: int, most: int) -> int:
        """How many messages may set out now, when ``running`` are on their way and ``most`` may be."""
        if now < self.paused_until:
            return 0
        return max(0, (1 if self.outage else most) - running)

    def delivered(self) -> tuple[int, ...]:
        """A message arrived; returns the ids of those that the outage held up (none when there was no outage)."""
        held = tuple(self.failing.values()) if self.outage else ()
        self.failing, self.trials, self.since = {}, 0, None
        return held

    def failed(self, task_id: str, message_id: int, attempt: Attempt, now: float, spread: float) -> bool:
        """A message did not arrive; ``spread``: a random number in [0, 1). Returns whether an outage begins now."""
        if not attempt.receiver_failed:
            return False
        self.failing[task_id] = message_id
        begins = not self.outage and len(self.failing) >= self.threshold
        if begins:
            self.since = now
        # Those that were on their way when the outage began fail during its first pause: they prove nothing new.
        if self.outage and now >= self.paused_until:
            pause = min(self.longest, self.first * 2.0 ** min(self.trials, 16)) * (0.75 + spread / 2)
            self.trials += 1
            self.paused_until = now + pause
        if attempt.retry_after is not None and (self.outage or attempt.status == 429):
            self.paused_until = max(self.paused_until, now + attempt.retry_after)
        return begins
