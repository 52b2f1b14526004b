"""``STTBatchWorker``: the scheduler's writer side, made of Whisper children and extractions.

Rules:

* Nothing is transcribed before ``enter`` or after ``leave``; that would be a ``ConcurrencyViolationError``.
* ``leave`` returns when no child is at work, and in exclusive residency when no child is left.
* A child that died costs the file it was at one attempt; the next file finds a new child.
* What Whisper repeats for ever is cut before it is written (``stt.loops``).
* Audio may be prepared at any time: that is ffmpeg at low priority, never Whisper.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from scheduler.errors import ConcurrencyViolationError, HandoverError
from scheduler.ports import Progress, Transcription
from scheduler.task import Task
from stt.audio import LOW_PRIORITY, extract_audio
from stt.config import SpeechConfig, safe_id
from stt.errors import BrokenTranscriptError, WhisperChildError, WorkFolderError
from stt.extraction import Audio, Extractions
from stt.loops import LoopCutter
from stt.pool import ChildPool, Command
from stt.process import child_command
from stt.protocol import Done, Job
from stt.transcript import Segment, TranscriptWriter, read_transcript


class STTBatchWorker:
    """Implements ``scheduler.ports.Transcriber``. ``command`` is given by tests that need another child."""

    def __init__(self, config: SpeechConfig, command: Command = child_command) -> None:
        self._config = config
        self._audio = Extractions(config.work_dir)
        self._children = ChildPool(config, command)
        self._entered = False
        self._swept = False
        self._at_work = 0

    def __repr__(self) -> str:
        side = "in" if self._entered else "out"
        return f"<STTBatchWorker {self.model} {self._config.residency} {side} {self._children!r}>"

    @property
    def slots(self) -> int:
        return self._config.slots

    @property
    def model(self) -> str:
        return self._config.model_name

    @property
    def pids(self) -> tuple[int, ...]:
        """Process ids of the children that are alive."""
        return self._children.pids

    async def enter(self) -> None:
        """Load the model in every slot's child. Raises ``HandoverError``; then no child is left."""
        await self._sweep()
        if missing := await asyncio.to_thread(self._config.missing_model_files):
            raise HandoverError(
                f"the speech model {self.model} lacks {', '.join(missing)} in {self._config.model_dir}; "
                f"run: introeval models pull {self.model}"
            )
        try:
            await self._children.fill()
        except WhisperChildError as error:
            raise HandoverError(f"the speech model {self.model} could not be loaded: {error}") from error
        self._entered = True

    async def leave(self) -> None:
        """Give the machine up. Raises ``HandoverError`` when a child is still at work or does not end."""
        if self._at_work:
            raise HandoverError(f"{self._at_work} files are still being transcribed")
        self._entered = False
        if self._config.residency == "exclusive":
            await self._children.empty()

    async def close(self) -> None:
        """End all children and extractions."""
        self._entered = False
        await self._audio.close()
        await self._children.close()

    async def prepare(self, task: Task) -> None:
        """Extract the task's audio ahead of time, at low priority."""
        await self._extract(task, nice=LOW_PRIORITY)

    async def transcribe(self, task: Task, progress: Progress) -> Transcription:
        """Transcribe one video to ``<transcript_dir>/<id>.jsonl``. Raises what ``ports.Transcriber`` says."""
        if not self._entered:
            raise ConcurrencyViolationError("a transcription was asked for outside the STT phase")
        self._at_work += 1
        try:
            return await self._transcribe(task, progress)
        except OSError as error:
            raise WorkFolderError(f"The transcript could not be written ({error.strerror}).") from error
        finally:
            self._at_work -= 1
            await self.forget(task.id)

    async def _transcribe(self, task: Task, progress: Progress) -> Transcription:
        path = self._config.transcript_path(task.id)
        if (finished := await self._finished(path)) is not None:
            return finished
        audio = await self._extract(task, nice=0)
        await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
        with TranscriptWriter(path) as writer:
            done = await self._whisper(audio, writer, progress)
            await _to_the_end(partial(writer.finish, audio.seconds, done.language, self.model))
        progress(1.0)
        return Transcription(
            transcript_path=str(path),
            media_seconds=audio.seconds,
            compute_seconds=done.compute_seconds,
            segments=writer.count,
            language=done.language,
            model=self.model,
        )

    async def _finished(self, path: Path) -> Transcription | None:
        """A whole transcript that a process wrote which then died before its row was committed."""
        if not await asyncio.to_thread(path.exists):
            return None
        try:
            found = await asyncio.to_thread(read_transcript, path)
        except BrokenTranscriptError:
            return None
        return Transcription(
            transcript_path=str(path),
            media_seconds=found.media_seconds,
            compute_seconds=0.0,
            segments=len(found.segments),
            language=found.language,
            model=found.model,
        )

    async def forget(self, task_id: str) -> None:
        """Remove the task's WAV. Its transcript stays. Raises ``WorkFolderError``."""
        try:
            await self._audio.forget(safe_id(task_id))
        except OSError as error:
            raise WorkFolderError(f"The sound could not be removed ({error.strerror}).") from error

    async def _whisper(self, audio: Audio, writer: TranscriptWriter, progress: Progress) -> Done:
        loops = LoopCutter()

        def heard(segment: Segment) -> None:
            if (kept := loops.take(segment)) is not None:
                writer.append(kept)
            progress(min(1.0, segment.end / audio.seconds))

        async with self._children.lend() as child:
            return await child.run(Job(str(audio.path), self._config.options), audio.seconds, heard)

    async def _extract(self, task: Task, nice: int) -> Audio:
        await self._sweep()
        return await self._audio.get(safe_id(task.id), self._maker(task, nice))

    def _maker(self, task: Task, nice: int) -> Callable[[Path], Awaitable[float]]:
        return lambda target: extract_audio(task.video_path, target, self._config.media, nice=nice)

    async def _sweep(self) -> None:
        if not self._swept:
            self._swept = True
            await self._audio.sweep()


async def _to_the_end(work: Callable[[], object]) -> None:
    """Run ``work`` in a thread; a cancellation waits for it, so that nobody closes its file meanwhile."""
    running = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        await running
        raise
