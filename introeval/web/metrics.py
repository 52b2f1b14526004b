"""``/metrics``: the tables, the snapshot and this process, in Prometheus' text format.

What is counted over time (grades, retries, seconds) is folded from the events table, from where the last scrape left
off; so it is true after a restart, and a scrape reads only what is new. Gauges come from the snapshot. Only requests
and refusals are this process's own.
"""

from collections import Counter as Tally
from collections.abc import Iterator
from itertools import accumulate

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from db.views import CallTotals, Event, Views
from introeval.web.places import Places
from introeval.web.server_metrics import server_gauges
from scheduler.snapshot import StatusSnapshot
from scheduler.task import Phase, Stage

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

LATENCY_BUCKETS = (1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0)
SWITCHOVER_BUCKETS = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 80.0)
BATCH_BUCKETS = (1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 60.0)


class Buckets:
    """A histogram that is filled from the log."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = (*bounds, float("inf"))
        self._counts = [0] * len(self._bounds)
        self._sum = 0.0

    def add(self, value: float) -> None:
        """Count a value."""
        self._sum += value
        self._counts[next(index for index, bound in enumerate(self._bounds) if value <= bound)] += 1

    def family(self, name: str, text: str) -> HistogramMetricFamily:
        """As Prometheus wants it: cumulative."""
        names = [*(str(bound) for bound in self._bounds[:-1]), "+Inf"]
        buckets = list(zip(names, (float(count) for count in accumulate(self._counts)), strict=True))
        return HistogramMetricFamily(name, text, buckets=buckets, sum_value=self._sum)


class EventTotals:
    """The events table, folded."""

    def __init__(self) -> None:
        self.last = 0
        self.kinds: Tally[tuple[str, str]] = Tally()
        self.numbers: Tally[str] = Tally()
        self.graded: Tally[str] = Tally()
        self.latency = Buckets(LATENCY_BUCKETS)
        self.switchover = Buckets(SWITCHOVER_BUCKETS)
        self.batch_size = Buckets(BATCH_BUCKETS)
        self._switching_since: float | None = None

    async def catch_up(self, views: Views) -> None:
        """Fold what is new."""
        while events := await views.events_after(self.last, 1000):
            for event in events:
                # Two scrapes may read the same rows; each row counts once.
                if event.id > self.last:
                    self._fold(event)
                    self.last = event.id

    def _fold(self, event: Event) -> None:
        detail = event.detail or {}
        self.kinds[event.kind, (event.source or "").split("/")[0]] += 1
        for name in ("media_seconds", "compute_seconds", "tokens_in", "tokens_out"):
            self.numbers[name] += detail.get(name) or 0
        if event.kind == "evaluated":
            self.graded[str(detail.get("server") or "none")] += 1
            if detail.get("server"):
                self.latency.add((detail.get("latency_ms") or 0) / 1000)
        elif event.kind == "batch_closed":
            self.batch_size.add(detail.get("size") or 0)
        elif event.kind == "phase":
            self._fold_phase(event)

    def _fold_phase(self, event: Event) -> None:
        if event.target != Phase.SWITCHING and self._switching_since is not None:
            self.switchover.add(max(0.0, event.at - self._switching_since))
            self._switching_since = None
        elif event.target == Phase.SWITCHING and self._switching_since is None:
            self._switching_since = event.at


class _DaemonCollector(Collector):
    def __init__(self) -> None:
        self.totals = EventTotals()
        self.snapshot: StatusSnapshot | None = None
        self.calls: list[CallTotals] = []

    def collect(self) -> Iterator[Metric]:
        if self.snapshot is not None:
            yield from _gauges(self.snapshot)
            yield from _counters(self.snapshot, self.totals)
            yield from _calls(self.calls)


class Metrics:
    """The registry of one application."""

    def __init__(self) -> None:
        self._daemon = _DaemonCollector()
        self._registry = CollectorRegistry()
        self._registry.register(self._daemon)
        self.requests = Counter(
            "introeval_http_requests",
            "Requests answered.",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self.request_seconds = Histogram(
            "introeval_http_request_seconds", "Time to answer.", ("route",), registry=self._registry
        )
        self.refusals = Counter(
            "introeval_refusals", "Requests refused, by problem code.", ("code",), registry=self._registry
        )

    def watch(self, places: Places) -> None:
        """Show how many uploads are read and wait."""
        for name, text, ask in (
            ("introeval_uploads_reading", "Uploads that are read now.", lambda: places.reading),
            ("introeval_uploads_waiting", "Uploads that wait for a place.", lambda: places.waiting),
        ):
            Gauge(name, text, registry=self._registry).set_function(ask)

    async def text(self, snapshot: StatusSnapshot, views: Views) -> bytes:
        """A scrape."""
        await self._daemon.totals.catch_up(views)
        self._daemon.calls = await views.call_totals()
        self._daemon.snapshot = snapshot
        return generate_latest(self._registry)


def _gauges(snapshot: StatusSnapshot) -> Iterator[Metric]:
    queues = GaugeMetricFamily("introeval_queue_depth", "Tasks that wait, by stage.", labels=("stage",))
    queues.add_metric(["stt"], snapshot.stt_queue_count)
    queues.add_metric(["llm"], snapshot.llm_queue_count)
    yield queues
    phase = GaugeMetricFamily("introeval_phase", "1 for the phase that has the machine.", labels=("phase",))
    for each in Phase:
        phase.add_metric([each.value], float(each is snapshot.phase))
    yield phase
    tasks = GaugeMetricFamily("introeval_tasks", "Tasks, by stage.", labels=("stage",))
    for stage in Stage:
        tasks.add_metric([stage.value], snapshot.totals.get(stage.value, 0))
    yield tasks
    yield GaugeMetricFamily("introeval_active_workers", "Tasks being worked on.", snapshot.active_workers)
    yield from server_gauges(snapshot)
    if snapshot.outbox is not None:
        yield GaugeMetricFamily(
            "introeval_webhook_pending", "Messages that wait to be delivered.", snapshot.outbox.pending
        )
        yield GaugeMetricFamily(
            "introeval_webhook_oldest_seconds",
            "Age of the oldest message that waits; 0 when none does.",
            snapshot.outbox.oldest_seconds or 0.0,
        )


def _counters(snapshot: StatusSnapshot, totals: EventTotals) -> Iterator[Metric]:
    phases = CounterMetricFamily("introeval_phase_seconds", "Time spent in each phase.", labels=("phase",))
    for phase in Phase:
        phases.add_metric([phase.value], snapshot.seconds_per_phase.get(phase.value, 0.0))
    yield phases
    graded = CounterMetricFamily("introeval_graded", "Grades, by server.", labels=("server",))
    for server, count in totals.graded.items():
        graded.add_metric([server], count)
    yield graded
    for kind, name, text in (
        ("attempt_failed", "introeval_retries", "Attempts that failed and were repeated, by stage."),
        ("gave_up", "introeval_failures", "Tasks that ended without a result, by stage."),
    ):
        family = CounterMetricFamily(name, text, labels=("stage",))
        for stage in ("stt", "llm"):
            family.add_metric([stage], totals.kinds[kind, stage])
        yield family
    for kind, name, text in (
        ("accepted", "introeval_accepted", "Tasks accepted."),
        ("regrade_failed", "introeval_regrades_failed", "Regrades that failed; the earlier grade stays."),
        ("released", "introeval_released", "Tasks released."),
        ("purged", "introeval_purged", "Submissions that were deleted when their time was over."),
        ("delivered", "introeval_webhook_delivered", "Messages that the receiver has taken."),
        ("undelivered", "introeval_webhook_failed", "Messages that were given up."),
    ):
        count = sum(n for (each, _), n in totals.kinds.items() if each == kind)
        yield CounterMetricFamily(name, text, count)
    tokens = CounterMetricFamily("introeval_tokens", "Tokens, by direction.", labels=("direction",))
    tokens.add_metric(["in"], totals.numbers["tokens_in"])
    tokens.add_metric(["out"], totals.numbers["tokens_out"])
    yield tokens
    yield CounterMetricFamily(
        "introeval_media_seconds", "Speech transcribed.", totals.numbers["media_seconds"]
    )
    yield CounterMetricFamily("introeval_stt_seconds", "Time it took.", totals.numbers["compute_seconds"])
    yield CounterMetricFamily(
        "introeval_exclusion_violations", "STT and language models met: must stay 0.", snapshot.violations
    )
    yield totals.latency.family("introeval_grade_seconds", "Time of one grade.")
    yield totals.switchover.family("introeval_switchover_seconds", "Time of one hand-over.")
    yield totals.batch_size.family("introeval_batch_size", "Tasks in a batch.")


def _calls(totals: list[CallTotals]) -> Iterator[Metric]:
    """What models were asked for, and what it cost; from the kept calls, so that it outlives this process."""
    labels = ("stage", "model")
    calls = CounterMetricFamily("introeval_model_calls", "Accepted replies.", labels=labels)
    requests = CounterMetricFamily(
        "introeval_model_requests", "Requests, those asked again too.", labels=labels
    )
    tokens = CounterMetricFamily(
        "introeval_model_tokens", "Tokens of replies.", labels=(*labels, "direction")
    )
    for each in totals:
        calls.add_metric([each.stage, each.model], each.calls)
        requests.add_metric([each.stage, each.model], each.requests)
        tokens.add_metric([each.stage, each.model, "in"], each.tokens_in)
        tokens.add_metric([each.stage, each.model, "out"], each.tokens_out)
    yield from (calls, requests, tokens)
