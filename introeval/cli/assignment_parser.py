"""The grammar of ``introeval assignment``."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from introeval.cli.counts import count

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

Command = Callable[["Commands", str, str, str], argparse.ArgumentParser]

_MODULE = "introeval.cli.assignments"


def add_assignment(
    commands: "Commands", command: Command, url: Callable[[argparse.ArgumentParser], None]
) -> None:
    """Add the command and its own. ``command`` makes one; ``url`` adds the option that says where the daemon is."""
    about = "read, check and change assignments as files; grade again, stop, preview"
    parent = commands.add_parser("assignment", help=about, description=about[0].upper() + about[1:] + ".")
    actions = parent.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def add(name: str, text: str) -> argparse.ArgumentParser:
        made = command(actions, name, f"{_MODULE}:{name}_", text)
        if name != "check":
            url(made)
        return made

    add("list", "list the assignments, each with its run")
    show = add("show", "print an assignment as TOML to edit")
    _id(show)
    _version(show)
    show.add_argument("--json", action="store_true", help="as JSON instead")
    apply = add("apply", "make a new assignment, or a further version of one, from a file")
    apply.add_argument("file", type=Path, metavar="FILE", help="TOML, or JSON if it ends in .json")
    apply.add_argument(
        "--force", action="store_true", help="replace the newest version, whichever the file was made from"
    )
    check = add("check", "check a file, without a daemon")
    check.add_argument("file", type=Path, metavar="FILE", help="TOML, or JSON if it ends in .json")
    preview = add("preview", "show the exact prompts for a submission, with their tokens; nothing is asked")
    _id(preview)
    preview.add_argument("submission", metavar="SUBMISSION", help="the submission's id")
    _version(preview)
    preview.add_argument("--json", action="store_true", help="as the daemon sent it")
    regrade = add("regrade", "grade ended submissions again, under the newest version; results stay")
    _id(regrade)
    regrade.add_argument("submissions", nargs="*", metavar="SUBMISSION", help="only these (default: all)")
    _id(add("cancel", "stop every submission of an assignment that has not ended"))


def _id(command: argparse.ArgumentParser) -> None:
    command.add_argument("id", metavar="ID", help="the assignment's id")


def _version(command: argparse.ArgumentParser) -> None:
    command.add_argument("--version", type=count, metavar="N", help="this version (default: the newest)")
