"""What may follow what: written out on purpose, and not read from ``scheduler.transitions``: a wrong table there is to
be seen by ``oracle``, which holds the events against these.

``LAWS``: of a task, by event, from state to state. ``PHASES``, ``BATCHES``: pairs of states.
"""

MAX_RETRIES = 2
STARTED = {"stt/pending": "stt/processing", "stt/retry": "stt/processing"} | {
    "llm/pending": "llm/processing",
    "llm/retry": "llm/processing",
}
LAWS = {
    "started": STARTED,
    "transcribed": {"stt/processing": "llm/pending"},
    "evaluated": {"llm/processing": "completed/completed"},
    "attempt_failed": {"stt/processing": "stt/retry", "llm/processing": "llm/retry"},
    "released": {"stt/processing": "stt/pending", "llm/processing": "llm/pending"},
    "gave_up": dict.fromkeys(("stt/processing", "llm/processing"), "failed/failed"),
    "cancelled": dict.fromkeys((*STARTED, *STARTED.values()), "failed/failed"),
    "regraded": dict.fromkeys(("completed/completed", "failed/failed"), "llm/pending"),
    "regrade_failed": {"llm/processing": "completed/completed"},
    "regrade_cancelled": dict.fromkeys(("llm/pending", "llm/retry", "llm/processing"), "completed/completed"),
}
PHASES = {("stt", "switching"), ("llm", "switching"), ("switching", "switching")} | {
    ("switching", "stt"),
    ("switching", "llm"),
}
BATCHES = {("waiting", "transcribing"), ("waiting", "evaluating"), ("transcribing", "evaluating")} | {
    ("transcribing", "done"),
    ("evaluating", "done"),
}
ENDED = ("completed/completed", "failed/failed")
