"""``Shelf``: the folder that holds the backups of a state, each in a folder of its own, named by its time in UTC.

A name without ``.part`` is a whole backup. Only names that we made are ever touched. A folder that is not there holds
no backups; one that cannot be listed is an error, for what is in it is not known.
"""

import os
import re
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from introeval.keeping.files import remove_tree
from scheduler.errors import StateError

PREFIX = "introeval-"
_WHOLE = re.compile(r"introeval-\d{8}T\d{6}Z(-\d+)?")
_PART = re.compile(_WHOLE.pattern + r"\.part")


@dataclass(frozen=True, slots=True)
class Shelf:
    """``folder``: may be on another disk, and may not be there yet. Everything raises ``StateError``."""

    folder: Path

    def backups(self) -> list[Path]:
        """Whole ones, the newest first."""
        return sorted(
            (path for path in self._entries() if _WHOLE.fullmatch(path.name)), key=_age, reverse=True
        )

    def place(self, now: float) -> Path:
        """A free place for a backup that is made at ``now``."""
        name = PREFIX + time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
        taken = {path.name for path in self._entries()}
        number = 1
        while (chosen := name if number == 1 else f"{name}-{number}") in taken:
            number += 1
        return self.folder / chosen

    def sweep(self) -> None:
        """Remove what unfinished backups left. Call it only while you are ``alone``."""
        for path in self._entries():
            if _PART.fullmatch(path.name):
                _remove(path)

    def rotate(self, keep: int, spare: Collection[str] = ()) -> list[Path]:
        """Remove all but the newest ``keep`` and those that hold a file named in ``spare``; returns those that went."""
        old = [path for path in self.backups()[keep:] if not any((path / name).exists() for name in spare)]
        for path in old:
            # Cut off in the middle of this it must not look whole.
            _remove(path, path.with_name(path.name + ".part"))
        return old

    def _entries(self) -> list[Path]:
        try:
            with os.scandir(self.folder) as entries:
                return sorted(self.folder / entry.name for entry in entries if entry.is_dir())
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StateError(
                f"The backup folder {self.folder} cannot be listed ({error.strerror}): it must belong to the user of "
                "the daemon, and its disk must be there."
            ) from error


def _remove(path: Path, name: Path | None = None) -> None:
    try:
        remove_tree(path if name is None else path.rename(name))
    except OSError as error:
        raise StateError(
            f"The backup {path} cannot be removed ({error.strerror}): remove it by hand."
        ) from error


def _age(path: Path) -> tuple[str, int]:
    name, _, number = path.name.removeprefix(PREFIX).partition("-")
    return name, int(number or 1)
