"""I/O errors while a submission is worked on: it is given back, nothing is lost or twice, and it ends by itself later.

After an error of the disk everything waits five seconds (``introeval.assembly``), so all faults are tried at once, each
on a lab of its own.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.crash.fault import Fault, accepted, error, everything, on
from tests.crash.lab import Nursery, lab
from tests.crash.life import Ledger, all_ended, submit
from tests.crash.verdict import faults
from tests.crash.watch import Call, Fail

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(180)]

TRANSCRIPT, NAMED, LOG = "transcripts/*.part", "transcripts/*.jsonl", "introeval.sqlite3-wal"


def after_a_transcript(match: Callable[[Call], bool]) -> Callable[[Call], bool]:
    """Calls that ``match`` from the first transcript on: those of the scheduler's own commits."""
    seen = False

    def later(call: Call) -> bool:
        nonlocal seen
        seen = seen or call.path.startswith("transcripts/")
        return seen and match(call)

    return later


FAULTS: dict[str, tuple[Callable[[Call], bool], Fail, int]] = {
    "no room for the transcript": (on("write", TRANSCRIPT), error("ENOSPC"), 1),
    "an error when the transcript is synced": (on("fsync", TRANSCRIPT), error("EIO"), 1),
    "an error when the transcript is named": (on("rename", NAMED), error("EIO"), 1),
    "no descriptor for the transcript": (on("openat", TRANSCRIPT), error("EMFILE"), 1),
    "no room for the sound": (on("write", "audio/*.part"), error("ENOSPC"), 1),
    "an error when an outcome is synced": (after_a_transcript(on("fdatasync", LOG)), error("EIO"), 1),
    "no room for an outcome": (after_a_transcript(on("pwrite64", LOG)), error("ENOSPC"), 1),
    "nothing can be written for a while": (after_a_transcript(everything), error("EROFS"), 6),
}


async def test_worked_on_under_faults(nursery: Nursery, tmp_path: Path) -> None:
    """Each ends with its two submissions graded once, by the daemon that saw the fault."""
    names = list(FAULTS)
    found = await asyncio.gather(
        *(_one(nursery, tmp_path / str(at), *FAULTS[name]) for at, name in enumerate(names))
    )
    assert {name: wrong for name, wrong in zip(names, found, strict=True) if wrong} == {}


async def _one(
    nursery: Nursery, root: Path, match: Callable[[Call], bool], failure: Fail, times: int
) -> list[str]:
    ledger, fault = Ledger(), Fault(match, failure, times)
    async with lab(nursery, root, INTROEVAL_BATCH_SIZE="2", INTROEVAL_BATCH_AGE_SECONDS="3600") as made:
        await made.start(fault)
        fault.armed = True
        async with made.http() as http:
            for _ in range(2):
                key = ledger.add(seed=1, size=10_000)
                status, body = await submit(http, key, ledger.files[key])
                assert status == 201, (status, body)
                ledger.heard(key, body["id"])
            await all_ended(http, set(ledger.accepted.values()))
        assert await made.stop() == 0
        hit = [] if len(fault.hits) == times else [f"the fault happened {len(fault.hits)} times"]
        # An evaluation whose outcome could not be committed is not asked for again: its reply is kept or pending.
        return hit + faults(made, ledger, crashes=1)


async def test_an_upload_beside_a_broken_transcript(nursery: Nursery, tmp_path: Path) -> None:
    """Who hands in while the work of others meets a bad disk is not touched by it."""
    fault = Fault(on("write", TRANSCRIPT), error("EIO"), times=None)
    async with lab(nursery, tmp_path, INTROEVAL_BATCH_SIZE="1") as made:
        await made.start(fault)
        fault.armed = True
        first = await accepted(made, "first")
        second = await accepted(made, "second")
        fault.armed = False
        async with made.http() as http:
            await all_ended(http, {first, second})
        assert await made.stop() == 0
