"""Fixtures of the speech tests: speech, and a worker on the smallest model."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from stt.config import SpeechConfig
from stt.worker import STTBatchWorker

SAMPLE = Path(__file__).parents[2] / "samples" / "strong.mp4"
"""53 seconds of synthetic speech in a video: more than one of Whisper's windows, and without repetitions, which make it
try a window again at higher temperatures."""


@pytest.fixture
def speech() -> Path:
    """Speech with known sentences."""
    return SAMPLE


@pytest.fixture
def config(tmp_path: Path, tiny_stt_dir: Path) -> SpeechConfig:
    """Exclusive residency, one slot, tiny.en."""
    return SpeechConfig(
        model_name=tiny_stt_dir.name,
        model_dir=tiny_stt_dir,
        work_dir=tmp_path / "work",
        transcript_dir=tmp_path / "transcripts",
        residency="exclusive",
        device="cpu",
        threads=1,
    )


@pytest.fixture
async def worker(config: SpeechConfig) -> AsyncIterator[STTBatchWorker]:
    """A worker that has not been entered; closed afterwards."""
    made = STTBatchWorker(config)
    yield made
    await made.close()
