"""``introeval submit``: hand in videos or homework, several at once, each with its own outcome.

A daemon that cannot be reached ends the run (the rest would wait for the same nothing); a refused file does not.
"""

import argparse
import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from introeval.cli.overrides import settings_of
from introeval.cli.roster import (
    ANY_ENDINGS,
    VIDEO_ENDINGS,
    entries,
    files_in,
    read_manifest,
    read_roster,
)
from introeval.cli.terminal import console, plain, shown
from introeval.client import Api, DaemonRefusedError, UnreachableError, connect
from introeval.client.address import base_url
from introeval.client.upload import Entry, Patience, send
from scheduler.errors import ConfigurationError


class Ending(Enum):
    """How a file fared, with the word and the style for it."""

    ACCEPTED = ("accepted", "green")
    ALREADY = ("already there", "cyan")
    REFUSED = ("refused", "bold red")
    NOT_SENT = ("not sent", "yellow")


@dataclass(frozen=True, slots=True)
class Outcome:
    """``detail``: the submission's id, or why there is none."""

    entry: Entry
    ending: Ending
    detail: str


Tell = Callable[[Outcome], None]


def run(options: argparse.Namespace) -> int:
    """Submit; 0 when every file is with the daemon."""
    url = base_url(options.url, settings_of(options))
    chosen = _chosen(options)
    outcomes = asyncio.run(_submit(url, chosen, options.jobs))
    _sum_up(console(), url, outcomes)
    arrived = {Ending.ACCEPTED, Ending.ALREADY}
    return 0 if all(outcome.ending in arrived for outcome in outcomes) else 1


def _chosen(options: argparse.Namespace) -> list[Entry]:
    endings = VIDEO_ENDINGS if options.assignment is None else ANY_ENDINGS
    files = [*options.files, *(files_in(options.dir, endings) if options.dir else ())]
    if not files:
        raise ConfigurationError("Name the files, or a folder with --dir.")
    roster = (
        read_roster(options.roster) if options.roster else read_manifest(options.dir) if options.dir else {}
    )
    return entries(files, roster, options.roll, options.name, options.assignment)


async def _submit(url: str, chosen: Sequence[Entry], jobs: int) -> list[Outcome]:
    out = console()
    progress = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        console=out,
        disable=not out.is_terminal,
        transient=True,
    )
    async with connect(url) as api:
        # One clear line when nobody is there, before anything is hashed.
        await api.status()
        with progress:
            return await submit_all(
                api, chosen, jobs, tell=lambda outcome: _show(out, outcome), progress=progress
            )


async def submit_all(
    api: Api,
    chosen: Sequence[Entry],
    jobs: int,
    *,
    tell: Tell = lambda outcome: None,
    progress: Progress | None = None,
    patience: Patience | None = None,
) -> list[Outcome]:
    """Send all, ``jobs`` at once; outcomes in the given order. ``tell`` hears of each as it ends."""
    places = asyncio.Semaphore(jobs)
    gone: list[UnreachableError] = []

    async def one(entry: Entry) -> Outcome:
        async with places:
            if gone:
                outcome = Outcome(entry, Ending.NOT_SENT, str(gone[0]))
            else:
                outcome = await _one(api, entry, progress, patience, gone)
        tell(outcome)
        return outcome

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(entry)) for entry in chosen]
    return [task.result() for task in tasks]


async def _one(
    api: Api,
    entry: Entry,
    progress: Progress | None,
    patience: Patience | None,
    gone: list[UnreachableError],
) -> Outcome:
    shown_progress = progress or Progress(disable=True)
    label = plain(entry.path.name)
    bar = shown_progress.add_task(label, total=None)
    try:
        shown_progress.update(bar, total=entry.size())
        receipt = await send(
            api,
            entry,
            patience=patience,
            on_bytes=lambda done: shown_progress.update(bar, completed=done, description=label),
            on_wait=lambda seconds, reason: shown_progress.update(
                bar, description=f"{label} (again in {seconds:.0f} s: {plain(reason)})"
            ),
        )
    except DaemonRefusedError as error:
        return Outcome(entry, Ending.REFUSED, str(error))
    except UnreachableError as error:
        gone.append(error)
        return Outcome(entry, Ending.NOT_SENT, str(error))
    except OSError as error:
        return Outcome(entry, Ending.NOT_SENT, f"it cannot be read: {error.strerror or error}")
    finally:
        shown_progress.remove_task(bar)
    return Outcome(entry, Ending.ACCEPTED if receipt.created else Ending.ALREADY, receipt.id)


def _show(out: Console, outcome: Outcome) -> None:
    word, style = outcome.ending.value
    entry = outcome.entry
    out.print(
        shown(f"{word:13}", style),
        shown(f"{entry.path.name} ({entry.roll_number}): {outcome.detail}"),
        soft_wrap=True,
    )


def _sum_up(out: Console, url: str, outcomes: Sequence[Outcome]) -> None:
    counts = {ending: sum(outcome.ending is ending for outcome in outcomes) for ending in Ending}
    words = ", ".join(f"{count} {ending.value[0]}" for ending, count in counts.items() if count)
    out.print(f"{words}. Watch them: introeval status, or {url}/", soft_wrap=True)
