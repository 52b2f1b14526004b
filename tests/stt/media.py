"""Media that tests need, made by the same ffmpeg that the product uses; and tasks that point at it."""

import subprocess
from pathlib import Path

from scheduler.task import Task
from scheduler.transitions import STT_PENDING
from stt.audio import find_ffmpeg

LAB30 = Path(__file__).parents[3] / "shared" / "data" / "lab30"
NOISE = ["-f", "lavfi", "-i", "anoisesrc=r=16000:a=0.2:d=3"]
SILENCE = ["-t", "3", "-f", "lavfi", "-i", "anullsrc=r=16000:cl=mono"]
PICTURE = ["-f", "lavfi", "-i", "testsrc=d=3:s=64x64:r=5"]


def make(path: Path, *arguments: str) -> Path:
    """Run ffmpeg with these arguments; ``path`` is its output."""
    subprocess.run([find_ffmpeg(), "-v", "error", "-y", *arguments, str(path)], check=True, timeout=60)
    return path


def files_in(folder: Path) -> list[Path]:
    """Everything in a folder, by name."""
    return sorted(folder.iterdir())


def task_of(path: Path, task_id: str = "t1") -> Task:
    """A task that waits for its transcript."""
    return Task(
        id=task_id, roll_number="7", video_path=str(path), state=STT_PENDING, created_at=0, updated_at=0
    )
