"""``introeval backup``, ``restore``, ``purge`` and ``retention``.

The first three work on the state folder itself, as the user who owns it; ``backup`` and ``purge`` also beside a running
daemon. ``retention`` asks the daemon.
"""

import argparse
import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

from db.database import FILE_NAME, Database
from introeval import wiring
from introeval.cli.overrides import settings_of
from introeval.cli.terminal import console, shown
from introeval.client import connect
from introeval.client.address import base_url
from introeval.client.retention import set_retention, unset_retention
from introeval.keeping.backup import make_backup
from introeval.keeping.check import check_backup
from introeval.keeping.clock_watch import ClockWatch
from introeval.keeping.errors import RestoreError
from introeval.keeping.integrity import require_whole
from introeval.keeping.purge import Policy, Purged, Purger
from introeval.keeping.restore import Restored, finish, read_unfinished
from introeval.keeping.restore import restore as put_back
from introeval.keeping.shelf import Shelf
from introeval.settings import Settings
from scheduler.errors import ConfigurationError

MOST_SHOWN = 20


def backup(options: argparse.Namespace) -> int:
    """Make one; 1 when the state has lost a file that a row names."""
    settings = settings_of(options)
    shelf = _shelf(options, settings)
    made = make_backup(settings.state_dir, shelf, keep=options.keep or settings.backup.keep, now=time.time())
    out = console()
    told = f"{made.submissions} submissions, {made.files} files, {made.bytes / 1e6:.1f} MB: {made.folder}"
    out.print(shown(told), soft_wrap=True)
    for folder in made.removed:
        out.print(
            shown(f"removed, for it is older than the newest kept: {folder.name}", "dim"), soft_wrap=True
        )
    if settings.state_dir.stat().st_dev == shelf.folder.stat().st_dev:
        hint = "It is on the disk of the state: if that disk dies, so does this backup (--to, or backup.dir)."
        out.print(shown(hint, "yellow"), soft_wrap=True)
    lost = [f"lost in the state, taken from an earlier backup: {name}" for name in made.rescued]
    lost += [f"lost in the state and in no earlier backup whole: {name}" for name in made.missing]
    if len(lost) > MOST_SHOWN:
        lost[MOST_SHOWN:] = [f"... and {len(lost) - MOST_SHOWN} more files"]
    for line in lost:
        out.print(shown(line, "red"), soft_wrap=True)
    return 1 if lost else 0


def restore(options: argparse.Namespace) -> int:
    """Check a backup, or put it back; 1 when it cannot be trusted."""
    settings = settings_of(options)
    chosen = _chosen(options, settings)
    out = console()
    if options.check:
        reasons = check_backup(chosen)
        for reason in reasons:
            out.print(shown(reason, "red"), soft_wrap=True)
        verdict = "cannot be trusted" if reasons else "is whole: every file, every row, every counter"
        out.print(shown(f"{chosen} {verdict}."), soft_wrap=True)
        return 1 if reasons else 0
    done = put_back(settings.state_dir, chosen, replace=options.replace, now=time.time())
    if done.forgotten or done.sessions:
        asyncio.run(_forget_again(settings, _shelf(options, settings), done))
    finish(settings.state_dir)
    out.print(shown(f"{done.submissions} submissions are back, from {chosen}."), soft_wrap=True)
    if done.aside is not None:
        hint = f"What was there is in {done.aside}. Remove it when you no longer need it: purges do not reach it."
        out.print(shown(hint, "yellow"), soft_wrap=True)
    return 0


def purge(options: argparse.Namespace) -> int:
    """Delete what is due; 1 when one of those that were named cannot be deleted."""
    settings = settings_of(options)
    if not (settings.state_dir / FILE_NAME).is_file():
        raise ConfigurationError(f"There is no state in {settings.state_dir}: check --state-dir.")
    require_whole(settings.state)
    return asyncio.run(_purge(options, settings))


