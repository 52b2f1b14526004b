"""The daemon's rounds: what they cannot do they do later, and the daemon goes on."""

import asyncio
import logging
import shutil
from pathlib import Path

import pytest

from db.database import Database
from db.keeping import Keeping
from introeval.keeping.check import check_backup
from introeval.keeping.clock_watch import NAME, PROOF_SECONDS, ClockWatch, last_round
from introeval.keeping.lock import LOCK_NAME
from introeval.keeping.purge import Policy
from introeval.keeping.schedule import AGAIN_SECONDS, JUMPED, NOT_FORGOTTEN
from introeval.keeping.shelf import Shelf
from introeval.sd_notify import Notifier
from introeval.service import daemon
from introeval.settings import load
from scheduler.errors import StateError
from tests.keeping.canaries import Hears
from tests.keeping.clocks import HandClock, Rounds
from tests.keeping.shelves import backed_up
from tests.keeping.states import DAY, THEN, Lab, files_of, rows

KEPT = "SELECT count(*) FROM processing_tasks WHERE purged_at IS NULL"


def rounds(lab: Lab, at: float, days: float = 1.0) -> Rounds:
    """Of a daemon that began at ``at``."""
    return Rounds(lab.database, lab.root.parent / "backups", Policy(days=days), HandClock(at))


def in_the_way(path: Path) -> None:
    """Something at this path that is not what it must be: each look at it is an ``OSError``, for root too."""
    path.symlink_to(path)


async def test_backups_that_cannot_be_listed_do_not_end_the_daemon(
    lab: Lab, caplog: pytest.LogCaptureFixture
) -> None:
    """The state forgets, the log and the page say it, and the next round forgets in the backups."""
    await lab.graded(1)
    made = await asyncio.to_thread(backed_up, lab, 7, THEN)
    shelf, away = made.folder.parent, lab.root.parent / "away"
    await asyncio.to_thread(shelf.rename, away)
    in_the_way(shelf)
    with pytest.raises(StateError, match="cannot be listed"):
        Shelf(shelf).backups()
    async with rounds(lab, THEN + DAY) as work:
        assert await work.ended() == AGAIN_SECONDS
        assert work.keeper.trouble() == NOT_FORGOTTEN
        assert lab.rows(KEPT) == [(0,)]
        (record,) = [one for one in caplog.records if one.exc_info]
        assert "cannot be listed" in str(record.exc_info and record.exc_info[1])
        shelf.unlink()
        await asyncio.to_thread(away.rename, shelf)
        assert await work.next(AGAIN_SECONDS) == DAY
        assert work.keeper.trouble() is None
        assert (rows(made.folder, KEPT), files_of(made.folder)) == ([(0,)], [])


async def test_a_lock_that_cannot_be_opened_does_not_end_the_daemon(lab: Lab) -> None:
    """Nothing is forgotten until it can be."""
    await lab.graded(1)
    in_the_way(lab.root / LOCK_NAME)
    async with rounds(lab, THEN + DAY) as work:
        assert await work.ended() == AGAIN_SECONDS
        assert (work.keeper.trouble(), lab.rows(KEPT)) == (NOT_FORGOTTEN, [(1,)])
        (lab.root / LOCK_NAME).unlink()
        assert await work.next(AGAIN_SECONDS) == DAY
        assert (work.keeper.trouble(), lab.rows(KEPT)) == (None, [(0,)])


async def test_a_backup_that_cannot_be_removed_is_told(lab: Lab) -> None:
    """A name that rotation needs is taken by a folder that is not empty: a sentence, and the backup stays."""
    old = (await asyncio.to_thread(backed_up, lab, 7, THEN)).folder
    taken = old.with_name(old.name + ".part")
    (taken / "full").mkdir(parents=True)
    with pytest.raises(StateError, match=r"cannot be removed .*by hand"):
        Shelf(old.parent).rotate(0)
    assert old.is_dir()
    await asyncio.to_thread(shutil.rmtree, taken)
    assert Shelf(old.parent).rotate(0) == [old]


def log_of(caplog: pytest.LogCaptureFixture) -> str:
    """What was said so far, once."""
    said = caplog.text
    caplog.clear()
    return said


