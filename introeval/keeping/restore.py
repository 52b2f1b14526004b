"""``restore``: put a backup in the place of a state. What was there is moved aside, never removed.

The rules:

1. Only a backup that ``check_backup`` trusts (it may lack what its state had lost already), only while no daemon runs,
   and over an existing state only when told so.
2. While it is under way the state folder holds ``restore.unfinished``, and no daemon starts; repeated, it begins anew
   from the backup, which is only read.
3. What was forgotten since the backup was made must not come back: the old state's list of it, if it can be read, is
   applied to the new one, before anybody works on it. Dates that have come meanwhile are the next round's.
4. That list is in ``restore.unfinished`` before the old state is moved aside: a repetition finds another state in its
   place, or none, and unites what that one knows with what is written there.
"""

import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from dataclasses import replace as replace_fields
from pathlib import Path

from db.database import FILE_NAME
from introeval.instance import single_instance
from introeval.keeping import files
from introeval.keeping.check import check_backup
from introeval.keeping.errors import RestoreError
from introeval.keeping.integrity import UNFINISHED
from introeval.keeping.lock import alone
from introeval.keeping.manifest import read_manifest
from introeval.paths import StateLayout

ASIDE = "before-restore-"
_SESSION = "session "
_PARTS = (
    FILE_NAME,
    f"{FILE_NAME}-wal",
    f"{FILE_NAME}-shm",
    "videos",
    "images",
    "transcripts",
    "audio",
    "pages",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """``aside``: where what was there is now; ``None``: there was nothing. ``forgotten``, ``sessions``: what must not
    come back.
    """

    submissions: int
    aside: Path | None
    forgotten: frozenset[str]
    sessions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A restore that did not end: of which backup, and what must not come back with it."""

    backup: Path
    forgotten: frozenset[str] = frozenset()
    sessions: frozenset[str] = frozenset()

    def text(self) -> str:
        """As it is written: the backup, then a line for each id."""
        lines = [
            str(self.backup),
            *sorted(self.forgotten),
            *(f"{_SESSION}{one}" for one in sorted(self.sessions)),
        ]
        return "".join(f"{line}\n" for line in lines)

    def and_of(self, state: StateLayout) -> "Unfinished":
        """United with what the tables that are there know of those that were forgotten, if they can be read."""
        forgotten = _asked(state, "SELECT id FROM processing_tasks WHERE purged_at IS NOT NULL")
        kind = "SELECT json_extract(detail, '$.session') FROM events WHERE kind = 'session_purged'"
        return replace_fields(
            self, forgotten=self.forgotten | forgotten, sessions=self.sessions | _asked(state, kind)
        )


def read_unfinished(state_dir: Path) -> Unfinished | None:
    """What ``restore.unfinished`` says; ``None``: no restore is under way. Raises ``RestoreError``."""
    path = state_dir / UNFINISHED
    try:
        backup, *ids = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise RestoreError(
            f"{path} cannot be read ({type(error).__name__}), and it says what must not come back: mend the disk."
        ) from error
    sessions = frozenset(one.removeprefix(_SESSION) for one in ids if one.startswith(_SESSION))
    return Unfinished(Path(backup), frozenset(one for one in ids if not one.startswith(_SESSION)), sessions)


def restore(state_dir: Path, backup: Path, *, replace: bool, now: float) -> Restored:
    """Put ``backup`` in the place of the state in ``state_dir``. Raises ``RestoreError`` and ``ConfigurationError``.

    Afterwards forget what it returns (``Purger.forget_anyway``), then call ``finish``.
    """
    state = StateLayout(state_dir)
    reasons = check_backup(backup, lacking=False)
    if reasons:
        raise RestoreError(
            f"The backup {backup} cannot be put back: {reasons[0]} See `introeval restore --check`."
        )
    state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with single_instance(state.instance_lock), alone(state_dir):
        unfinished = state_dir / UNFINISHED
        if (
            not replace
            and not unfinished.exists()
            and any((state_dir / name).exists() for name in _PARTS[:4])
        ):
            raise RestoreError(
                f"There is a state in {state_dir} already: with --replace it is moved aside, into a folder "
                f"{ASIDE}... there."
            )
        begun = replace_fields(read_unfinished(state_dir) or Unfinished(backup), backup=backup).and_of(state)
        try:
            files.write_whole(unfinished, begun.text())
            aside = _move_aside(state_dir, now)
            submissions = _place(state_dir, backup)
        except OSError as error:
            raise RestoreError(
                f"The restore did not end ({error.strerror}): the backup is as it was, what was in {state_dir} is in "
                f"a folder {ASIDE}... there. Mend the reason and repeat the command."
            ) from error
        return Restored(
            submissions=submissions, aside=aside, forgotten=begun.forgotten, sessions=begun.sessions
        )


def finish(state_dir: Path) -> None:
    """The new state is whole, and nothing is in it that must not be: daemons may start."""
    (state_dir / UNFINISHED).unlink()
    files.sync_folder(state_dir)


def _move_aside(state_dir: Path, now: float) -> Path | None:
    there = [state_dir / name for name in _PARTS if (state_dir / name).exists()]
    if not there:
        return None
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    names = [f"{ASIDE}{stamp}", *(f"{ASIDE}{stamp}-{number}" for number in range(2, 1000))]
    aside = next(state_dir / name for name in names if not (state_dir / name).exists())
    aside.mkdir(mode=0o700)
    for path in there:
        path.rename(aside / path.name)
    files.sync_folder(aside)
    files.sync_folder(state_dir)
    return aside


def _place(state_dir: Path, backup: Path) -> int:
    manifest = read_manifest(backup)
    for name in manifest.files:
        target = state_dir / name
        target.parent.mkdir(exist_ok=True, mode=0o700)
        # The database will be written; the others never are.
        if name == FILE_NAME or not files.link(backup / name, target):
            files.copy(backup / name, target)
    for path in (state_dir / name for name in _PARTS):
        if path.exists():
            files.give(path, state_dir)
    files.sync_tree(state_dir)
    return manifest.submissions


def _asked(state: StateLayout, sql: str) -> frozenset[str]:
    if not state.database.is_file():
        return frozenset()
    try:
        with closing(sqlite3.connect(state.database)) as connection:
            return frozenset(str(row[0]) for row in connection.execute(sql))
    except sqlite3.Error:
        # It is damaged, or older than retention: that is why it is replaced.
        return frozenset()
