"""The grammar of keeping and forgetting: backups, restores, purges, and one submission's date."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from introeval.cli.counts import count

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

Command = Callable[["Commands", str, str, str], argparse.ArgumentParser]

_MODULE = "introeval.cli.keeping"


def add_keeping(
    commands: "Commands", command: Command, url: Callable[[argparse.ArgumentParser], None]
) -> None:
    """Add the commands. ``command`` makes one; ``url`` adds the option that says where the daemon is."""
    backup = command(commands, "backup", f"{_MODULE}:backup", "back the state up; the daemon may run")
    _state(backup)
    backup.add_argument("--to", type=Path, metavar="DIR", help="the folder of the backups")
    backup.add_argument("--keep", type=count, metavar="N", help="how many to keep, the newest ones")
    restore = command(
        commands, "restore", f"{_MODULE}:restore", "check a backup, or put it in the place of the state"
    )
    _state(restore)
    restore.add_argument("backup", nargs="?", type=Path, metavar="BACKUP", help="default: the newest one")
    restore.add_argument("--from", dest="to", type=Path, metavar="DIR", help="the folder of the backups")
    restore.add_argument("--check", action="store_true", help="verify it, and change nothing")
    restore.add_argument("--replace", action="store_true", help="move the state that is there aside")
    purge = command(
        commands, "purge", f"{_MODULE}:purge", "delete what is due, in the state and in its backups"
    )
    _state(purge)
    purge.add_argument(
        "--dry-run", action="store_true", help="list what would be deleted, and delete nothing"
    )
    purge.add_argument(
        "--submission", action="append", default=[], metavar="ID", help="this one now, whatever its date"
    )
    purge.add_argument("--backups", dest="to", type=Path, metavar="DIR", help="the folder of the backups")
    retention = command(commands, "retention", f"{_MODULE}:retention", "say how long one submission is kept")
    retention.add_argument("submission", metavar="SUBMISSION", help="the submission's id")
    chosen = retention.add_mutually_exclusive_group(required=True)
    chosen.add_argument(
        "--until", metavar="DATE", help="delete it then: a date, 2027-06-30, or a time with a zone"
    )
    chosen.add_argument("--never", action="store_true", help="keep it until somebody deletes it")
    chosen.add_argument("--as-assignment", action="store_true", help="keep it as its assignment says")
    url(retention)


def _state(command: argparse.ArgumentParser) -> None:
    command.add_argument("--state-dir", type=Path, metavar="DIR", help="database, videos and transcripts")
