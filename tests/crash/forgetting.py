"""``kill -9`` at each state call while a submission is forgotten: nothing of it is left then, and all of the others.

The folder of a finished life is copied for each kill. A teacher gives one submission a date that has passed; the daemon
forgets it (tables, files, the rewriting of the state file) and is killed meanwhile; the next one goes on by itself.
"""

import asyncio
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import aiohttp

from db.database import Database
from introeval.clock import SystemClock
from introeval.keeping.purge import Policy, Purger
from introeval.keeping.shelf import Shelf
from tests.crash.lab import DiedError, Lab, Nursery, lab
from tests.crash.life import TROUBLE, Ledger, Life
from tests.crash.points import LIFE_SECONDS, Outcome
from tests.crash.verdict import files_of, orphans, results_of
from tests.crash.waiting import StatusLines, within
from tests.crash.watch import Call, Rule, kill_at

CANARY = "Perpetua Canary"
PAST = "2020-01-01T00:00:00Z"
GONE = 410


async def finished(nursery: Nursery, root: Path, seed: int) -> Ledger:
    """Live a life with two submissions to its end; ``root`` is then the template, and ``CANARY`` its first student."""
    ledger = Ledger()
    for size in (5_000, 6_000):
        ledger.add(seed, size)
    ledger.names["key-0"] = CANARY
    async with lab(nursery, root, INTROEVAL_BATCH_SIZE="2") as made:
        await Life(made, ledger).live()
        assert [path.name for path in _with_canary(made.state)] == ["introeval.sqlite3"]
    return ledger


async def forget_watched(nursery: Nursery, template: Path, root: Path, ledger: Ledger) -> list[Call]:
    """The state calls of a daemon that forgets without being killed."""
    outcome = Outcome()
    return await _forget(nursery, template, root, ledger, lambda call: None, outcome)


async def forget_killed(
    nursery: Nursery, template: Path, root: Path, ledger: Ledger, numbers: Sequence[int], jobs: int = 1
) -> Outcome:
    """One copy for each of ``numbers``, at which it is killed."""
    outcome = Outcome()
    left = iter(numbers)

    async def work() -> None:
        for number in left:
            await _forget(nursery, template, root / f"forget-{number}", ledger, kill_at(number), outcome)

    async with asyncio.TaskGroup() as group:
        for _ in range(jobs):
            group.create_task(work())
    return outcome


async def _forget(
    nursery: Nursery, template: Path, root: Path, ledger: Ledger, rule: Rule, outcome: Outcome
) -> list[Call]:
    task = ledger.accepted["key-0"]
    with StatusLines.open() as lines:
        async with lab(nursery, root, NOTIFY_SOCKET=lines.address) as made:
            shutil.copytree(template / "state", made.state)
            try:
                async with within(LIFE_SECONDS, "it was not forgotten"):
                    await _until_forgotten(made, lines, task, rule)
                found = await _left(made, task, ledger)
            except Exception as error:  # reported with its number; the others go on
                found = [f"{type(error).__name__}: {error}"]
            assert made.watcher is not None
            if (at := made.watcher.killed) is not None:
                outcome.killed.append(at)
            outcome.failures += [f"forgetting, {at and (at.number, at.kind)}: {wrong}" for wrong in found]
    shutil.rmtree(root)
    return made.watcher.calls


async def _until_forgotten(made: Lab, lines: StatusLines, task: str, rule: Rule) -> None:
    """Ask for it until the daemon has done with it; start it again when it has died."""
    try:
        await made.start(rule)
    except DiedError:
        await _again(made)
    while True:
        try:
            async with made.http() as http:
                await _ask(http, lines, task, made)
            break
        except TROUBLE:
            await _again(made)
    while await made.stop() != 0:
        await _again(made)


async def _again(made: Lab) -> None:
    async with within(10, "it fell silent, and did not end"):
        if made.pid is not None:
            await made.gone()
    assert made.watcher is not None
    assert made.watcher.killed, "it died by itself:\n" + made.log[-3000:]
    await made.start()


async def _ask(http: aiohttp.ClientSession, lines: StatusLines, task: str, made: Lab) -> None:
    path = f"/api/v1/submissions/{task}"
    async with http.put(f"{path}/retention", json={"delete_after": PAST}) as answer:
        assert answer.status in (200, GONE), (answer.status, await answer.text())
    while True:
        async with http.get(path) as answer:
            assert answer.status in (200, GONE)
            if answer.status == GONE and await asyncio.to_thread(_ended, made.database, task):
                return
        await _commit(made, lines)


async def _commit(made: Lab, lines: StatusLines) -> None:
    """Wait for the next one. Raises ``DiedError`` when the daemon ends instead."""
    line, end = asyncio.create_task(lines.next()), asyncio.create_task(made.ended.wait())
    try:
        done, _ = await asyncio.wait([line, end], return_when=asyncio.FIRST_COMPLETED)
    finally:
        line.cancel()
        end.cancel()
    if line not in done:
        raise DiedError("it ended while it forgot")


def _ended(database: Path, task: str) -> bool:
    """Whether its purge has ended, the rewriting of the state file with it."""
    # Read-only: the last connection to be closed would else take part in what is watched.
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as tables:
        row = tables.execute(
            "SELECT purged_at, request FROM processing_tasks WHERE id = ?", (task,)
        ).fetchone()
        return row is not None and row[0] is not None and row[1] is None


async def _left(made: Lab, task: str, ledger: Ledger) -> list[str]:
    """What is wrong after one more round (``introeval purge``): the daemon may have been stopped in its own."""
    async with Database.open(made.state) as database:
        await Purger(database, Shelf(made.state / "backups"), Policy()).round(SystemClock().now())
    found = [f"{path.name} still names the student" for path in _with_canary(made.state)]
    others = {key: other for key, other in ledger.accepted.items() if other != task}
    with closing(sqlite3.connect(made.database)) as tables:
        found += [
            f"integrity: {row[0]}" for row in tables.execute("PRAGMA integrity_check") if row[0] != "ok"
        ]
        found += files_of(tables, made.state, ledger, others) + results_of(tables, others)
        row = tables.execute(
            "SELECT purged_at, request FROM processing_tasks WHERE id = ?", (task,)
        ).fetchone()
        if row is None or row[0] is None or row[1] is not None:
            found.append(f"the forgotten one's row is {row}")
    left = [name for name in orphans(made) if task in name and not name.startswith("missing")]
    return found + left


def _with_canary(state: Path) -> list[Path]:
    return [path for path in state.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()]
