"""Fixtures that every package's tests share: a state folder, an open database, and the small weights."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from db.database import Database
from introeval.paths import default_cache_dir
from models.weights import locate

# pytest's workers are told the width of the terminal; what the program prints into a pipe must not depend on it.
os.environ.pop("COLUMNS", None)

TINY_STT = "whisper-tiny.en"
TINY_LLM = "smollm2-135m-instruct"


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """A real, empty state on disk."""
    async with Database.open(tmp_path / "state") as opened:
        yield opened


def _weights(name: str) -> Path:
    """The folder of installed weights; ``make test`` pulls them before, so a test never downloads."""
    folder = locate(name, Path(os.environ.get("INTROEVAL_CACHE_DIR") or default_cache_dir(os.environ)))
    if folder is None:
        pytest.skip(f"the weights of {name} are not installed: introeval models pull {name}")
    return folder


@pytest.fixture(scope="session")
def tiny_stt_dir() -> Path:
    """Whisper tiny.en (CTranslate2)."""
    return _weights(TINY_STT)


@pytest.fixture(scope="session")
def tiny_llm_gguf() -> Path:
    """SmolLM2 135M: fast, and its grades mean nothing."""
    return _weights(TINY_LLM) / "model.gguf"
