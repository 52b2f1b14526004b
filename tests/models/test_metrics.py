"""What a run came to: counted by stage, percentiles by nearest rank, cache hits apart."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import SchemaValidationError
from models.metrics import CallMetrics, Recorder, percentile
from models.task import ask
from models.worker import Generation
from scheduler.errors import NoServerError
from tests.models.rigs import executor_rig


def reply(stage: str, seconds: float, *, cached: bool = False) -> Generation[str]:
    """A reply of 10 + 5 tokens."""
    return Generation(
        value="",
        raw="",
        key="",
        stage=stage,
        prompt_hash="",
        server="s",
        model="m",
        tokens_in=10,
        tokens_out=5,
        latency_ms=round(seconds * 1000),
        load_ms=0,
        attempts=1,
        cached=cached,
    )


def test_stages_and_their_total() -> None:
    """Each stage has its own numbers, and the total has all; what was cached costs nothing."""
    recorder = Recorder()
    recorder.begin(100.0)
    for second in (1, 2, 3, 4):
        recorder.succeeded(reply("grade", second), 100.0 + second)
    recorder.succeeded(reply("grade", 9, cached=True), 105.0)
    recorder.succeeded(reply("rubric", 5), 107.0)
    recorder.failed("rubric", 108.0)
    metrics = recorder.metrics()
    grade, rubric = metrics.stages
    assert grade == CallMetrics(
        stage="grade", answered=4, cached=1, failed=0, tokens_in=40, tokens_out=20, p50=2, p95=4, p99=4
    )
    assert (rubric.answered, rubric.failed, rubric.success) == (1, 1, 0.5)
    assert (metrics.total.answered, metrics.total.tokens_in, metrics.total.p50) == (5, 50, 3)
    assert metrics.total.success == pytest.approx(6 / 7)
    assert (metrics.seconds, metrics.throughput) == (8.0, 5 / 8)


def test_new_run_begins_at_nothing() -> None:
    """Before the first outcome there is no share, no percentile and no throughput."""
    recorder = Recorder()
    recorder.begin(0.0)
    recorder.failed("grade", 1.0)
    recorder.begin(50.0)
    metrics = recorder.metrics()
    assert (metrics.seconds, metrics.throughput, metrics.stages) == (0.0, None, ())
    assert (metrics.total.success, metrics.total.p99) == (None, None)


@given(values=st.lists(st.floats(0, 1000), min_size=1).map(sorted), share=st.floats(0.01, 1))
def test_percentile_is_the_nearest_rank(values: list[float], share: float) -> None:
    """At least the share does not exceed it, and any smaller value would be too small."""
    found = percentile(values, share)
    assert found is not None
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9
    smaller = [value for value in values if value < found]
    assert len(smaller) < share * len(values)


async def test_executor_counts_its_run(tmp_path: Path) -> None:
    """Answers, cache hits and failures by stage; who found no server has not ended."""

    def refuse(text: str) -> str:
        raise SchemaValidationError("no")

    async with executor_rig(tmp_path) as it:
        for _ in range(3):
            await it.executor.run(ask("p", None, str), task_id="s")
        with pytest.raises(SchemaValidationError):
            await it.executor.run(ask("q", None, refuse, stage="rubric"), task_id="s")
        with pytest.raises(NoServerError):
            await it.executor.run(ask("q", None, str, model="nobody's"), task_id="s")
        metrics = it.executor.metrics()
        counts = [(stage.stage, stage.answered, stage.cached, stage.failed) for stage in metrics.stages]
        assert counts == [("grade", 1, 2, 0), ("rubric", 0, 0, 1)]
        assert metrics.total.tokens_in > 0
        it.executor.begin()
        assert it.executor.metrics().stages == ()
