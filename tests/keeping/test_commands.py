"""``introeval backup``, ``purge`` and ``retention`` as a person types them."""

import asyncio
from pathlib import Path

import pytest

from db.assignments import Assignments
from db.database import Database
from introeval.cli.main import main
from introeval.clock import SystemClock
from introeval.keeping.clock_watch import last_round
from introeval.keeping.lock import alone
from introeval.library import AssignmentLibrary
from tests.keeping.states import Lab, files_of, rows


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Two graded submissions and one that waits, handed in years ago."""

    async def fill() -> None:
        async with Database.open(tmp_path / "state") as database:
            await AssignmentLibrary(Assignments(database), SystemClock()).introductions(None)
            lab = Lab(database, keep_days=30)
            await lab.graded(1)
            await lab.graded(2)
            await lab.hand_in(3)

    asyncio.run(fill())
    return tmp_path / "state"


def run(state: Path, *arguments: str) -> int:
    """The command on this state."""
    return main([*arguments, "--state-dir", str(state)])


def test_backup(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where it is, and that it does not outlive the disk; then the newest are kept."""
    assert run(state, "backup", "--keep", "1") == run(state, "backup", "--keep", "1") == 0
    told = capsys.readouterr().out
    assert told.count("3 submissions, 6 files") == 2
    assert "on the disk of the state" in told
    assert "removed, for it is older" in told
    assert len(list((state / "backups").iterdir())) == 1
    assert run(state.parent / "none", "backup") == 1
    assert "nothing to back up" in capsys.readouterr().err


def test_purge(state: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A dry run deletes nothing; what has not ended stays; with names, only those."""
    assert run(state, "purge", "--dry-run") == 0
    assert "0 would be deleted" in capsys.readouterr().out, "the setting is gone, and with it the dates"
    monkeypatch.setenv("INTROEVAL_RETENTION_DAYS", "30")
    assert run(state, "purge", "--dry-run") == 0
    assert "2 would be deleted" in capsys.readouterr().out
    assert len(files_of(state)) == 5
    assert run(state, "purge", "--submission", f"{1:024x}", "--submission", f"{3:024x}") == 1
    told = capsys.readouterr().out
    assert "1 submissions deleted, 2 files removed" in told
    assert f"{3:024x} was not deleted" in told
    assert run(state, "purge") == 0
    assert rows(state, "SELECT id FROM processing_tasks WHERE purged_at IS NULL") == [(f"{3:024x}",)]
    assert files_of(state) == [f"videos/{3:024x}.bin"]
    assert last_round(state) is not None, "who purges by hand vouches for the clock"


def test_one_at_a_time(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A sentence and exit code 1."""
    with alone(state):
        assert run(state, "purge") == run(state, "backup") == 1
    assert capsys.readouterr().err.count("try again when it has ended") == 2


def test_dates_that_cannot_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    """Told before any daemon is asked."""
    for text in ("tomorrow", "2027-06-30T10:00", "2027-13-01"):
        assert main(["retention", "x", "--until", text]) == 2
    assert capsys.readouterr().err.count("write 2027-06-30") == 3


def test_a_date_that_is_over_deletes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """A slip of the year would delete at once; who means it is told how."""
    for text in ("2020-06-30", "2020-06-30T10:00+02:00"):
        assert main(["retention", "x", "--until", text]) == 2
    assert capsys.readouterr().err.count("is over. To delete it now") == 2
