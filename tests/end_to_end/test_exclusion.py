"""The exclusion as the machine sees it: while one side works, nothing of the other side's is in memory.

In exclusive residency, with two students in two batches, so that the machine is handed over in both directions.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.end_to_end.lab import Lab, overlaps
from tests.end_to_end.servers import Server, lab_with, two_servers
from tests.models.processes import children

pytestmark = [pytest.mark.timeout(180), pytest.mark.usefixtures("tiny_stt_dir")]


def _speech_processes(pid: int) -> list[int]:
    """The Whisper processes among a process's descendants."""
    found = []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it ended while we looked
        for child in children(pid):
            arguments = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
            found += [child] if b"stt.child" in arguments else []
            found += _speech_processes(child)
    return found


class Observer:
    """Looks each time a piece of work starts. ``seen``: looks per side; ``wrong``: what should not have been there."""

    def __init__(self, lab: Lab, servers: list[Server]) -> None:
        self._lab = lab
        self._servers = servers
        self.seen: Counter[str] = Counter()
        self.wrong: list[str] = []

    async def run(self) -> None:
        """Follow the daemon's events."""
        async for event in self._lab.events():
            if event.get("kind") == "started":
                await self._look()

    async def _look(self) -> None:
        assert self._lab.process is not None
        before = self._held()
        speech = bool(_speech_processes(self._lab.process.pid))
        models = [name for server in self._servers for name in await server.loaded()]
        # Only what was being worked on before and after the look was being worked on during it.
        for _task, side, _lease in before & self._held():
            self.seen[side] += 1
            if (speech, bool(models)) != (side == "stt", side == "llm"):
                self.wrong.append(f"{side} work with {models} loaded, speech process: {speech}")

    def _held(self) -> set[tuple[str, str, int]]:
        sql = "SELECT id, current_phase, lease FROM processing_tasks WHERE status = 'processing'"
        return {(row[0], row[1], row[2]) for row in self._lab.rows(sql)}


@contextlib.asynccontextmanager
async def observing(lab: Lab, servers: list[Server]) -> AsyncIterator[Observer]:
    """An observer beside the lab."""
    observer = Observer(lab, servers)
    looking = asyncio.create_task(observer.run())
    try:
        yield observer
    finally:
        looking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await looking


async def test_one_side_in_memory_at_a_time(tmp_path: Path, tiny_llm_gguf: Path, clips: list[Path]) -> None:
    """While STT works ``/api/ps`` of both servers is empty; while a model works there is no Whisper process."""
    async with (
        two_servers(tiny_llm_gguf) as servers,
        lab_with(tmp_path, servers, batch_size=1) as lab,
        observing(lab, servers) as observer,
    ):
        await lab.submit(*clips[:2])
        await lab.all_ended()
        assert observer.wrong == []
        assert min(observer.seen["stt"], observer.seen["llm"]) >= 2
        phases = lab.rows(
            "SELECT target FROM events WHERE kind = 'phase' AND target <> 'switching' ORDER BY id"
        )
        assert phases == [("stt",), ("llm",)] * 2
        assert overlaps(lab) == []
        assert (await lab.get("/api/v1/status"))["violations"] == 0
