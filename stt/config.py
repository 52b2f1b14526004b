"""How the speech side is set up. A frozen value; the composition root fills it in."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from scheduler.errors import ConfigurationError
from stt.limits import MediaLimits
from stt.options import DecodeOptions
from stt.process import WatchLimits

MODEL_FILES = ("model.bin", "config.json", "tokenizer.json")
SAFE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechConfig:
    """Folders: ``model_dir`` holds a CTranslate2 Whisper; ``work_dir`` our WAVs; ``transcript_dir`` the results.

    ``residency``: ``exclusive`` ends the child when the phase ends, ``shared`` leaves it idle in RAM.
    ``slots``: files at once, each in its own child. ``threads``: CPU threads of each child.
    ``device``: ``auto`` takes a GPU when there is a usable one, else the CPU.
    """

    model_name: str
    model_dir: Path
    work_dir: Path
    transcript_dir: Path
    residency: Literal["exclusive", "shared"] = "shared"
    device: Literal["auto", "cpu", "cuda"] = "auto"
    threads: int = 2
    slots: int = 1
    media: MediaLimits = field(default_factory=MediaLimits)
    watch: WatchLimits = field(default_factory=WatchLimits)
    options: DecodeOptions = field(default_factory=DecodeOptions)

    def missing_model_files(self) -> list[str]:
        """The files that ``model_dir`` lacks. Blocks on the disk."""
        return [name for name in MODEL_FILES if not (self.model_dir / name).is_file()]

    def transcript_path(self, task_id: str) -> Path:
        """Where the task's transcript ends up."""
        return self.transcript_dir / f"{safe_id(task_id)}.jsonl"


def safe_id(task_id: str) -> str:
    """The task's id, when it can be a file name. Raises ``ConfigurationError``: ids are made by us, not users."""
    if not SAFE_ID.fullmatch(task_id):
        raise ConfigurationError(f"the task id {task_id[:40]!r} cannot be a file name")
    return task_id
