"""The instruments themselves: what is counted, and that a defect would be seen."""

import shutil
from pathlib import Path

import pytest

from tests.crash.fault import on
from tests.crash.lab import Nursery, lab
from tests.crash.life import TROUBLE, Ledger, Life, submit
from tests.crash.points import SIZES
from tests.crash.verdict import faults
from tests.crash.watch import Kill, kill_at

pytestmark = pytest.mark.asyncio(loop_scope="module")

SEEN = {
    # the upload
    "openat videos/ID.part",
    "write videos/ID.part",
    "fsync videos/ID.part",
    "rename videos/ID.bin",
    "fsync videos",
    # the transcript
    "write transcripts/ID.jsonl.part",
    "fsync transcripts/ID.jsonl.part",
    "rename transcripts/ID.jsonl",
    # the tables, to the end
    "pwrite64 introeval.sqlite3-wal",
    "fdatasync introeval.sqlite3-wal",
    "fdatasync introeval.sqlite3",
    "unlink introeval.sqlite3-wal",
}


async def test_what_is_seen_and_what_a_verdict_finds(nursery: Nursery, tmp_path: Path) -> None:
    """All threads' calls are in one list; each kind of damage to the folder of a good life is found."""
    ledger = Ledger()
    for size in SIZES:
        ledger.add(1, size)
    async with lab(nursery, tmp_path) as made:
        await Life(made, ledger).live(lambda call: None)
        assert made.watcher is not None
        assert {call.kind for call in made.watcher.calls} >= SEEN
        assert faults(made, ledger, crashes=0) == []
        first = next((made.state / "videos").iterdir())
        content = first.read_bytes()
        first.write_bytes(content[:-1])
        assert [found.partition(": ")[2] for found in faults(made, ledger)] == [
            "acknowledged, and its file has other bytes"
        ]
        first.unlink()
        assert len(faults(made, ledger)) == 2
        first.write_bytes(content)
        shutil.copy(first, first.with_suffix(".part"))
        assert faults(made, ledger) == [f"orphan: videos/{first.stem}.part"]
        ledger.accepted["another"] = "0" * 24
        ledger.files["another"] = b""
        assert "another: acknowledged, and its file is not there" in faults(made, ledger)


async def test_killed_before_the_call(nursery: Nursery, tmp_path: Path) -> None:
    """What it is killed at is not carried out, and nothing is counted after it."""
    async with lab(nursery, tmp_path) as made:
        named = on("rename", "videos/*.bin")
        await made.start(lambda call: Kill() if named(call) else None)
        async with made.http() as http:
            with pytest.raises(TROUBLE):
                await submit(http, "it", b"content")
        await made.gone()
        assert made.watcher is not None
        assert made.watcher.killed == made.watcher.calls[-1]
        assert [path.suffix for path in (made.state / "videos").iterdir()] == [".part"]


async def test_a_call_that_is_never_reached_kills_nobody(nursery: Nursery, tmp_path: Path) -> None:
    """A rule for the millionth call lets the daemon live and end."""
    async with lab(nursery, tmp_path) as made:
        await made.start(kill_at(10**6))
        assert await made.stop() == 0
