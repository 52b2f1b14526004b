"""What a run of model calls came to: ``RunMetrics``, a plain value for pages and ``/metrics``. No clock in here.

The rules:

1. A run begins with ``Recorder.begin`` (the executor's ``begin``; one language-model phase, say) and lasts until its
   last outcome: an idle time after it does not make it slower.
2. A call that was kept, or that somebody else asked at the same moment, is a cache hit: it counts as a success, and its
   tokens and its latency are not counted again.
3. Work that waits for a server (``NoServerError``) or was cancelled has not ended, and is not counted.
4. A failed call's tokens are not known here: its error does not carry them.
"""

import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from models.worker import Generation

MOST_LATENCIES = 10_000
"""Per stage; percentiles are of the newest so many calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallMetrics:
    """Calls of one stage, or of all (``stage`` empty).

    ``answered``: calls that a model answered now. ``cached``: see the second rule. ``tokens_in``, ``tokens_out``,
    ``p50``, ``p95``, ``p99`` (seconds, nearest rank): of ``answered`` alone; ``None`` when there are none.
    """

    stage: str
    answered: int
    cached: int
    failed: int
    tokens_in: int
    tokens_out: int
    p50: float | None
    p95: float | None
    p99: float | None

    @property
    def success(self) -> float | None:
        """The share of ended calls that have a reply, 0 to 1; ``None`` before the first has ended."""
        ended = self.answered + self.cached + self.failed
        return (self.answered + self.cached) / ended if ended else None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunMetrics:
    """One run. ``seconds``: from its beginning to its last outcome. ``stages``: by name."""

    seconds: float
    total: CallMetrics
    stages: tuple[CallMetrics, ...]

    @property
    def throughput(self) -> float | None:
        """Calls that a model answered, a second; ``None`` for a run without length."""
        return self.total.answered / self.seconds if self.seconds > 0 else None


@dataclass(slots=True)
class _Tally:
    answered: int = 0
    cached: int = 0
    failed: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    latencies: deque[float] = field(default_factory=lambda: deque(maxlen=MOST_LATENCIES))


class Recorder:
    """Counts the outcomes of the current run."""

    def __init__(self) -> None:
        self._tallies: dict[str, _Tally] = {}
        self._began = self._last = 0.0

    def begin(self, now: float) -> None:
        """A new run: everything is 0 again. ``now``: seconds of a monotonic clock."""
        self._tallies = {}
        self._began = self._last = now

    def succeeded(self, generation: Generation[Any], now: float) -> None:
        """A call has a reply."""
        tally, self._last = self._of(generation.stage), now
        if generation.cached:
            tally.cached += 1
            return
        tally.answered += 1
        tally.tokens_in += generation.tokens_in
        tally.tokens_out += generation.tokens_out
        tally.latencies.append(generation.latency_ms / 1000)

    def failed(self, stage: str, now: float) -> None:
        """A call ended without a reply."""
        self._last = now
        self._of(stage).failed += 1

    def metrics(self) -> RunMetrics:
        """The run so far."""
        stages = tuple(_metrics(stage, [tally]) for stage, tally in sorted(self._tallies.items()))
        total = _metrics("", self._tallies.values())
        return RunMetrics(seconds=self._last - self._began, total=total, stages=stages)

    def _of(self, stage: str) -> _Tally:
        return self._tallies.setdefault(stage, _Tally())


def percentile(sorted_values: Sequence[float], share: float) -> float | None:
    """The nearest-rank percentile: the least value that ``share`` (0 to 1) of the values do not exceed."""
    if not sorted_values:
        return None
    return sorted_values[max(0, math.ceil(share * len(sorted_values)) - 1)]


def _metrics(stage: str, tallies: Iterable[_Tally]) -> CallMetrics:
    parts = list(tallies)
    latencies = sorted(seconds for part in parts for seconds in part.latencies)
    return CallMetrics(
        stage=stage,
        answered=sum(part.answered for part in parts),
        cached=sum(part.cached for part in parts),
        failed=sum(part.failed for part in parts),
        tokens_in=sum(part.tokens_in for part in parts),
        tokens_out=sum(part.tokens_out for part in parts),
        p50=percentile(latencies, 0.50),
        p95=percentile(latencies, 0.95),
        p99=percentile(latencies, 0.99),
    )
