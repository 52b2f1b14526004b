"""Deliberate defects, put into the child's copy of the production code: what a harness must find to be believed."""

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from db import database
from db.intake import Accepted, Intake, NewTask
from introeval.web.storage import Draft


@dataclass(frozen=True, slots=True)
class Mutant:
    """``apply``: breaks this process. ``disks``: 2 puts the uploads on a disk of their own, so that no commit of the
    tables' filesystem helps them by chance."""

    about: str
    apply: Callable[[], None]
    disks: int = 1


def _without_fsync(of: Callable[[int], bool]) -> Callable[[], None]:
    def apply() -> None:
        real = os.fsync

        def fsync(handle: int) -> None:
            if not of(os.fstat(handle).st_mode):
                real(handle)

        # SQLite's own calls are not Python's: its commits stay synced.
        os.fsync = fsync  # type: ignore[assignment]

    return apply


def _synchronous_normal() -> None:
    full = database._PRAGMAS
    database._PRAGMAS = tuple(text.replace("= FULL", "= NORMAL") for text in full)  # type: ignore[assignment]
    assert full != database._PRAGMAS, "the pragma has another name now: this mutant is none"


def _row_before_file() -> None:
    keep, accept = Draft.keep, Intake.accept
    waiting: dict[str, Draft] = {}

    async def keep_later(self: Draft) -> Path:
        if self.target.parent.name != "videos":
            # Page images have a row of another kind: they stay as they should be.
            return await keep(self)
        waiting[self.target.name] = self
        return self.target

    async def accept_first(self: Intake, new: NewTask, now: float) -> Accepted:
        accepted = await accept(self, new, now)
        await keep(waiting.pop(Path(new.video_path).name))
        return accepted

    Draft.keep = keep_later  # type: ignore[method-assign]
    patched: Any = accept_first
    Intake.accept = patched  # type: ignore[method-assign]


MUTANTS = {
    "no_file_fsync": Mutant("file fsync removed", _without_fsync(stat.S_ISREG)),
    "no_folder_fsync": Mutant(
        "folder fsync removed, uploads on another filesystem than the tables", _without_fsync(stat.S_ISDIR), 2
    ),
    "synchronous_normal": Mutant("PRAGMA synchronous=NORMAL", _synchronous_normal),
    "row_before_file": Mutant("row committed before the file has its name", _row_before_file),
}
