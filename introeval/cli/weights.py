"""``introeval models pull|list``: installing model weights, with size and rate."""

import argparse
import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table

from introeval.cli.overrides import settings_of
from introeval.cli.terminal import console, plain
from introeval.settings import Settings
from models import registry, weights
from models.weights import OnProgress, PullProgress, Step


def pull(options: argparse.Namespace) -> int:
    """Install each named model, or what the settings need; raises ``WeightsError`` for the first that fails."""
    settings = settings_of(options)
    names = options.names or settings.weights
    asyncio.run(_pull_all(names, settings.cache_dir, options.local_dir or settings.models_dir))
    return 0


def pull_needed(settings: Settings) -> None:
    """Install what the settings need. Raises ``WeightsError``."""
    asyncio.run(_pull_all(settings.weights, settings.cache_dir, settings.models_dir))


def show(options: argparse.Namespace) -> int:
    """List the registry."""
    cache_dir = settings_of(options).cache_dir
    table = Table(box=None, pad_edge=False)
    for heading in ("NAME", "KIND", "SIZE", "INSTALLED", "LICENCE"):
        table.add_column(heading, no_wrap=True)
    table.add_column("TITLE")
    for spec in registry.load().values():
        installed = "yes" if weights.locate(spec.name, cache_dir) else "no"
        kind = "speech" if spec.kind == "stt" else "language"
        table.add_row(spec.name, kind, f"{spec.size / 1e6:,.0f} MB", installed, spec.licence, spec.title)
    console().print(table)
    return 0


async def _pull_all(names: Sequence[str], cache_dir: Path, local_dir: Path | None) -> None:
    out = console(stderr=True)
    for name in names:
        if weights.locate(name, cache_dir):
            out.print(f"{name} is installed.")
            continue
        with pull_display(out) as on_progress:
            folder = await weights.pull(name, cache_dir, local_dir=local_dir, on_progress=on_progress)
        out.print(f"{name} is now installed in {folder}.", soft_wrap=True)


@contextmanager
def pull_display(out: Console) -> Iterator[OnProgress]:
    """A progress bar on a terminal, else a line for each step."""
    if not out.is_terminal:
        yield _Lines(out).show
        return
    progress = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=out,
        transient=True,
    )
    with progress:
        yield _Bars(progress).show


class _Bars:
    """One bar for each step of each model."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._bars: dict[tuple[str, Step, str], TaskID] = {}

    def show(self, now: PullProgress) -> None:
        if now.step in (Step.SKIPPED, Step.DONE):
            for line in _line(now):
                self._progress.console.print(line, soft_wrap=True)
            return
        key = (now.name, now.step, now.source)
        if key not in self._bars:
            # What an earlier run left behind is no speed of this one: the bar's clock starts behind it.
            self._bars[key] = self._progress.add_task(
                f"{now.name} {now.step.value}", total=now.total, completed=now.done
            )
        self._progress.update(self._bars[key], completed=now.done, total=now.total)


class _Lines:
    """A line when a step begins, for logs and pipes."""

    def __init__(self, out: Console) -> None:
        self._out = out
        self._seen: set[tuple[str, Step, str]] = set()

    def show(self, now: PullProgress) -> None:
        key = (now.name, now.step, now.source)
        if key not in self._seen:
            self._seen.add(key)
            for line in _line(now):
                self._out.print(line, soft_wrap=True)


def _line(now: PullProgress) -> list[str]:
    if now.step is Step.SKIPPED:
        return [f"{now.name}: not from {now.source}: {plain(now.detail)}"]
    if now.step is Step.DONE:
        return []
    origin = f" from {now.source}" if now.source else ""
    return [f"{now.name}: {now.step.value}{origin}, {now.total / 1e6:,.0f} MB"]
