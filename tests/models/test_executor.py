"""One task through the executor: kept replies, single flight, cancellation."""

import asyncio
from pathlib import Path

import pytest

from db.database import Transaction
from models.errors import SchemaValidationError
from models.limits import RateLimits
from models.task import LLMTask, ask
from scheduler.errors import NoServerError
from tests.models.fake_ollama import GOOD, Mood
from tests.models.rigs import executor_rig

TASK = ask("Grade this.", {}, str, version="a:1")


def refuse(text: str) -> str:
    """A parser that takes no reply."""
    raise SchemaValidationError("not this")


class Watcher:
    """A ``Progress`` that notes what it is told."""

    def __init__(self, told: list[tuple[float, str | None]]) -> None:
        self.told = told

    def __call__(self, fraction: float, server: str | None = None) -> None:
        self.told.append((fraction, server))


async def test_reply_is_kept_and_not_asked_again(tmp_path: Path) -> None:
    """The same task again, for another student too, costs no request and gives the same reply."""
    async with executor_rig(tmp_path) as it:
        fresh = await it.executor.run(TASK, task_id="s1")
        kept = await it.executor.run(TASK, task_id="s2")
        assert (fresh.cached, kept.cached) == (False, True)
        assert (kept.value, kept.server, kept.tokens_in) == (GOOD, fresh.server, fresh.tokens_in)
        assert len(it.asked) == 1
        row = await it.calls.find(TASK.key)
        assert row is not None
        assert (row.task_id, row.stage, row.raw_reply, row.attempts) == ("s1", "grade", GOOD, 1)
        assert row.prompt_hash == TASK.prompt_hash


async def test_kept_reply_outlives_the_process(tmp_path: Path) -> None:
    """What was finished before the state was closed is not asked after it was opened again."""
    async with executor_rig(tmp_path) as it:
        await it.executor.run(TASK, task_id="s1")
    async with executor_rig(tmp_path) as it:
        assert (await it.executor.run(TASK, task_id="s1")).cached
        assert it.asked == []


async def test_another_try_is_another_call(tmp_path: Path) -> None:
    """Tries of one prompt are asked each."""
    async with executor_rig(tmp_path) as it:
        for attempt in (1, 2, 2):
            await it.executor.run(ask("Grade this.", {}, str, attempt=attempt), task_id="s1")
        assert len(it.asked) == 2


async def test_kept_reply_that_the_parser_refuses_is_asked_anew(tmp_path: Path) -> None:
    """Once: a stricter parser does not get an old reply, and the new one takes its place."""

    def strict(text: str) -> str:
        if text == GOOD:
            raise SchemaValidationError("too old")
        return text

    async with executor_rig(tmp_path) as it:
        await it.executor.run(TASK, task_id="s1")
        it.first.reply = it.second.reply = '{"score": 8}'
        stricter = ask("Grade this.", {}, strict, version="a:1")
        again = await it.executor.run(stricter, task_id="s1")
        assert (again.value, again.cached) == ('{"score": 8}', False)
        assert (await it.executor.run(stricter, task_id="s1")).cached
        assert len(it.asked) == 2


async def test_same_task_at_once_is_asked_once(tmp_path: Path) -> None:
    """Ten callers, one request; each reads the reply with its own parser."""
    async with executor_rig(tmp_path) as it:
        it.first.mood = it.second.mood = Mood.HELD
        tasks = [ask("Grade this.", {}, f"{n}{{}}".format) for n in range(10)]
        running = [asyncio.create_task(it.executor.run(task, task_id="s")) for task in tasks]
        await it.until_asked(1)
        it.first.gate.set()
        it.second.gate.set()
        results = await asyncio.gather(*running)
        assert [result.value for result in results] == [f"{n}{GOOD}" for n in range(10)]
        assert sorted(result.cached for result in results) == [False] + [True] * 9
        assert len(it.asked) == 1


async def test_caller_whose_parser_refuses_the_shared_reply_asks_itself(tmp_path: Path) -> None:
    """What satisfies one caller need not satisfy the other."""
    async with executor_rig(tmp_path) as it:
        it.first.mood = it.second.mood = Mood.HELD
        good = asyncio.create_task(it.executor.run(TASK, task_id="s"))
        await it.until_asked(1)
        bad = asyncio.create_task(it.executor.run(ask("Grade this.", {}, refuse, version="a:1"), task_id="s"))
        await asyncio.sleep(0)
        it.first.gate.set()
        it.second.gate.set()
        assert (await good).value == GOOD
        with pytest.raises(SchemaValidationError):
            await bad
        assert len(it.asked) == 4


async def test_failed_call_is_not_kept(tmp_path: Path) -> None:
    """A failure is no checkpoint: the next attempt asks."""
    async with executor_rig(tmp_path) as it:
        task = ask("Grade this.", {}, refuse, version="a:1")
        with pytest.raises(SchemaValidationError):
            await it.executor.run(task, task_id="s")
        assert await it.calls.find(task.key) is None
        assert (await it.executor.run(TASK, task_id="s")).cached is False


