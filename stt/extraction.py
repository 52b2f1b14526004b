"""One extraction per task, however many ask for it: the preparation ahead of time and the transcription may meet.

Rules: an extraction that nobody waits for any more is cancelled; one that failed is forgotten, so that a retry
extracts again; what this process did not make is not trusted (a power cut leaves names without their bytes).
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

WAV = ".wav"


@dataclass(frozen=True, slots=True)
class Audio:
    """Our WAV of one task and its length in seconds."""

    path: Path
    seconds: float


@dataclass(slots=True)
class _Entry:
    work: "asyncio.Task[Audio]"
    waiting: int = 0


class Extractions:
    """The WAVs in ``folder``, by key: those that this process made, and those that it is making."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._entries: dict[str, _Entry] = {}

    async def get(self, key: str, make: Callable[[Path], Awaitable[float]]) -> Audio:
        """The audio of ``key``, made by ``make(target)`` unless it is there or being made. Raises what it raises."""
        entry = self._entries.get(key)
        if entry is None:
            entry = self._entries[key] = _Entry(asyncio.ensure_future(self._make(key, make)))
        entry.waiting += 1
        try:
            return await asyncio.shield(entry.work)
        finally:
            entry.waiting -= 1
            if not entry.waiting and not entry.work.done():
                await self._abandon(key, entry)
            elif entry.work.done() and (entry.work.cancelled() or entry.work.exception()):
                self._drop(key, entry)

    async def forget(self, key: str) -> None:
        """Stop and remove what belongs to ``key``. Idempotent."""
        if entry := self._entries.get(key):
            await self._abandon(key, entry)
        await asyncio.to_thread(self._target(key).unlink, missing_ok=True)

    async def close(self) -> None:
        """Stop all that runs; finished WAVs stay until ``sweep``."""
        for key, entry in list(self._entries.items()):
            if not entry.work.done():
                await self._abandon(key, entry)

    async def sweep(self) -> None:
        """Make the folder and remove files of earlier processes."""
        known = {self._target(key).name for key in self._entries}
        await asyncio.to_thread(self._sweep, known)

    def _sweep(self, known: set[str]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        for path in self._folder.glob(f"*{WAV}*"):
            if path.name.split(WAV)[0] + WAV not in known:
                path.unlink(missing_ok=True)

    async def _make(self, key: str, make: Callable[[Path], Awaitable[float]]) -> Audio:
        target = self._target(key)
        await asyncio.to_thread(target.parent.mkdir, parents=True, exist_ok=True)
        return Audio(target, await make(target))

    async def _abandon(self, key: str, entry: _Entry) -> None:
        self._drop(key, entry)
        entry.work.cancel()
        await asyncio.wait([entry.work])

    def _drop(self, key: str, entry: _Entry) -> None:
        if self._entries.get(key) is entry:
            del self._entries[key]

    def _target(self, key: str) -> Path:
        return self._folder / f"{key}{WAV}"
