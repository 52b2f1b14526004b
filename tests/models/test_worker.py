"""One worker and one well-behaved server: what is sent, what is made of the reply, when it is asked again."""

import asyncio
import base64
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from pydantic import BaseModel, ValidationError

from models.config import ServerConfig
from models.errors import (
    PromptTooLongError,
    SchemaValidationError,
    ServerStatusError,
    SlowReplyError,
    TruncatedReplyError,
)
from models.task import TaskOptions, ask
from models.worker import LanguageModelWorker
from scheduler.ports import unwatched
from tests.models.fake_ollama import GOOD, FakeOllama, Mood, fake_ollama


class Score(BaseModel):
    """The smallest grade."""

    score: int


def parse(text: str) -> Score:
    """As a grader does it: the reason is for the model."""
    try:
        return Score.model_validate_json(text)
    except ValidationError as error:
        raise SchemaValidationError(f"Not valid: {error.errors()[0]['msg']}") from None


REQUEST = ask("Grade this speech.", Score.model_json_schema(), parse)


@pytest.fixture
async def fake() -> AsyncIterator[FakeOllama]:
    """A server that behaves until it is told otherwise."""
    async with fake_ollama() as server:
        yield server


@pytest.fixture
async def worker(fake: FakeOllama) -> AsyncIterator[LanguageModelWorker]:
    """A worker for it, with a small window."""
    worker = LanguageModelWorker(
        ServerConfig(name="mistral", url=fake.url, model="mistral", num_ctx=1000, num_predict=100)
    )
    yield worker
    await worker.close()


async def test_reply_is_parsed_and_measured(worker: LanguageModelWorker) -> None:
    """A good reply comes back as a value, with what it cost."""
    result = await worker.generate(REQUEST, unwatched)
    assert (result.value, result.raw) == (Score(score=7), GOOD)
    assert (result.server, result.model, result.attempts) == ("mistral", "mistral", 1)
    assert (result.tokens_in, result.tokens_out, result.load_ms) == (24, 3, 2)


async def test_request_names_everything_that_fixes_the_reply(
    fake: FakeOllama, worker: LanguageModelWorker
) -> None:
    """Schema, window, length, seed and temperature are in every request, the loading one included."""
    await worker.generate(REQUEST, unwatched)
    body = fake.bodies[0]
    assert body["stream"] is True
    assert body["format"] == Score.model_json_schema()
    assert body["options"] == {"num_ctx": 1000, "num_predict": 100, "seed": 1, "temperature": 0.0}
    assert body["truncate"] is False


async def test_progress_grows_and_stays_below_one(worker: LanguageModelWorker) -> None:
    """Progress is the share of the allowed length; only the result says that it is over."""
    seen: list[float] = []
    await worker.generate(REQUEST, lambda fraction, server=None: seen.append(fraction))
    assert seen == sorted(seen)
    assert 0 < seen[-1] < 1


async def test_bad_reply_is_asked_again_with_the_reason(
    fake: FakeOllama, worker: LanguageModelWorker
) -> None:
    """The second prompt begins with the first, unchanged, and ends with what was wrong."""
    fake.script = [Mood.LENGTH]
    result = await worker.generate(REQUEST, unwatched)
    assert result.attempts == 2
    assert fake.prompts[1].startswith(REQUEST.prompt)
    assert "cut off" in fake.prompts[1]


async def test_bad_replies_are_asked_again_at_most_twice(
    fake: FakeOllama, worker: LanguageModelWorker
) -> None:
    """After three replies that do not validate the attempt has failed, with the validator's reason."""
    fake.reply = '{"score": "many"}'
    with pytest.raises(SchemaValidationError, match="valid integer"):
        await worker.generate(REQUEST, unwatched)
    assert len(fake.prompts) == 3


async def test_reason_is_one_bounded_line(fake: FakeOllama, worker: LanguageModelWorker) -> None:
    """What a model wrote cannot grow the next prompt or break its layout."""

    def refuse(text: str) -> Score:
        raise SchemaValidationError("bad\n\n" * 1000)

    with pytest.raises(SchemaValidationError):
        await worker.generate(ask("p", {}, refuse), unwatched)
    assert len(fake.prompts[2]) < 450


async def test_no_room_to_ask_again(fake: FakeOllama, worker: LanguageModelWorker) -> None:
    """When the longer prompt would not fit, the first refusal stands."""
    fake.mood = Mood.LENGTH
    request = ask("word " * 890, {}, parse)
    with pytest.raises(TruncatedReplyError):
        await worker.generate(request, unwatched)
    assert len(fake.prompts) == 1


async def test_prompt_that_cannot_fit_is_not_sent(fake: FakeOllama, worker: LanguageModelWorker) -> None:
    """A prompt beyond the window is refused for good, before anybody waits for it."""
    with pytest.raises(PromptTooLongError, match="too long"):
        await worker.generate(ask("word " * 901, {}, parse), unwatched)
    assert fake.prompts == []


async def test_load_and_unload(fake: FakeOllama, worker: LanguageModelWorker) -> None:
    """Loading and unloading are requests without a prompt; ``in_memory`` reads the server's own list."""
    assert await worker.in_memory() == set()
    await worker.load()
    assert await worker.in_memory() == {"mistral:latest"}
    await worker.unload()
    assert await worker.in_memory() == set()
    assert [call for call in fake.calls if call != "ps"] == ["load", "unload"]


