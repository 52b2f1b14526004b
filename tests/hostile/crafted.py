"""All crafted files in one list, and how they are laid out for the judge."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.hostile import containers, honest, notebooks, pages, references
from tests.hostile.craft import CannotMakeError, Crafted, Workshop
from tests.hostile.traps import holds_canary, listening, plant

RECORDINGS = [*references.FILES, *containers.FILES, *honest.GOOD, *honest.NO_RECORDING]
ALL = [*RECORDINGS, *pages.FILES, *notebooks.FILES]
ROOT = Path(__file__).parents[2]
CANARY = ".other-student.wav"


@dataclass(frozen=True)
class Judged:
    """``verdicts``: by label (``judge.Verdict`` as JSON). ``left_out``: what this ffmpeg cannot make, and why.

    ``grown``: bytes of memory that the judging process grew by. ``foreign``: outputs that hold another's bytes.
    """

    verdicts: dict[str, dict[str, Any]]
    left_out: dict[str, str]
    grown: int
    connections: int
    foreign: list[str]


def folder_of(label: str) -> str:
    """Its first word is the kind of work: a recording unless the label begins with another one."""
    return label if label.startswith(("pages ", "notebook ")) else f"recording {label}"


def judge_files(files: list[Crafted], root: Path) -> Judged:
    """Make the files, plant a canary beside each, listen, and have the judge's process look at all of them."""
    shop_folder, judged = root / "shop", root / "judged"
    shop_folder.mkdir()
    left_out: dict[str, str] = {}
    with listening() as listener:
        shop = Workshop(shop_folder, plant(root / "other-student.wav"), listener.port)
        for file in files:
            place = judged / folder_of(file.label)
            (place / "in").mkdir(parents=True)
            (place / "out").mkdir()
            plant(place / "in" / CANARY)
            try:
                (place / "in" / file.name).write_bytes(file.make(shop))
            except CannotMakeError as error:
                left_out[file.label] = str(error)
                shutil.rmtree(place)
        done = subprocess.run(
            [sys.executable, "-P", "-m", "tests.hostile.judge", str(judged)],
            cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True, text=True, timeout=900, check=False,
        )  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(done.stderr[-2000:])
    answer = json.loads(done.stdout)
    verdicts = {label.removeprefix("recording "): verdict for label, verdict in answer["verdicts"].items()}
    foreign = [
        str(path.relative_to(judged))
        for path in judged.glob("*/out/*")
        if path.is_file() and holds_canary(path.read_bytes())
    ]
    return Judged(verdicts, left_out, answer["grown"], listener.connections, foreign)
