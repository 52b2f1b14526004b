"""``Pace``: whether a body comes fast enough. No clock and no I/O: it is told for how long somebody waited for it.

The rules:

1. Only the time counts that was spent waiting for the client: our own disk may be as slow as it likes.
2. Each minute of waiting must have brought ``least_rate`` bytes a second. A byte every few seconds keeps an idle timer
   content for ever; this it does not.
"""

WINDOW = 60.0
"""Seconds of waiting after which a body is judged, again and again."""


class Pace:
    """One body's. ``least_rate``: bytes a second; 0: any pace is fast enough."""

    def __init__(self, least_rate: float, window: float = WINDOW) -> None:
        self._least = least_rate * window
        self._window = window
        self._waited = 0.0
        self._began_at = 0

    def too_slow(self, seconds: float, received: int) -> bool:
        """So many more seconds were waited; ``received``: bytes of the whole body so far."""
        self._waited += seconds
        if self._waited < self._window:
            return False
        came = received - self._began_at
        self._waited, self._began_at = 0.0, received
        return came < self._least