async def test_cancelling_closes_the_request(fake: FakeOllama, worker: LanguageModelWorker) -> None:
    """A cancelled request is given up at the server too."""
    fake.mood = Mood.HELD
    task = asyncio.create_task(worker.generate(REQUEST, unwatched))
    await fake.asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await fake.given_up.wait()


class Turnstile:
    """A ``Gate`` that lets everybody through and notes what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int, int]] = []

    async def admit(self, tokens: int) -> None:
        self.told.append(("admit", tokens, 0))

    def settle(self, reserved: int, used: int) -> None:
        self.told.append(("settle", reserved, used))


async def test_each_request_passes_the_gate_and_is_settled(
    fake: FakeOllama, worker: LanguageModelWorker
) -> None:
    """One that is asked again passes twice; what the server reports, prompt and reply, is settled each time."""
    fake.script, gate = [Mood.LENGTH], Turnstile()
    result = await worker.generate(REQUEST, unwatched, gate)
    assert [kind for kind, _, _ in gate.told] == ["admit", "settle"] * 2
    admitted, settled = gate.told[::2], gate.told[1::2]
    assert [tokens for _, tokens, _ in admitted] == [reserved for _, reserved, _ in settled]
    assert sum(used for _, _, used in settled) == result.tokens_in + result.tokens_out


async def test_replies_that_end_badly_are_counted(fake: FakeOllama, worker: LanguageModelWorker) -> None:
    """Whitespace without end: nobody tells its tokens, so it is our count of the prompt and the pieces that came."""
    fake.script, gate = [Mood.WHITESPACE, Mood.WHITESPACE], Turnstile()
    result = await worker.generate(REQUEST, unwatched, gate)
    least = [tokens for kind, tokens, _ in gate.told if kind == "admit"]
    used = [used for kind, _, used in gate.told if kind == "settle"]
    assert result.attempts == len(used) == 3
    assert all(count > told + 50 for told, count in zip(least[:2], used[:2], strict=True))
    assert result.tokens_in > sum(least[:2])
    assert sum(used) == result.tokens_in + result.tokens_out


@pytest.mark.parametrize("cancelled", [False, True])
async def test_reply_that_is_given_up_is_settled(
    fake: FakeOllama, worker: LanguageModelWorker, cancelled: bool
) -> None:
    """Too slow, or nobody waits for it any more: what came of it is settled with the limits."""
    fake.mood, gate, came = Mood.HANG_BETWEEN, Turnstile(), asyncio.Event()
    worker = LanguageModelWorker(replace(worker.config, timeout_seconds=60 if cancelled else 0.2))
    asking = asyncio.create_task(worker.generate(REQUEST, lambda *_: came.set(), gate))
    await came.wait()
    if cancelled:
        asking.cancel()
    with pytest.raises(asyncio.CancelledError if cancelled else SlowReplyError):
        await asking
    await worker.close()
    [(_, least, _), settled] = gate.told
    assert settled == ("settle", least, least + 1)


async def test_reply_of_which_nothing_came_keeps_its_reservation(
    fake: FakeOllama, worker: LanguageModelWorker
) -> None:
    """The server may have read the prompt all the same."""
    fake.mood, gate = Mood.ERROR, Turnstile()
    with pytest.raises(ServerStatusError):
        await worker.generate(REQUEST, unwatched, gate)
    assert [kind for kind, _, _ in gate.told] == ["admit"]


async def test_everything_of_a_task_is_sent(fake: FakeOllama, worker: LanguageModelWorker) -> None:
    """System message, images in order (base64), thinking and options; the window stays the server's."""
    options = TaskOptions(seed=0, temperature=0.7, num_predict=50, reasoning=True)
    task = ask("Read.", None, str, system="Be exact.", images=[b"\x89PNG", b"\xff\xd8"], options=options)
    result = await worker.generate(task, unwatched)
    body = fake.bodies[0]
    assert (body["system"], body["prompt"], body["think"]) == ("Be exact.", "Read.", True)
    assert [base64.b64decode(image) for image in body["images"]] == [b"\x89PNG", b"\xff\xd8"]
    assert body["options"] == {"num_ctx": 1000, "num_predict": 50, "seed": 0, "temperature": 0.7}
    assert "format" not in body
    assert (result.key, result.stage, result.prompt_hash) == (task.key, "grade", task.prompt_hash)


async def test_what_is_not_given_is_not_sent(fake: FakeOllama, worker: LanguageModelWorker) -> None:
    """An older server, or a model that cannot think, never sees a field that it does not know."""
    await worker.generate(REQUEST, unwatched)
    assert not {"think", "images", "system"} & set(fake.bodies[0])


async def test_shorter_reply_leaves_more_room_for_the_prompt(
    fake: FakeOllama, worker: LanguageModelWorker
) -> None:
    """The task's own length of the reply decides what fits."""
    long = "word " * 950
    with pytest.raises(PromptTooLongError):
        await worker.generate(ask(long, None, str), unwatched)
    await worker.generate(ask(long, None, str, options=TaskOptions(num_predict=20)), unwatched)
    assert len(fake.prompts) == 1