def retention(options: argparse.Namespace) -> int:
    """Set, unset or lift one submission's date."""
    settings = settings_of(options)
    until = None if options.until is None else _moment(options.until)

    async def ask() -> str | None:
        async with connect(base_url(options.url, settings)) as api:
            if options.as_assignment:
                return await unset_retention(api, options.submission)
            return await set_retention(api, options.submission, until)

    at = asyncio.run(ask())
    told = "kept until somebody deletes it" if at is None else f"deleted after {at}"
    console().print(shown(f"{options.submission} is {told}."), soft_wrap=True)
    return 0


async def _purge(options: argparse.Namespace, settings: Settings) -> int:
    out, now = console(), time.time()
    async with Database.open(settings.state_dir) as database:
        purger = Purger(database, _shelf(options, settings), wiring.policy(settings))
        if options.dry_run:
            await purger.keeping.follow_policy(settings.retention.days)
            due = await purger.keeping.due(now)
            for each in due:
                day = datetime.fromtimestamp(each.delete_after, UTC).date()
                out.print(
                    shown(f"{each.id}  {each.kind}, {each.assignment_id}, due since {day}"), soft_wrap=True
                )
            out.print(f"{len(due)} would be deleted.")
            return 0
        if not options.submission:
            # Whoever deletes by hand vouches for the clock.
            ClockWatch(settings.state_dir).believe(now)
            _tell(await purger.round(now))
            return 0
        done = await purger.forget(options.submission, now)
        gone = await purger.keeping.forgotten()
        left = [one for one in options.submission if one not in gone]
    _tell(done)
    for one in left:
        reason = "there is none of this id, or it has not ended (stop it first: POST /api/v1/submissions/ID/cancel)"
        out.print(shown(f"{one} was not deleted: {reason}.", "red"), soft_wrap=True)
    return 1 if left else 0


async def _forget_again(settings: Settings, shelf: Shelf, done: Restored) -> None:
    async with Database.open(settings.state_dir) as database:
        purger = Purger(database, shelf, Policy())
        await purger.forget_anyway(sorted(done.forgotten), sorted(done.sessions), time.time())


def _tell(done: Purged) -> None:
    parts = [f"{done.submissions} submissions deleted", f"{done.files} files removed"]
    parts += [f"raw replies dropped: {done.replies}"] if done.replies else []
    parts += [f"backups gone through: {done.backups}"] if done.backups else []
    console().print(f"{', '.join(parts)}.")


def _shelf(options: argparse.Namespace, settings: Settings) -> Shelf:
    return Shelf(options.to.expanduser().absolute() if options.to else settings.backup_dir)


def _chosen(options: argparse.Namespace, settings: Settings) -> Path:
    if options.backup is not None:
        return Path(options.backup).expanduser().absolute()
    begun = None if options.check else read_unfinished(settings.state_dir)
    if begun is not None:
        # The very one whose restore was interrupted.
        return begun.backup
    shelf = _shelf(options, settings)
    found = shelf.backups()
    if not found:
        raise RestoreError(f"There is no backup in {shelf.folder}: name one, or its folder with --from.")
    return found[0]


def _moment(text: str) -> str:
    """An ISO 8601 time with a zone; a bare date is its end in this machine's zone. Not one that is over."""
    try:
        bare = len(text) == len("2027-06-30")
        moment = (
            datetime.fromisoformat(f"{text}T23:59:59").astimezone() if bare else datetime.fromisoformat(text)
        )
    except ValueError as error:
        raise ConfigurationError(f"'{text}' is no date: write 2027-06-30.") from error
    if moment.tzinfo is None:
        raise ConfigurationError(f"'{text}' has no zone: write 2027-06-30, or 2027-06-30T18:00+02:00.")
    if moment <= datetime.now(UTC):
        # A slip of the year would delete a student's work at once, and from the backups.
        raise ConfigurationError(f"'{text}' is over. To delete it now: `introeval purge --submission ID`.")
    return moment.isoformat()
