"""Short videos for whole-system tests (the first seconds of samples, cut once), and a daemon for a pair of them."""

import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from stt.audio import find_ffmpeg
from tests.end_to_end.lab import SAMPLES, Lab, running

SECONDS = 9
"""Enough words for a model to be asked (the rubric's ``min_words``)."""


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three students, each speaking for ``SECONDS``."""
    folder = tmp_path_factory.mktemp("clips")
    made = []
    for name in ("strong.mp4", "medium.webm", "off_topic.mp4"):
        command = [find_ffmpeg(), "-v", "error", "-i", str(SAMPLES / name), "-t", str(SECONDS), "-c", "copy"]
        subprocess.run([*command, str(folder / name)], check=True, timeout=60)
        made.append(folder / name)
    return made


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    """A running daemon whose batch closes with the second video."""
    pair = Lab(tmp_path, {"INTROEVAL_BATCH_SIZE": "2", "INTROEVAL_BATCH_AGE_SECONDS": "3600"})
    async with running(pair) as lab:
        yield lab
