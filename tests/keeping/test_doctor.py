"""What ``introeval doctor`` says about backups."""

import shutil
import time
from pathlib import Path

from db.database import Database
from introeval.doctor.finding import Level
from introeval.doctor.keeping import backups, clock, set_aside
from introeval.keeping.backup import make_backup
from introeval.keeping.clock_watch import ClockWatch
from introeval.keeping.shelf import Shelf
from introeval.settings import Settings, load


def settings(tmp_path: Path) -> Settings:
    """Of a state with the usual place for backups."""
    return load({"state_dir": tmp_path / "state"})


async def test_backups(tmp_path: Path) -> None:
    """Nothing to say before there is a state; then none, one on the same disk, and one that is old."""
    given = settings(tmp_path)
    assert backups(given) == []
    async with Database.open(given.state_dir):
        pass
    assert [(one.level, one.detail[:7]) for one in backups(given)] == [(Level.WARN, "none in")]
    made = make_backup(given.state_dir, Shelf(given.backup_dir), keep=2, now=time.time())
    (finding,) = backups(given)
    assert (finding.level, finding.detail.endswith("0 hours old")) == (Level.WARN, True)
    assert "another one" in finding.advice
    shutil.rmtree(made.folder)
    make_backup(given.state_dir, Shelf(given.backup_dir), keep=2, now=time.time() - 4 * 86400)
    assert "timer" in backups(given)[0].advice

    shutil.rmtree(given.backup_dir)
    given.backup_dir.symlink_to(given.backup_dir)
    (finding,) = backups(given)
    assert (finding.level, "cannot be listed" in finding.detail) == (Level.WARN, True)


async def test_what_a_restore_moved_aside(tmp_path: Path) -> None:
    """Told until it is removed."""
    given = settings(tmp_path)
    assert set_aside(given) == []
    (given.state_dir / "before-restore-20260101T000000Z").mkdir(parents=True)
    (finding,) = set_aside(given)
    assert "before-restore-2026" in finding.detail
    assert "No deletion reaches them" in finding.advice


def test_a_clock_that_is_far_ahead_of_the_last_round(tmp_path: Path) -> None:
    """Nothing to say when it is not known, or right; after a long pause, or with a wrong clock, what to do."""
    given = settings(tmp_path)
    assert clock(given) == []
    given.state_dir.mkdir()
    watch = ClockWatch(given.state_dir)
    watch.believe(time.time())
    assert clock(given) == []
    watch.believe(time.time() - 12 * 86400)
    (finding,) = clock(given)
    assert (finding.level, finding.detail[:7]) == (Level.WARN, "12 days")
    assert "introeval purge" in finding.advice
