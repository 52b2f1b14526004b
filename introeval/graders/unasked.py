"""The outcome of work about which no model was asked."""

from typing import Any

from scheduler.ports import Evaluation


def unasked(score: float, max_score: float, report: dict[str, Any]) -> Evaluation:
    """An evaluation without a model, a server and a cost."""
    return Evaluation(
        score=score,
        max_score=max_score,
        report=report,
        model=None,
        server=None,
        prompt_hash="",
        tokens_in=0,
        tokens_out=0,
        latency_ms=0,
        raw_reply=None,
    )
