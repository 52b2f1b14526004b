"""The Whisper children of one worker, one for each slot: filled on entering, lent for a job, emptied on leaving."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from os import getpid

from stt.config import SpeechConfig
from stt.errors import ChildCrashedError
from stt.process import WhisperProcess
from stt.protocol import ChildSettings

log = logging.getLogger(__name__)

Command = Callable[[ChildSettings], Sequence[str]]
"""Makes the command line of a child."""


class ChildPool:
    """At most ``slots`` children. A child that died or was killed in a job is replaced by the next who needs one."""

    def __init__(self, config: SpeechConfig, command: Command) -> None:
        self._config = config
        self._command = command
        self._settings = ChildSettings(str(config.model_dir), config.device, config.threads, getpid())
        self._idle: list[WhisperProcess] = []
        self._lent: set[WhisperProcess] = set()
        self._free = asyncio.Semaphore(config.slots)

    def __repr__(self) -> str:
        return f"<ChildPool {len(self._idle)} idle, {len(self._lent)} lent>"

    @property
    def pids(self) -> tuple[int, ...]:
        return tuple(child.pid for child in [*self._idle, *self._lent] if child.alive)

    async def fill(self) -> None:
        """Have a loaded child for every slot. Raises ``WhisperChildError``; then none is left."""
        self._idle = [child for child in self._idle if child.alive]
        try:
            # One after the other: on one GPU, or one disk, they would only be in each other's way.
            while len(self._idle) + len(self._lent) < self._config.slots:
                self._idle.append(await self._start())
        except BaseException:
            await self.empty()
            raise

    async def empty(self) -> None:
        """End all idle children and see them gone. Raises ``HandoverError`` when one is not; the rest are."""
        leaving, self._idle = self._idle, []
        results = await asyncio.gather(*(child.stop() for child in leaving), return_exceptions=True)
        self._idle = [child for child in leaving if child.alive]
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def close(self) -> None:
        """Kill all, also those at work."""
        doomed, self._idle = [*self._idle, *self._lent], []
        await asyncio.gather(*(child.kill() for child in doomed))

    @asynccontextmanager
    async def lend(self) -> AsyncIterator[WhisperProcess]:
        """A loaded, idle child for one job; started when there is none. Raises ``WhisperChildError``."""
        async with self._free:
            child = self._take() or await self._start()
            self._lent.add(child)
            try:
                yield child
            finally:
                self._lent.discard(child)
                if child.alive:
                    self._idle.append(child)

    def _take(self) -> WhisperProcess | None:
        while self._idle:
            if (child := self._idle.pop()).alive:
                return child
        return None

    async def _start(self) -> WhisperProcess:
        try:
            return await self._start_on(self._settings)
        except ChildCrashedError:
            if self._settings.device != "auto":
                raise
        # A GPU without its libraries (cuDNN), or one whose memory is taken, ends the process while it loads. The CPU
        # will do for this phase; the next one tries the GPU again.
        log.warning("the speech model could not be loaded on the GPU; this phase uses the CPU")
        return await self._start_on(replace(self._settings, device="cpu"))

    async def _start_on(self, settings: ChildSettings) -> WhisperProcess:
        return await WhisperProcess.start(self._command(settings), self._config.watch)
