"""Many tasks through the executor: bounded, one by one as they end, whatever happens to the others."""

import asyncio
from contextlib import aclosing
from pathlib import Path

import pytest

from models.errors import EmptyReplyError, PromptTooLongError, SchemaValidationError
from models.outcomes import Outcome
from models.task import LLMTask, ask
from scheduler.errors import NoServerError, StateError
from tests.models.fake_ollama import GOOD, Mood
from tests.models.rigs import ExecutorRig, executor_rig


def tasks(count: int) -> list[LLMTask[str]]:
    """Different questions."""
    return [ask(f"Grade number {n}.", {}, str) for n in range(count)]


async def run_all(it: ExecutorRig, asked: list[LLMTask[str]], workers: int = 4) -> list[Outcome[str]]:
    """All outcomes, in the order in which they came."""
    return [outcome async for outcome in it.executor.stream(asked, task_id="s", workers=workers)]


async def test_every_task_has_one_outcome(tmp_path: Path) -> None:
    """All end, each once, and the next run asks nobody."""
    async with executor_rig(tmp_path) as it:
        first = await run_all(it, tasks(20), workers=8)
        assert sorted(outcome.index for outcome in first) == list(range(20))
        assert all(outcome.generation and outcome.generation.value == GOOD for outcome in first)
        again = await run_all(it, tasks(20), workers=8)
        assert all(outcome.generation and outcome.generation.cached for outcome in again)
        assert len(it.asked) == 20


async def test_no_more_than_the_workers_at_once(tmp_path: Path) -> None:
    """Three workers are three requests, though the servers have eight slots."""
    async with executor_rig(tmp_path) as it:
        it.first.mood = it.second.mood = Mood.HELD
        running = asyncio.create_task(run_all(it, tasks(8), workers=3))
        await it.until_asked(3)
        assert sum(status.in_flight for status in it.pool.statuses()) == 3
        it.first.gate.set()
        it.second.gate.set()
        assert len(await running) == 8


async def test_outcomes_come_as_they_end(tmp_path: Path) -> None:
    """The second of two is done first, and is yielded while the first still runs."""
    async with executor_rig(tmp_path) as it:
        it.first.mood = Mood.HELD
        asked = [ask("slow", None, str, model="mistral"), ask("quick", None, str, model="llama3")]
        async with aclosing(it.executor.stream(asked, task_id="s", workers=2)) as stream:
            assert (await anext(stream)).index == 1
            it.first.gate.set()
            assert (await anext(stream)).index == 0


async def test_one_failure_ends_nobody_else(tmp_path: Path) -> None:
    """A reply that is refused and a prompt that cannot fit are outcomes beside the good ones."""

    def refuse(text: str) -> str:
        raise SchemaValidationError("no")

    async with executor_rig(tmp_path) as it:
        asked = [*tasks(3), ask("bad", None, refuse), ask("word " * 9000, None, str)]
        outcomes = {outcome.index: outcome for outcome in await run_all(it, asked)}
        assert [type(outcomes[n].error) for n in range(5)] == [
            *(type(None),) * 3,
            SchemaValidationError,
            PromptTooLongError,
        ]
        assert all(outcomes[n].generation for n in range(3))


async def test_dead_servers_end_the_stream_and_what_was_done_stays(tmp_path: Path) -> None:
    """``NoServerError`` comes after the outcomes so far; a later run asks only what is missing."""
    asked = [ask(f"Grade number {n}.", {}, str, model="mistral") for n in range(6)]
    async with executor_rig(tmp_path) as it:
        done: list[int] = []

        async def until_dead() -> None:
            async for outcome in it.executor.stream(asked, task_id="s", workers=1):
                done.append(outcome.index)
                if len(done) == 2:
                    await it.first.kill()

        with pytest.raises(NoServerError, match="mistral"):
            await until_dead()
        assert done[:2] == [0, 1]
        assert len(done) < 6
        kept = [call for task in asked if (call := await it.calls.find(task.key))]
        assert [call.key for call in kept] == [task.key for task in asked[: len(kept)]]
    async with executor_rig(tmp_path) as it:
        assert len(await run_all(it, asked)) == 6
        assert len(it.asked) == 6 - len(kept)


async def test_state_that_cannot_be_written_ends_the_stream(tmp_path: Path) -> None:
    """No reply is handed out that is not kept."""
    async with executor_rig(tmp_path) as it:
        await it.executor.run(ask("before", None, str), task_id="s")
        it.break_state()
        with pytest.raises(StateError):
            await run_all(it, tasks(3))


async def test_leaving_early_cancels_what_runs(tmp_path: Path) -> None:
    """After the stream was closed nothing is in flight."""
    async with executor_rig(tmp_path) as it:
        it.second.mood = Mood.HELD
        async with aclosing(it.executor.stream(tasks(6), task_id="s", workers=4)) as stream:
            assert (await anext(stream)).generation
        assert [status.in_flight for status in it.pool.statuses()] == [0, 0]
        await it.second.given_up.wait()


async def test_cancelled_caller_leaves_nothing_in_flight(tmp_path: Path) -> None:
    """Cancelling whoever reads the stream ends the requests first."""
    async with executor_rig(tmp_path) as it:
        it.first.mood = it.second.mood = Mood.HELD
        running = asyncio.create_task(run_all(it, tasks(6)))
        await it.until_asked(4)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert [status.in_flight for status in it.pool.statuses()] == [0, 0]


async def test_bug_in_a_parser_ends_the_stream(tmp_path: Path) -> None:
    """What is no ``WorkError`` is a bug: it is not an outcome that somebody could overlook."""

    def broken(text: str) -> str:
        raise KeyError(text)

    async with executor_rig(tmp_path) as it:
        with pytest.raises(KeyError):
            await run_all(it, [ask("p", None, broken), *tasks(3)])


async def test_progress_is_the_share_of_all(tmp_path: Path) -> None:
    """It grows with every task, failed ones too, and ends at 1."""
    told: list[float] = []

    def tell(fraction: float, server: str | None = None) -> None:
        told.append(fraction)

    async with executor_rig(tmp_path) as it:
        it.first.script = [Mood.EMPTY] * 3
        stream = it.executor.stream(tasks(4), task_id="s", workers=1, progress=tell)
        outcomes = [outcome async for outcome in stream]
        assert [type(outcome.error) for outcome in outcomes].count(EmptyReplyError) == 1
        assert told == sorted(told)
        assert told[-1] == 1.0
        assert {n for n in range(4) if any(n / 4 <= share < (n + 1) / 4 for share in told)} == {0, 1, 2, 3}


async def test_nothing_to_do_and_nobody_to_do_it(tmp_path: Path) -> None:
    """No tasks are no outcomes; no worker is a mistake."""
    async with executor_rig(tmp_path) as it:
        assert await run_all(it, []) == []
        with pytest.raises(ValueError, match="worker"):
            await run_all(it, tasks(1), workers=0)
