"""The demo from the first download to the table of grades: the order of events, and cleaning up behind it."""

import argparse
import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from introeval import paths
from introeval.cli.overrides import settings_of
from introeval.cli.submit import Ending, Outcome, submit_all
from introeval.cli.terminal import clock_time, console
from introeval.client import Api, connect
from introeval.client.follow import Seen, View, follow
from introeval.client.shapes import Status, Submission
from introeval.client.upload import Entry, Patience
from introeval.demo.daemon import DemoDaemon
from introeval.demo.errors import DemoError
from introeval.demo.grades import grades_table
from introeval.demo.samples import demo_entries
from introeval.demo.show import Show, running_show
from introeval.demo.weights import Models, have_models

JOBS, AT_ONCE = 4, 8
BATCH_AGE_SECONDS = 30
PATIENCE = Patience(attempts=10)
"""The plug may be pulled during the uploads too: the daemon is started again in a few seconds."""
TERMINATED = 143


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended. ``seconds``: from the first upload to the last grade."""

    status: Status
    submissions: Sequence[Submission]
    outcomes: Sequence[Outcome]
    seconds: float


def run(options: argparse.Namespace) -> int:
    """Run the demo; 0 when every accepted video came to its end and the phases never met."""
    try:
        return asyncio.run(_run(options))
    except asyncio.CancelledError:
        return TERMINATED


async def _run(options: argparse.Namespace) -> int:
    _end_in_order_on_signals()
    out = console()
    settings = settings_of(options)
    chosen = demo_entries(options.samples)
    models = await have_models(settings, options.fast, out)
    with _new_home() as home:
        daemon = DemoDaemon(home, settings.cache_dir, options.port, _environment(models, len(chosen)))
        try:
            await daemon.start()
            out.print(f"The daemon serves at {daemon.url}/ (its log: {daemon.log})", soft_wrap=True)
            ended = await _watched(daemon, chosen, options.unplug, out)
            _report(out, daemon, models, ended, options.keep)
            if options.keep:
                await _keep(out, daemon)
        finally:
            await daemon.stop()
        complete = len(ended.submissions) + _refused(ended.outcomes) == len(chosen)
        if not complete or ended.status.violations:
            # Raised inside the folder's context, which is then kept.
            raise DemoError(f"The demo did not end as it should; the daemon's log is {daemon.log}.")
    return 0


async def _watched(daemon: DemoDaemon, chosen: Sequence[Entry], unplug: bool, out: Console) -> Ended:
    """The session, beside someone who starts the daemon again when it dies."""
    with running_show(out) as show:
        watching = asyncio.create_task(daemon.keep_running(show.say))
        session = asyncio.create_task(_session(daemon, chosen, unplug, show))
        try:
            await asyncio.wait({watching, session}, return_when=asyncio.FIRST_COMPLETED)
            if watching.done():
                watching.result()
            return await session
        finally:
            session.cancel()
            watching.cancel()
            await asyncio.gather(session, watching, return_exceptions=True)


async def _session(daemon: DemoDaemon, chosen: Sequence[Entry], unplug: bool, show: Show) -> Ended:
    async with connect(daemon.url) as api:
        uploads = asyncio.create_task(submit_all(api, chosen, JOBS, patience=PATIENCE))
        try:
            await follow(api, _Watch(daemon, uploads, unplug, show).see, submissions=True)
            outcomes = await uploads
        finally:
            uploads.cancel()
        seconds = show.elapsed
        submissions = await _in_full(api, [o.detail for o in outcomes if _accepted(o)])
        return Ended(await api.status(), submissions, outcomes, seconds)


async def _in_full(api: Api, ids: Sequence[str]) -> list[Submission]:
    """The submissions with their results, by roll number."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(task_id: str) -> Submission:
        async with places:
            return await api.submission(task_id)

    found = await asyncio.gather(*(one(task_id) for task_id in ids))
    return sorted(found, key=lambda submission: (submission.roll_number, submission.id))


