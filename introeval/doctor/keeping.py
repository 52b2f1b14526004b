"""Checks of what is kept: backups, and what escapes from deletion."""

import time

from db.database import FILE_NAME
from introeval.doctor.finding import Finding, Level
from introeval.keeping.clock_watch import SLACK_SECONDS, last_round
from introeval.keeping.errors import RestoreError
from introeval.keeping.manifest import read_manifest
from introeval.keeping.restore import ASIDE
from introeval.keeping.shelf import Shelf
from introeval.settings import Settings
from scheduler.errors import StateError

FRESH_SECONDS = 3 * 86400.0


def backups(settings: Settings) -> list[Finding]:
    """Whether there is a recent backup, on another disk. A state that does not exist yet needs none."""
    if not (settings.state_dir / FILE_NAME).is_file():
        return []
    try:
        found = Shelf(settings.backup_dir).backups()
    except StateError as error:
        advice = "Until then nothing is forgotten in them, and none is made."
        return [Finding("backups", Level.WARN, str(error), advice)]
    if not found:
        advice = "Run `introeval backup`, and enable introeval-backup.timer (docs/operations.md)."
        return [Finding("backups", Level.WARN, f"none in {settings.backup_dir}", advice)]
    try:
        age = time.time() - read_manifest(found[0]).made_at
    except RestoreError as error:
        advice = "Remove it and make another one: introeval backup."
        return [Finding("backups", Level.WARN, str(error), advice)]
    text = f"{len(found)} in {settings.backup_dir}, the newest {age / 3600:.0f} hours old"
    if age > FRESH_SECONDS:
        return [
            Finding("backups", Level.WARN, text, "Run `introeval backup`, and enable introeval-backup.timer.")
        ]
    if settings.backup_dir.stat().st_dev == settings.state_dir.stat().st_dev:
        advice = "They do not outlive the state's disk: set backup.dir to a folder on another one."
        return [Finding("backups", Level.WARN, text, advice)]
    return [Finding("backups", Level.OK, text)]


def clock(settings: Settings) -> list[Finding]:
    """Whether the daemon deletes by this clock: not when it is far ahead of its last round (``clock_watch``)."""
    try:
        last = last_round(settings.state_dir)
    except StateError as error:
        return [Finding("clock", Level.WARN, str(error), "Mend the disk, or remove the file.")]
    if last is None or time.time() - last <= SLACK_SECONDS:
        return []
    text = f"{(time.time() - last) / 86400:.0f} days since deletions were last looked at"
    advice = (
        "Either the daemon did not run, or this clock is wrong: look at `date`. The daemon deletes again when it ran "
        "for a day, or after `introeval purge`."
    )
    return [Finding("clock", Level.WARN, text, advice)]


def set_aside(settings: Settings) -> list[Finding]:
    """States that a restore has moved aside: no deletion reaches them."""
    if not settings.state_dir.is_dir():
        return []
    left = sorted(path.name for path in settings.state_dir.glob(f"{ASIDE}*"))
    if not left:
        return []
    advice = "No deletion reaches them: remove them when you no longer need them."
    return [
        Finding("restores", Level.WARN, f"moved aside in {settings.state_dir}: {', '.join(left)}", advice)
    ]
