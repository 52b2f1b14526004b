"""Replies that the disk refuses: paid for once, and counted once."""

import asyncio
import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from models.errors import SchemaValidationError
from models.executor import MOST_UNWRITTEN
from models.task import LLMTask, ask
from scheduler.errors import RefusedRowError, StateError
from tests.models.fake_ollama import GOOD
from tests.models.rigs import executor_rig


@contextmanager
def no_room() -> Iterator[None]:
    """No file of this process grows, and SQLite's write-ahead log neither."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def task(name: str = "Grade this.") -> LLMTask[object]:
    """A task whose reply is JSON."""
    return ask(name, {"type": "object"}, json.loads)


async def test_a_reply_that_the_disk_refuses_is_not_asked_again(tmp_path: Path) -> None:
    """Each attempt while the disk is full only tries to commit it, and the first that can counts it."""
    async with executor_rig(tmp_path) as it:
        for _ in range(6):
            with no_room(), pytest.raises(StateError):
                await it.executor.run(task(), task_id="t")
        assert len(it.asked) == 1
        assert it.executor.metrics().total.answered == 0
        whole = await it.executor.run(task(), task_id="t")
        total = it.executor.metrics().total
        assert (len(it.asked), whole.cached, total.answered, total.tokens_in) == (
            1,
            False,
            1,
            whole.tokens_in,
        )
        assert (await it.executor.run(task(), task_id="t")).cached
        row = await it.calls.find(task().key)
        assert row is not None
        assert row.raw_reply == whole.raw


async def test_one_whose_caller_left_meanwhile_is_not_lost_either(tmp_path: Path) -> None:
    """Cancelled while its reply could not be committed: the next attempt has it."""
    async with executor_rig(tmp_path) as it:
        with no_room():
            async with asyncio.TaskGroup() as group:
                running = group.create_task(it.executor.run(task(), task_id="t"))
                await it.until_asked(1)
                await it.until_idle()
                running.cancel()
        await it.executor.run(task(), task_id="t")
        assert len(it.asked) == 1


async def test_what_waits_is_read_by_whoever_asks(tmp_path: Path) -> None:
    """With its own parser, as what is kept; one that refuses it asks anew."""

    def strict(text: str) -> str:
        if text == GOOD:
            raise SchemaValidationError("not this")
        return text

    async with executor_rig(tmp_path) as it:
        with no_room(), pytest.raises(StateError):
            await it.executor.run(task(), task_id="t")
        it.first.reply = it.second.reply = "[]"
        fresh = await it.executor.run(ask("Grade this.", {"type": "object"}, strict), task_id="t")
        assert (fresh.value, len(it.asked)) == ("[]", 2)


async def test_only_so_many_wait_for_the_disk(tmp_path: Path) -> None:
    """The oldest is forgotten."""
    async with executor_rig(tmp_path) as it:
        names = [f"Grade {n}." for n in range(MOST_UNWRITTEN + 1)]
        with no_room():
            for name in names:
                with pytest.raises(StateError):
                    await it.executor.run(task(name), task_id="t")
        for name in reversed(names):
            await it.executor.run(task(name), task_id="t")
        assert len(it.asked) == len(names) + 1
        assert it.asked.count(names[0]) == 2


async def test_a_reply_that_the_tables_refuse_is_asked_anew(tmp_path: Path) -> None:
    """No attempt could ever commit it; another reply may be taken."""
    async with executor_rig(tmp_path) as it:
        it.break_state()
        for _ in range(2):
            with pytest.raises(RefusedRowError):
                await it.executor.run(task(), task_id="t")
        assert len(it.asked) == 2