async def test_cancelled_caller_ends_its_request_first(tmp_path: Path) -> None:
    """When the cancellation arrives, nothing is in flight any more, and the server knows."""
    async with executor_rig(tmp_path) as it:
        it.first.mood = it.second.mood = Mood.HELD
        running = asyncio.create_task(it.executor.run(TASK, task_id="s"))
        await it.until_asked(1)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert [status.in_flight for status in it.pool.statuses()] == [0, 0]
        await it.first.given_up.wait()
        it.first.mood = it.second.mood = Mood.WELL
        assert (await it.executor.run(TASK, task_id="s")).cached is False


async def test_request_goes_on_while_somebody_waits_for_it(tmp_path: Path) -> None:
    """The first caller leaves; the second gets the reply of the same request."""
    async with executor_rig(tmp_path) as it:
        it.first.mood = it.second.mood = Mood.HELD
        leaver = asyncio.create_task(it.executor.run(TASK, task_id="s1"))
        stayer = asyncio.create_task(it.executor.run(TASK, task_id="s2"))
        await it.until_asked(1)
        leaver.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaver
        it.first.gate.set()
        it.second.gate.set()
        assert (await stayer).value == GOOD
        assert len(it.asked) == 1


async def test_caller_cancelled_before_anything_began(tmp_path: Path) -> None:
    """A cancellation in the same moment sends nothing and leaves nothing behind."""
    async with executor_rig(tmp_path) as it:
        running = asyncio.create_task(it.executor.run(TASK, task_id="s"))
        await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert it.asked == []
        assert (await it.executor.run(TASK, task_id="s")).value == GOOD


@pytest.mark.parametrize("model", ["mistral", "llama3"])
async def test_named_model_is_asked_alone(tmp_path: Path, model: str) -> None:
    """Every call of a named model goes to its server, also when the other's turn would be next."""
    tasks: list[LLMTask[str]] = [ask(f"Grade {n}.", {}, str, model=model) for n in range(4)]
    async with executor_rig(tmp_path) as it:
        results = [await it.executor.run(task, task_id="s") for task in tasks]
        assert {(result.server, result.model) for result in results} == {(model, f"{model}:latest")}


async def test_progress_is_told_to_all_who_wait(tmp_path: Path) -> None:
    """Who joins later is told how far it is, and by whom."""
    seen: dict[str, list[tuple[float, str | None]]] = {"first": [], "second": []}
    async with executor_rig(tmp_path) as it:
        it.first.mood = it.second.mood = Mood.HELD
        runs = []
        for name, told in seen.items():
            runs.append(asyncio.create_task(it.executor.run(TASK, task_id=name, progress=Watcher(told))))
            await it.until_asked(1)
        it.first.gate.set()
        it.second.gate.set()
        server = (await asyncio.gather(*runs))[0].server
        assert [told[0] for told in seen.values()] == [(0.0, server)] * 2
        assert seen["first"][-1] == seen["second"][-1]
        assert 0 < seen["first"][-1][0] < 1


async def test_nobody_serves_the_model(tmp_path: Path) -> None:
    """The message names what is served."""
    async with executor_rig(tmp_path) as it:
        with pytest.raises(NoServerError, match=r"serves qwen.*llama3:latest, mistral:latest"):
            await it.executor.run(ask("p", None, str, model="qwen"), task_id="s")
        with pytest.raises(NoServerError, match=r"called elsewhere.*mistral, llama3"):
            await it.executor.run(ask("p", None, str), task_id="s", servers={"elsewhere"})
        assert (
            await it.executor.run(ask("p", None, str), task_id="s", servers={"llama3"})
        ).server == "llama3"


async def test_limit_holds_the_next_request_back(tmp_path: Path) -> None:
    """With one request in a thousand years the second waits, unsent, and gives its slot back when it is cancelled."""
    async with executor_rig(tmp_path, rate=RateLimits(requests_per_second=3e-11)) as it:
        await it.executor.run(TASK, task_id="s")
        taken = asyncio.Event()

        def tell(fraction: float, server: str | None = None) -> None:
            taken.set()

        running = it.executor.run(ask("Next.", None, str), task_id="s", progress=tell)
        waiting = asyncio.create_task(running)
        await taken.wait()
        assert (await it.executor.run(TASK, task_id="s")).cached
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert len(it.asked) == 1
        assert it.pool.free_slots == 8


async def test_reply_that_has_come_is_kept_though_its_caller_is_cancelled(tmp_path: Path) -> None:
    """Cancelled while its reply waits for a commit: whoever asks next finds it, however soon."""
    gate = asyncio.Event()

    async def hold(transaction: Transaction) -> None:
        await gate.wait()

    async with executor_rig(tmp_path) as it:
        holding = asyncio.create_task(it.database.write(hold))
        running = asyncio.create_task(it.executor.run(TASK, task_id="s"))
        await it.until_asked(1)
        await it.until_idle()
        running.cancel()
        await asyncio.sleep(0)
        gate.set()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert (await it.executor.run(TASK, task_id="s")).cached
        assert len(it.asked) == 1
        await holding