async def test_a_wrong_clock_deletes_nothing(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    """The machine starts in 2036 and somebody corrects it an hour later: nothing is lost, here or in the backup."""
    await lab.graded(1)
    session = await lab.session(7)
    made = await asyncio.to_thread(backed_up, lab, 7, THEN)
    before, years = (lab.rows("SELECT * FROM processing_tasks"), files_of(lab.root)), 12 * 365 * DAY
    async with rounds(lab, THEN + years, days=365) as work:
        assert await work.ended() == PROOF_SECONDS
        assert (work.keeper.trouble(), "clock has jumped" in log_of(caplog)) == (JUMPED, True)
        assert await work.next(3600.0) == PROOF_SECONDS - 3600
        assert log_of(caplog) == "", "it is said once"
        work.clock.wall -= years
        assert await work.next(3600.0) == DAY
        assert work.keeper.trouble() is None
    kept = lab.rows("SELECT id, current_phase, purged_at FROM processing_tasks")
    assert [(row[1], row[2]) for row in kept] == [("completed", None)]
    assert (files_of(lab.root), lab.rows("SELECT id FROM sessions")) == (before[1], [(session,)])
    assert await asyncio.to_thread(check_backup, made.folder) == []
    assert rows(made.folder, KEPT) == [(1,)]


async def test_a_clock_that_goes_on_evenly_is_believed_after_a_day(lab: Lab) -> None:
    """The machine was off for the holidays: a day later what is due goes. Another jump begins the day anew."""
    await lab.graded(1)
    async with rounds(lab, THEN + 40 * DAY, days=30) as work:
        assert await work.ended() == PROOF_SECONDS
        work.clock.wall += 10 * DAY
        assert await work.next(DAY) == PROOF_SECONDS
        assert lab.rows(KEPT) == [(1,)]
        assert await work.next(DAY) == DAY
        assert (lab.rows(KEPT), work.keeper.trouble()) == ([(0,)], None)
    assert last_round(lab.root) == THEN + 52 * DAY


async def test_a_machine_that_is_off_over_the_weekend_goes_on(lab: Lab) -> None:
    """The last round is in the state folder; a daemon that starts less than two days later deletes at once."""
    await lab.graded(1)
    async with rounds(lab, THEN + DAY, days=3) as work:
        await work.ended()
    async with rounds(lab, THEN + 2.9 * DAY, days=3) as work:
        assert await work.ended() == pytest.approx(0.1 * DAY)
        assert lab.rows(KEPT) == [(1,)]
        assert await work.next(0.1 * DAY + 1) == DAY
        assert lab.rows(KEPT) == [(0,)]


async def test_a_daemon_that_runs_for_weeks_believes_its_clock(lab: Lab) -> None:
    """However long a pause was, the process ran meanwhile; and then it jumps."""
    await lab.graded(1)
    async with rounds(lab, THEN, days=40) as work:
        await work.ended()
        assert await work.next(30 * DAY) == DAY
        assert work.keeper.trouble() is None
        work.clock.wall += 20 * DAY
        assert await work.next(60.0) == PROOF_SECONDS
        assert lab.rows(KEPT) == [(1,)]


async def test_a_start_in_1970_costs_no_day(lab: Lab) -> None:
    """A machine without a battery, corrected by the network: what is due is deleted at once."""
    await lab.graded(1)
    async with rounds(lab, THEN, days=1) as work:
        await work.ended()
        work.clock.wall = 0.0
        await work.next(60.0)
        assert last_round(lab.root) == THEN
        work.clock.wall = THEN + DAY
        assert await work.next(60.0) == DAY
        assert lab.rows(KEPT) == [(0,)]


async def test_a_person_who_purges_vouches_for_the_clock(lab: Lab) -> None:
    """``introeval purge`` writes the time down; the daemon, which would have waited, goes on by it."""
    await lab.graded(1)
    async with rounds(lab, THEN + 40 * DAY, days=50) as work:
        assert await work.ended() == PROOF_SECONDS
        ClockWatch(lab.root).believe(THEN + 40 * DAY)
        assert await work.next(60.0) == DAY
        assert work.keeper.trouble() is None


async def test_what_was_begun_is_ended_by_a_doubted_clock_too(lab: Lab) -> None:
    """A purge by hand was cut off before its files were removed: the next round goes on with it."""
    gone, kept = await lab.graded(1), await lab.graded(2)
    await Keeping(lab.database).begin(gone, THEN)
    async with rounds(lab, THEN + 400 * DAY, days=30) as work:
        assert await work.ended() == PROOF_SECONDS
        assert lab.rows("SELECT id FROM processing_tasks WHERE purged_at IS NULL") == [(kept,)]
        assert files_of(lab.root) == [f"transcripts/{kept}.jsonl", f"videos/{kept}.bin"]


async def test_a_time_that_cannot_be_read(lab: Lab) -> None:
    """Words count as nothing known; a disk that does not answer is told, and nothing is deleted."""
    await lab.graded(1)
    (lab.root / NAME).write_text("soon")
    assert last_round(lab.root) is None
    (lab.root / NAME).unlink()
    in_the_way(lab.root / NAME)
    async with rounds(lab, THEN + DAY) as work:
        assert await work.ended() == AGAIN_SECONDS
        assert (work.keeper.trouble(), lab.rows(KEPT)) == (NOT_FORGOTTEN, [(1,)])


class Waiting(logging.Handler):
    """Tells when a line was logged."""

    def __init__(self, line: str) -> None:
        super().__init__()
        self._line = line
        self.said = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        if self._line in record.getMessage():
            self.said.set()


async def test_the_page_says_what_is_wrong(tmp_path: Path) -> None:
    """The daemon itself, a year and more after its last row: what everybody sees says that nothing is deleted."""
    async with Database.open(tmp_path / "state") as database:
        await Lab(database).graded(1)
    handler, log = Waiting("clock has jumped"), logging.getLogger("introeval.keeping.schedule")
    log.addHandler(handler)
    given = load({"state_dir": tmp_path / "state", "port": 0, "models": "ollama", "retention": {"days": 1}})
    try:
        async with daemon(given, Notifier({}), transcriber=Hears(tmp_path)) as running:
            await handler.said.wait()
            assert (await running.board.snapshot()).why == f"Nothing waits. {JUMPED}"
    finally:
        log.removeHandler(handler)
    assert rows(tmp_path / "state", KEPT) == [(1,)]
