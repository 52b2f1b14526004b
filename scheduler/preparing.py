"""``Preparation``: audio that is extracted ahead of its STT phase, and removed when nobody will transcribe it.

The rules:

1. One file at a time, each once; what fails is said again, and then counted, when the task's turn comes.
2. A task that leaves STT without a transcript (somebody cancels it) leaves no audio behind: it is a student's voice.
   What the tables say decides, so it does not matter who was told of the cancel, or when.
"""

import asyncio
import logging
from collections.abc import Callable, Set

from scheduler.errors import StateError
from scheduler.ports import Transcriber
from scheduler.snapshot import QueueSnapshot
from scheduler.task import Stage, Task

log = logging.getLogger(__name__)


class Preparation:
    """``on_change`` is called when a file's preparation has ended."""

    def __init__(self, transcriber: Transcriber, on_change: Callable[[], None]) -> None:
        self._transcriber = transcriber
        self._on_change = on_change
        self._prepared: set[str] = set()
        self._running: asyncio.Task[None] | None = None
        self._current: str | None = None

    @property
    def running(self) -> asyncio.Task[None] | None:
        """The preparation under way."""
        return self._running

    def begin(self, task: Task) -> None:
        """Prepare this one, unless another is being prepared or it was before."""
        if self._running is None and task.id not in self._prepared:
            self._current = task.id
            self._running = asyncio.create_task(self._prepare(task), name=f"prepare-{task.id}")
            self._running.add_done_callback(self._ended)

    def cancel(self, task_id: str) -> None:
        """Stop preparing this task, if it is the one; ``forget`` removes what there is of it."""
        if self._running is not None and self._current == task_id:
            self._running.cancel()

    async def forget(self, snapshot: QueueSnapshot, in_hand: Set[str]) -> None:
        """Remove the audio of whoever has left STT. What somebody has in hand is removed by them."""
        left = {task.id for task in snapshot.tasks if task.state.stage is Stage.STT}
        for task_id in self._prepared - left - in_hand:
            self._prepared.discard(task_id)
            try:
                await self._transcriber.forget(task_id)
            except StateError as error:  # the next start sweeps the folder
                log.warning("audio not removed", exc_info=error, extra={"task_id": task_id})

    async def _prepare(self, task: Task) -> None:
        try:
            await self._transcriber.prepare(task)
        except Exception as error:  # rule 1
            log.info("not prepared", exc_info=error, extra={"task_id": task.id})

    def _ended(self, _running: asyncio.Task[None]) -> None:
        if self._current is not None:
            self._prepared.add(self._current)
        self._running = self._current = None
        self._on_change()
