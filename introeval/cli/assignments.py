"""``introeval assignment``: assignments as files, through the daemon's API. ``check`` needs no daemon.

``show``, edit, ``apply`` go round: a shown text names the version that it is, and after ``apply`` the file names the
new one. Another teacher's change in between is never overwritten unseen.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Literal, TypeVar

from rich.table import Table

from introeval.assignments import Assignment, AssignmentError, load_assignment
from introeval.assignments.text import with_version
from introeval.assignments.unused import unused
from introeval.cli.overrides import settings_of
from introeval.cli.prompts import show_preview
from introeval.cli.terminal import console, shown
from introeval.client import DaemonRefusedError, connect
from introeval.client.address import base_url
from introeval.client.assignment_shapes import AssignmentLine
from introeval.client.assignments import Applied, AssignmentsApi
from introeval.prompts import wrong_prompts
from scheduler.errors import ConfigurationError

T = TypeVar("T")
Format = Literal["toml", "json"]

WRONG_FILE = 2
CHANGED, UNSAID = 412, 428


def list_(options: argparse.Namespace) -> int:
    """All of them."""
    console().print(_table(_ask(options, AssignmentsApi.all)))
    return 0


def show_(options: argparse.Namespace) -> int:
    """As a text to edit."""
    fmt: Format = "json" if options.json else "toml"
    text = _ask(options, lambda api: api.text(options.id, options.version, fmt))
    sys.stdout.write(text if text.endswith("\n") else text + "\n")
    return 0


def check_(options: argparse.Namespace) -> int:
    """Each wrong field on a line of its own; 0 when there is none."""
    try:
        assignment = _checked(*_read(options.file))
    except AssignmentError as error:
        lines = [str(item) for item in error.errors] or [str(error)]
        for line in lines:
            sys.stderr.write(f"introeval: {options.file}: {' '.join(line.split())}\n")
        return WRONG_FILE
    console().print(shown(f"{options.file} is good: {_told(assignment)}."), soft_wrap=True)
    return 0


def apply_(options: argparse.Namespace) -> int:
    """Add a version; 0 also when the newest says the same already."""
    text, fmt = _read(options.file)
    try:
        assignment = _checked(text, fmt)
    except AssignmentError as error:
        raise ConfigurationError(f"{options.file}: {error}") from error
    condition = _condition(assignment, options.force)
    applied = _ask(options, lambda api: _apply(api, assignment, text, fmt, condition))
    out = console()
    name, version = assignment.id, applied.version
    if not applied.changed:
        out.print(shown(f"Nothing changed: version {version} of {name} says the same."), soft_wrap=True)
        return 0
    out.print(shown(f"This is now version {version} of {name} ({_told(assignment)})."), soft_wrap=True)
    if fmt == "toml" and "version" in assignment.model_fields_set:
        _note_version(options.file, text, version)
    if version > 1:
        hint = f"Earlier results stay. To grade again under it: introeval assignment regrade {name}"
        out.print(shown(hint, "dim"), soft_wrap=True)
    return 0


def preview_(options: argparse.Namespace) -> int:
    """The prompts, before anything is spent."""

    async def ask(api: AssignmentsApi) -> int:
        document = await api.preview_document(options.id, options.submission, options.version)
        if options.json:
            json.dump(document, sys.stdout, indent=2, ensure_ascii=False)
            sys.stdout.write("\n")
        else:
            show_preview(console(), api.preview_of(document))
        return 0

    return _ask(options, ask)


def regrade_(options: argparse.Namespace) -> int:
    """Queue them again; 1 when none of those that were named could be."""
    done = _ask(options, lambda api: api.regrade(options.id, options.submissions))
    out = console()
    out.print(f"{len(done.queued)} queued to be graded again, under version {done.version}.")
    if done.skipped_count:
        out.print(f"{done.skipped_count} not:")
        for item in done.skipped:
            out.print(shown(f"  {item.id}: {item.reason}"), soft_wrap=True)
    return 1 if options.submissions and not done.queued else 0


def cancel_(options: argparse.Namespace) -> int:
    """Stop what has not ended."""
    done = _ask(options, lambda api: api.cancel(options.id))
    console().print(f"{len(done.cancelled)} stopped. They can be graded again: introeval assignment regrade.")
    return 0


def _ask(options: argparse.Namespace, question: Callable[[AssignmentsApi], Awaitable[T]]) -> T:
    async def ask() -> T:
        async with connect(base_url(options.url, settings_of(options))) as api:
            return await question(AssignmentsApi(api))

    return asyncio.run(ask())


async def _apply(
    api: AssignmentsApi, assignment: Assignment, text: str, fmt: Format, condition: dict[str, str]
) -> Applied:
    try:
        return await api.apply(assignment.id, text, fmt, condition)
    except DaemonRefusedError as error:
        if error.problem.status not in (CHANGED, UNSAID):
            raise
        hint = (
            f"{error} See it with `introeval assignment show {assignment.id}`; then write its version into the file, "
            "or use --force."
        )
        raise ConfigurationError(hint) from error


def _condition(assignment: Assignment, force: bool) -> dict[str, str]:
    """Which version may be replaced: any, the one that the file names, or none."""
    if force:
        return {"If-Match": "*"}
    return {} if "version" in assignment.model_fields_set else {"If-None-Match": "*"}


def _read(path: Path) -> tuple[str, Format]:
    try:
        # Windows' editor puts a byte order mark in front, which no parser takes.
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigurationError(f"{path} cannot be read: {reason}.") from error
    return text, "json" if path.suffix.lower() == ".json" else "toml"


def _checked(text: str, fmt: Format) -> Assignment:
    assignment = load_assignment(text, fmt)
    wrong = [*wrong_prompts(assignment), *unused(assignment)]
    if wrong:
        raise AssignmentError.of_fields(wrong)
    return assignment


def _note_version(path: Path, text: str, version: int) -> None:
    changed = with_version(text, version)
    try:
        if changed is None:
            raise OSError("its version is written in an unusual way")
        path.write_text(changed, encoding="utf-8")
    except OSError as error:
        sys.stderr.write(
            f"introeval: {path} still names the old version ({error.strerror or error}): write version = {version}.\n"
        )


def _told(assignment: Assignment) -> str:
    parts = [f"'{assignment.title}'", assignment.kind.value]
    parts += [f"{len(assignment.questions)} questions"] if assignment.questions else []
    parts += [f"{assignment.max_score:g} marks"] if assignment.max_score else []
    return ", ".join(parts)


def _table(lines: list[AssignmentLine]) -> Table:
    table = Table("ID", "VERSION", "KIND", "TITLE", "RUN", box=None, pad_edge=False)
    for line in lines:
        cells = (line.id, str(line.version), line.kind, line.title, line.run.detail)
        table.add_row(*(shown(cell) for cell in cells))
    return table