class _Watch:
    """Looks on until all that was accepted has ended; pulls the plug once, in mid evaluation, if it was asked to."""

    def __init__(
        self, daemon: DemoDaemon, uploads: "asyncio.Task[list[Outcome]]", unplug: bool, show: Show
    ) -> None:
        self._daemon = daemon
        self._uploads = uploads
        self._unplug = unplug
        self._show = show

    def see(self, seen: Seen) -> bool:
        self._show.see(seen)
        if not isinstance(seen, View):
            return False
        if self._unplug and _mid_evaluation(seen):
            self._unplug = False
            self._show.say("Pulling the plug: kill -9 in the middle of the evaluation.")
            self._daemon.unplug()
            return False
        if not self._uploads.done():
            return False
        wanted = {outcome.detail for outcome in self._uploads.result() if _accepted(outcome)}
        return wanted <= {line.id for line in seen.submissions if line.ended}


def _mid_evaluation(view: View) -> bool:
    """Some are graded and one is being graded: what is finished and what is not will both show."""
    graded = any(line.current_phase == "completed" for line in view.submissions)
    return graded and any(task.stage == "llm" for task in view.status.running)


def _report(out: Console, daemon: DemoDaemon, models: Models, ended: Ended, keep: bool) -> None:
    refused = [
        (outcome.entry.roll_number, outcome.entry.name, outcome.detail)
        for outcome in ended.outcomes
        if not _accepted(outcome)
    ]
    out.print()
    out.print(grades_table(ended.submissions, refused))
    for remark in models.remarks:
        out.print(remark, style="yellow")
    status = ended.status
    graded = sum(submission.grade is not None for submission in ended.submissions)
    spent = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in status.seconds_per_phase.items())
    out.print(
        f"{graded} of {len(ended.outcomes)} graded in {clock_time(ended.seconds)} (phases: {spent or '-'})."
    )
    restarts = f", restarts of the daemon {daemon.restarts}" if daemon.restarts else ""
    out.print(f"Hand-overs {status.switchovers}, exclusion violations {status.violations}{restarts}.")
    out.print(f"Models: {models.stt} and {models.llm}.")
    hint = "" if keep else " (it ends with the demo; --keep leaves it serving)"
    out.print(f"Status page: {daemon.url}/{hint}", soft_wrap=True)


async def _keep(out: Console, daemon: DemoDaemon) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, stop.set)
    out.print("Still serving, because of --keep. Ctrl-C ends it.")
    watching = asyncio.create_task(daemon.keep_running(out.print))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({watching, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if watching.done():
        watching.result()
    watching.cancel()
    await asyncio.gather(watching, stopping, return_exceptions=True)


def _accepted(outcome: Outcome) -> bool:
    return outcome.ending in (Ending.ACCEPTED, Ending.ALREADY)


def _refused(outcomes: Sequence[Outcome]) -> int:
    return sum(outcome.ending is Ending.REFUSED for outcome in outcomes)


def _environment(models: Models, videos: int) -> dict[str, str]:
    # One batch: it closes as soon as all are there, and the phases are seen once each, whole.
    return {
        "INTROEVAL_BATCH_SIZE": str(videos),
        "INTROEVAL_BATCH_AGE_SECONDS": str(BATCH_AGE_SECONDS),
        "INTROEVAL_STT_MODEL": models.stt,
        "INTROEVAL_EMBEDDED_LLM": models.llm,
        "INTROEVAL_LOG_FORMAT": "json",
    }


@contextmanager
def _new_home() -> Iterator[Path]:
    """A fresh folder; removed at the end, unless the demo failed and somebody must read its log."""
    base = paths.default_state_dir(os.environ) / "demo"
    base.mkdir(parents=True, exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="run-", dir=base))
    try:
        yield home
    except asyncio.CancelledError:
        shutil.rmtree(home, ignore_errors=True)
        raise
    shutil.rmtree(home, ignore_errors=True)


def _end_in_order_on_signals() -> None:
    """A closed terminal or a SIGTERM must not leave the daemon behind."""
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
