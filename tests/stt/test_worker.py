"""The writer side as a whole, on the smallest Whisper and real processes."""

import asyncio
import os
import select
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from scheduler.errors import AttemptFailedError, ConcurrencyViolationError, ConfigurationError, HandoverError
from scheduler.ports import Transcriber, unwatched
from stt.config import SpeechConfig
from stt.errors import ChildCrashedError, NoAudioTrackError
from stt.process import WatchLimits
from stt.transcript import read_partial, read_transcript
from stt.worker import STTBatchWorker
from tests.stt import children as do
from tests.stt.media import LAB30, NOISE, PICTURE, SILENCE, files_in, make, task_of


def gone(pid: int) -> bool:
    """Whether no such process is left."""
    return not Path(f"/proc/{pid}").exists()


@asynccontextmanager
async def entered(worker: STTBatchWorker) -> AsyncIterator[Transcriber]:
    """The worker inside its phase, as the port that the scheduler sees."""
    await worker.enter()
    yield worker
    await worker.leave()


async def test_speech(worker: STTBatchWorker, config: SpeechConfig, speech: Path) -> None:
    """Speech becomes a synced transcript with word times, its progress reaches 1, and the WAV can be forgotten."""
    seen: list[float] = []
    async with entered(worker) as side:
        await side.prepare(task_of(speech))
        result = await side.transcribe(task_of(speech), lambda fraction, server=None: seen.append(fraction))

    transcript = read_transcript(result.transcript_path)
    assert "fishing" in transcript.text
    assert transcript.segments == read_partial(result.transcript_path)
    assert len(transcript.segments) == result.segments > 5
    assert transcript.language == result.language == "en"
    assert transcript.media_seconds == result.media_seconds > 33
    assert all(
        0 <= w.start <= w.end <= transcript.media_seconds for s in transcript.segments for w in s.words
    )
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert files_in(config.transcript_dir) == [Path(result.transcript_path)]
    await worker.forget(task_of(speech).id)
    assert not files_in(config.work_dir)


async def test_lab30(worker: STTBatchWorker) -> None:
    """A real recording in a container with video is understood, the sentences we know are heard."""
    if not LAB30.is_dir():
        pytest.skip("the lab30 recordings are not here")
    async with entered(worker):
        result = await worker.transcribe(task_of(LAB30 / "0036.mp4"), unwatched)

    assert "so hard to picture" in read_transcript(result.transcript_path).text


async def test_silence_yields_nothing(worker: STTBatchWorker, tmp_path: Path) -> None:
    """A silent video has no segments: nothing is invented."""
    video = make(tmp_path / "x.mp4", *SILENCE, *PICTURE)
    async with entered(worker):
        result = await worker.transcribe(task_of(video), unwatched)

    assert result.segments == 0
    assert read_transcript(result.transcript_path).segments == ()


async def test_bad_apple(worker: STTBatchWorker, config: SpeechConfig, tmp_path: Path) -> None:
    """A video without audio is refused; the child and the next file know nothing of it."""
    bad, good = make(tmp_path / "x.mp4", *PICTURE), make(tmp_path / "y.mp4", *NOISE)
    async with entered(worker):
        before = worker.pids
        with pytest.raises(NoAudioTrackError):
            await worker.transcribe(task_of(bad, "bad"), unwatched)
        await worker.transcribe(task_of(good, "good"), unwatched)
        assert worker.pids == before

    assert [path.name for path in files_in(config.transcript_dir)] == ["good.jsonl"]


async def test_exclusive_child_is_gone(worker: STTBatchWorker) -> None:
    """When ``leave`` returns no Whisper process is left; leaving again, or first, is no error."""
    await worker.leave()
    await worker.enter()
    pids = worker.pids
    assert len(pids) == 1

    await worker.leave()
    await worker.leave()

    assert all(gone(pid) for pid in pids)
    assert worker.pids == ()


async def test_shared_child_stays_idle(config: SpeechConfig) -> None:
    """In shared residency the same child serves the next phase."""
    worker = STTBatchWorker(replace(config, residency="shared"))
    try:
        await worker.enter()
        before = worker.pids
        await worker.leave()
        await worker.enter()

        assert worker.pids == before
        assert repr(worker) == "<STTBatchWorker whisper-tiny.en shared in <ChildPool 1 idle, 0 lent>>"
    finally:
        await worker.close()
    assert all(gone(pid) for pid in before)


