"""``python -m tests.crash``: the long forms.

``points``: a kill at each state call of a life, in random order. ``twice``: and one more in the recovery. ``forget``:
at each call while a submission is forgotten. ``load``: random kills under load. ``ready``: how soon it serves when
1,000 submissions wait.

Without a name: all of them. The status is 1 when anything that was promised was not kept.
"""

import argparse
import asyncio
import logging
import os
import random
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.crash import seccomp
from tests.crash.forgetting import finished, forget_killed, forget_watched
from tests.crash.lab import Nursery
from tests.crash.load import kills_under_load
from tests.crash.points import calls_of_a_life, kill_at_each, kill_twice
from tests.crash.ready import QUEUED, fill, measure

MARGIN = 15
"""Lives differ by some calls: so many numbers more than the watched one had."""


async def points(root: Path, options: argparse.Namespace) -> list[str]:
    """A kill at every state call (or every ``--every``-th)."""
    async with Nursery.open() as nursery:
        calls = await calls_of_a_life(nursery, root / "watched", options.seed)
        numbers = list(range(1, len(calls) + MARGIN + 1, options.every))
        # A run that is cut is then a sample of the whole life.
        random.Random(options.seed).shuffle(numbers)
        print(f"points: a life has {len(calls)} state calls of {len({call.kind for call in calls})} kinds")
        outcome = await kill_at_each(nursery, root, options.seed, numbers, options.jobs)
        never = {call.kind for call in calls} - set(outcome.kinds)
    print(
        f"points: killed at {len(outcome.killed)}, not reached {len(outcome.missed)}, failures {len(outcome.failures)}"
    )
    print(f"points: kinds of calls without a kill: {', '.join(sorted(never)) or 'none'}")
    return outcome.failures


async def twice(root: Path, options: argparse.Namespace) -> list[str]:
    """A kill at a random state call, and one at a random call of the next start."""
    async with Nursery.open() as nursery:
        calls = await calls_of_a_life(nursery, root / "watched-twice", options.seed)
        outcome = await kill_twice(nursery, root, options.seed, options.pairs, len(calls), options.jobs)
    print(
        f"twice: {options.pairs} lives, {len(outcome.killed)} killed twice, failures {len(outcome.failures)}"
    )
    return outcome.failures


async def load(root: Path, options: argparse.Namespace) -> list[str]:
    """Random kills under upload load."""
    async with Nursery.open() as nursery:
        load, ledger, found = await kills_under_load(nursery, root / "load", options.seed, options.kills)
    print(
        f"load: {load.kills} kills ({load.starting} in a start), {len(ledger.accepted)} files acknowledged, "
        f"{load.repeated} uploads repeated, {len(found)} failures"
    )
    return found


async def ready(root: Path, options: argparse.Namespace) -> list[str]:
    """The real command on a full folder."""
    await fill(root / "ready")
    # Neither a model nor a speech recogniser has to be there for a start; the folder only names one.
    environment = {"INTROEVAL_MODELS": "ollama", "INTROEVAL_STT_MODEL": str(root)}
    for queued in (QUEUED, 0):
        folder = root / ("ready" if queued else "empty")
        times = [await measure(folder, environment, queued) for _ in range(5)]
        wall, cpu = (statistics.median(getattr(one, name) for one in times) for name in ("wall", "cpu"))
        print(f"ready: {queued} queued, median of {len(times)}: {wall:.2f} s on the wall, {cpu:.2f} s of CPU")
    return []


async def forget(root: Path, options: argparse.Namespace) -> list[str]:
    """A kill at every state call of a daemon that forgets a submission."""
    async with Nursery.open() as nursery:
        template = root / "template"
        ledger = await finished(nursery, template, options.seed)
        calls = await forget_watched(nursery, template, root / "watched-forget", ledger)
        numbers = range(1, len(calls) + 1, options.every)
        outcome = await forget_killed(nursery, template, root, ledger, numbers, options.jobs)
    print(
        f"forget: {len(calls)} state calls, killed at {len(outcome.killed)}, failures {len(outcome.failures)}"
    )
    return outcome.failures


FORMS = {"points": points, "twice": twice, "forget": forget, "load": load, "ready": ready}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the forms that were asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("forms", nargs="*", default=[], help=f"of {', '.join(FORMS)}; none: all")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--every", type=int, default=1, help="points: only every n-th")
    parser.add_argument("--kills", type=int, default=2000, help="load: how many")
    parser.add_argument("--pairs", type=int, default=200, help="twice: how many lives")
    parser.add_argument("--jobs", type=int, default=max(1, (os.cpu_count() or 1)))
    options = parser.parse_args(arguments)
    if unknown := set(options.forms) - set(FORMS):
        parser.error(f"no such form: {', '.join(sorted(unknown))}")
    if why := seccomp.available():
        print(why)
        return 1
    # The model server's complaints about clients that were killed are no news here.
    logging.disable()
    print(f"seed {options.seed}")
    with tempfile.TemporaryDirectory(prefix="introeval-crash-") as folder:
        failures = []
        for name in options.forms or FORMS:
            failures += asyncio.run(FORMS[name](Path(folder), options))
    print("\n".join(failures) or "kept: every promise")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
