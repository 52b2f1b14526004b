"""Kept model calls: the first stays, many at once are committed together, and each is there when ``keep`` returns."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from db.calls import SqliteCalls
from db.database import FILE_NAME, Database
from scheduler.calls import CallStore, ModelCall
from scheduler.errors import RefusedRowError

CALL = ModelCall(
    key="k",
    task_id="t",
    stage="grade",
    model="m",
    server="s",
    prompt_hash="p",
    tokens_in=1,
    tokens_out=2,
    latency_ms=3,
    load_ms=4,
    attempts=5,
    raw_reply="first",
)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """A new state file."""
    async with Database.open(tmp_path) as database:
        yield database


def store_of(database: Database) -> CallStore:
    """Checked by the type checker: it implements the port."""
    return SqliteCalls(database)


def on_disk(root: Path, statement: str, *values: str) -> list[tuple[object, ...]]:
    """What another process sees, or does."""
    with closing(sqlite3.connect(root / FILE_NAME, isolation_level=None)) as connection:
        return connection.execute(statement, values).fetchall()


async def test_call_is_kept_whole(database: Database) -> None:
    """What is found is what was kept; an unknown key is nothing."""
    calls = store_of(database)
    assert await calls.find("k") is None
    assert await calls.keep(CALL, 10.0) == CALL
    assert await calls.find("k") == CALL


async def test_first_stays(database: Database) -> None:
    """Who comes second is told what is kept; nothing is overwritten."""
    calls = store_of(database)
    await calls.keep(CALL, 10.0)
    assert await calls.keep(replace(CALL, raw_reply="second"), 11.0) == CALL
    assert await calls.find("k") == CALL


async def test_call_without_its_text_is_replaced(database: Database) -> None:
    """Retention dropped the text: it is not found, and the next call of the key takes its place."""
    calls = store_of(database)
    await calls.keep(CALL, 10.0)
    on_disk(database.root, "UPDATE model_calls SET raw_reply = NULL")
    assert await calls.find("k") is None
    again = replace(CALL, raw_reply="again", task_id="t2")
    assert await calls.keep(again, 20.0) == again
    assert await calls.find("k") == again


async def test_many_at_once_share_their_commits(tmp_path: Path) -> None:
    """Fifty replies in one moment are all kept, with a fraction of the writing of fifty one after the other."""
    written = []
    for together in (False, True):
        async with Database.open(tmp_path / str(together)) as database:
            calls, many = store_of(database), [replace(CALL, key=f"k{n}") for n in range(50)]
            if together:
                assert list(await asyncio.gather(*(calls.keep(call, 1.0) for call in many))) == many
            else:
                assert [await calls.keep(call, 1.0) for call in many] == many
            assert on_disk(database.root, "SELECT count(*) FROM model_calls") == [(50,)]
            [(_, frames, _)] = on_disk(database.root, "PRAGMA wal_checkpoint(PASSIVE)")
            written.append(int(str(frames)))
    apart, at_once = written
    assert at_once < apart / 5


async def test_each_is_on_disk_when_it_returns(database: Database) -> None:
    """Whoever returns first already finds its row from another connection."""
    calls = store_of(database)

    async def keep(call: ModelCall) -> list[tuple[object, ...]]:
        await calls.keep(call, 1.0)
        return on_disk(database.root, "SELECT raw_reply FROM model_calls WHERE key = ?", call.key)

    seen = await asyncio.gather(*(keep(replace(CALL, key=f"k{n}")) for n in range(20)))
    assert seen == [[("first",)]] * 20


async def test_same_key_at_once_is_one_call(database: Database) -> None:
    """Two different replies under one key in one moment: both callers get the same one."""
    calls = store_of(database)
    both = await asyncio.gather(calls.keep(CALL, 1.0), calls.keep(replace(CALL, raw_reply="other"), 1.0))
    assert list(both) == [CALL, CALL]


@pytest.mark.parametrize(
    "bad",
    [
        replace(CALL, key="bad"),
        replace(CALL, key="b", raw_reply="half a character: \ud83d"),
        replace(CALL, key="b", tokens_in=2**63),
    ],
    ids=["constraint", "text", "number"],
)
async def test_a_call_that_is_refused_fails_nobody_else(database: Database, bad: ModelCall) -> None:
    """Whether SQLite refuses its row or Python its values: it is left out of the commit that holds the others."""
    calls = store_of(database)
    on_disk(
        database.root,
        "CREATE TRIGGER refused BEFORE INSERT ON model_calls WHEN new.key = 'bad' "
        "BEGIN SELECT RAISE(ABORT, 'no'); END",
    )
    good = [replace(CALL, key=f"k{n}") for n in range(4)]
    asked = (good[0], good[1], bad, *good[2:])
    # The first writes alone, the second for all others.
    results = await asyncio.gather(*(calls.keep(call, 1.0) for call in asked), return_exceptions=True)
    assert isinstance(results.pop(2), RefusedRowError)
    assert results == good
    assert [await calls.find(call.key) for call in good] == good
    assert await calls.find(bad.key) is None
    with pytest.raises(RefusedRowError):
        await calls.keep(bad, 2.0)


async def test_a_reply_of_no_use_gives_way(database: Database) -> None:
    """To the first that knows it; whoever read it too, and comes later, is told what is kept now."""
    calls = store_of(database)
    old = await calls.keep(CALL, 10.0)
    new = replace(CALL, raw_reply="new", tokens_in=7)
    assert await calls.keep(new, 11.0, instead_of=old) == new
    assert await calls.keep(replace(CALL, raw_reply="late"), 12.0, instead_of=old) == new
    assert await calls.find("k") == new


async def test_cancelled_caller_loses_nothing(database: Database) -> None:
    """A reply that came is kept, also when nobody waits for it any more."""
    calls = store_of(database)
    running = asyncio.create_task(calls.keep(CALL, 1.0))
    await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await calls.keep(replace(CALL, key="k2"), 1.0)
    assert await calls.find("k") == CALL
