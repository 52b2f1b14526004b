"""The daemon with cheap work in it, so that thousands of lives are affordable: its state code is the production one.

What is cheap: looking into an upload (its size is asked), the WAV (silence), and Whisper (sentences made from the
task's id). What is real: everything that writes state. The transcript goes through ``STTBatchWorker`` and
``TranscriptWriter`` with their syncs and renames, the WAV through ``Extractions``, and the grades come from a server
that speaks Ollama's protocol, outside of this process.
"""

import asyncio
import json
import os
import signal
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

from introeval import assembly, logs
from introeval.assignments import Kind
from introeval.sd_notify import Notifier
from introeval.service import daemon
from introeval.settings import Settings
from scheduler.ports import Progress
from scheduler.task import Task
from stt.config import SpeechConfig
from stt.extraction import Audio
from stt.protocol import Done
from stt.transcript import Segment, TranscriptWriter
from stt.worker import STTBatchWorker

SECONDS = 40.0
SENTENCES = 8


_LETTERS = str.maketrans("0123456789", "ghijklmnop")


def spoken_name(task_id: str) -> str:
    """The task's id as one word: the fake server counts a word as a token, as real ones do at least."""
    return task_id.translate(_LETTERS)


def spoken(task_id: str) -> tuple[Segment, ...]:
    """What the student says: other words for each task, so that no two grades come from one kept reply."""
    name = spoken_name(task_id)
    texts = [f"My name is {name} and in year {at} I studied boats and engines." for at in range(SENTENCES)]
    return tuple(Segment(5.0 * at, 5.0 * at + 5.0, text) for at, text in enumerate(texts))


class PaperWorker(STTBatchWorker):
    """The production worker without ffmpeg and Whisper."""

    async def enter(self) -> None:
        """Nothing has to be loaded."""
        await self._sweep()
        self._entered = True

    def _maker(self, task: Task, nice: int) -> Callable[[Path], Awaitable[float]]:
        async def make(target: Path) -> float:
            part = target.with_name(target.name + ".part")
            await asyncio.to_thread(part.write_bytes, bytes(64))
            await asyncio.to_thread(part.replace, target)
            return SECONDS

        return make

    async def _whisper(self, audio: Audio, writer: TranscriptWriter, progress: Progress) -> Done:
        for segment in spoken(audio.path.stem):
            writer.append(segment)
            progress(segment.end / SECONDS)
        return Done(language="en", media_seconds=SECONDS, compute_seconds=0.0)


async def look(path: Path, name: str) -> float:
    """Any file that can be read is a recording of the same length."""
    await asyncio.to_thread(path.read_bytes)
    return SECONDS


def run(settings: Settings, channel: socket.socket) -> None:
    """Serve until SIGTERM; tells ``channel`` the URL. As ``introeval.service.serve``, with the cheap parts."""
    import uvloop  # imported by the service already

    logs.configure("json", "info")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, channel))


async def _serve(settings: Settings, channel: socket.socket) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    worker = PaperWorker(_speech(settings))
    async with daemon(
        settings, Notifier(os.environ), transcriber=worker, inspect={Kind.INTRO_VIDEO: look}
    ) as running:
        channel.send(json.dumps({"url": running.url, "pid": os.getpid()}).encode())
        await running.until(stop)


def _speech(settings: Settings) -> SpeechConfig:
    return SpeechConfig(
        model_name="paper",
        model_dir=settings.state_dir,
        work_dir=settings.state.audio,
        transcript_dir=settings.state.transcripts,
        residency=settings.residency,
        media=assembly.media(settings),
    )
