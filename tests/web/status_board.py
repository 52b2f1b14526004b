"""The status snapshot of a web application in tests: its tables as they are, and two servers that nobody asks."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

from db.views import Views
from scheduler.snapshot import ServerStatus, StatusSnapshot
from scheduler.task import Phase


def server(name: str, port: int, healthy: bool = True) -> ServerStatus:
    """A language-model server, as the pool would show it."""
    return ServerStatus(
        name=name,
        url=f"http://localhost:{port}",
        model=name,
        healthy=healthy,
        in_flight=1 if healthy else 0,
        slots=4,
        graded=3,
        failures=0 if healthy else 2,
        loaded=healthy,
        last_error=None if healthy else "connection refused",
    )


def status(views: Views, shown: dict[str, Any]) -> Callable[[], Awaitable[StatusSnapshot]]:
    """The snapshot of the tables as they are; ``shown`` goes before it."""

    async def status() -> StatusSnapshot:
        machine = await views.machine()
        values: dict[str, Any] = {
            "at": time.time(),
            "phase": Phase.STT,
            "since": time.time() - 60,
            "why": "Transcribing batch 1.",
            "stt_queue_count": machine.stt_queue,
            "llm_queue_count": machine.llm_queue,
            "active_workers": machine.active,
            "totals": await views.totals(),
            "servers": (server("mistral", 11434), server("llama3", 11435, healthy=False)),
            "batches": await views.batches(5),
            "seconds_per_phase": await views.seconds_per_phase(time.time()),
        }
        return StatusSnapshot(**(values | shown))

    return status