async def test_crash_costs_one_attempt(worker: STTBatchWorker, config: SpeechConfig, speech: Path) -> None:
    """A child killed in the middle of a file fails that attempt; the retry has a new child."""

    def kill(fraction: float, server: str | None = None) -> None:
        for pid in worker.pids:
            os.kill(pid, signal.SIGKILL)

    async with entered(worker):
        with pytest.raises(ChildCrashedError, match="ended with -9") as caught:
            await worker.transcribe(task_of(speech), kill)
        assert isinstance(caught.value, AttemptFailedError)
        assert not files_in(config.transcript_dir)
        await worker.transcribe(task_of(speech), unwatched)

    assert [path.name for path in files_in(config.transcript_dir)] == ["t1.jsonl"]


async def test_death_while_idle_costs_nothing(worker: STTBatchWorker, tmp_path: Path) -> None:
    """A child that died between two files is replaced unseen, or costs one attempt."""
    video = make(tmp_path / "x.mp4", *NOISE)
    async with entered(worker):
        (pid,) = worker.pids
        descriptor = os.pidfd_open(pid)
        os.kill(pid, signal.SIGKILL)
        assert select.select([descriptor], [], [], 10)[0]
        os.close(descriptor)
        try:
            await worker.transcribe(task_of(video), unwatched)
        except ChildCrashedError:
            await worker.transcribe(task_of(video), unwatched)


async def test_hang_costs_one_attempt(config: SpeechConfig, tmp_path: Path) -> None:
    """A child that never answers is killed, and the next file gets one that does."""
    video = make(tmp_path / "x.mp4", *NOISE)
    good = do.program(do.LOADED, do.READ, do.HEARD, do.DONE, do.READ)
    bad = do.program(do.LOADED, do.READ, do.FOREVER)
    hasty = replace(config, watch=WatchLimits(silence=0.5))
    worker = STTBatchWorker(hasty, do.in_turn(bad, good))
    async with entered(worker):
        (pid,) = worker.pids
        with pytest.raises(AttemptFailedError, match="no sign of progress"):
            await worker.transcribe(task_of(video), unwatched)
        assert gone(pid)
        assert (await worker.transcribe(task_of(video), unwatched)).segments == 1


async def test_cancelled_transcription(config: SpeechConfig, tmp_path: Path) -> None:
    """A cancelled file leaves neither a child at work nor half a transcript, and the phase can be left."""
    video = make(tmp_path / "x.mp4", *NOISE)
    worker = STTBatchWorker(config, do.in_turn(do.program(do.LOADED, do.READ, do.HEARD, do.FOREVER)))
    heard = asyncio.Event()
    async with entered(worker):
        pids = worker.pids
        work = asyncio.create_task(
            worker.transcribe(task_of(video), lambda fraction, server=None: heard.set())
        )
        await heard.wait()
        with pytest.raises(HandoverError, match="still being transcribed"):
            await worker.leave()

        work.cancel()
        await asyncio.wait([work])

        assert all(gone(pid) for pid in pids)
        assert not files_in(config.transcript_dir)


async def test_not_outside_the_phase(worker: STTBatchWorker, tmp_path: Path) -> None:
    """Without the machine nothing is transcribed; preparing is allowed."""
    video = make(tmp_path / "x.mp4", *NOISE)
    await worker.prepare(task_of(video))

    with pytest.raises(ConcurrencyViolationError):
        await worker.transcribe(task_of(video), unwatched)


async def test_missing_model(config: SpeechConfig, tmp_path: Path) -> None:
    """Entering without weights says which files are missing and what to run."""
    worker = STTBatchWorker(replace(config, model_dir=tmp_path))

    with pytest.raises(HandoverError, match=r"lacks model\.bin.*introeval models pull whisper-tiny\.en"):
        await worker.enter()


async def test_model_that_does_not_load(config: SpeechConfig, tmp_path: Path) -> None:
    """A broken model is a failed hand-over with the child's last words, and leaves no child."""
    for name in ("model.bin", "config.json", "tokenizer.json"):
        (tmp_path / name).write_bytes(b"rubbish")
    worker = STTBatchWorker(replace(config, model_dir=tmp_path))

    with pytest.raises(HandoverError, match="could not be loaded"):
        await worker.enter()
    assert worker.pids == ()


async def test_id_is_no_path(worker: STTBatchWorker) -> None:
    """An id that could leave our folder is refused."""
    with pytest.raises(ConfigurationError):
        await worker.prepare(task_of(Path("/x"), "../../etc/passwd"))
