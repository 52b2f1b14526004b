"""One worker and a server that misbehaves in every way we know: a typed error, soon, and nothing swallowed."""

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from models import errors
from models.config import ServerConfig
from models.errors import ServerFailedError
from models.task import ask as ask_for
from models.worker import LanguageModelWorker
from scheduler.errors import AttemptFailedError
from scheduler.ports import unwatched
from tests.models.fake_ollama import FakeOllama, Mood, fake_ollama

REQUEST = ask_for("Please grade this rather long speech of mine.", {}, str)
CONFIG = ServerConfig(
    name="mistral",
    url="",
    model="mistral",
    first_token_seconds=1.0,
    between_tokens_seconds=1.0,
    probe_seconds=0.2,
    timeout_seconds=5.0,
    max_reply_bytes=1 << 20,
)


@pytest.fixture
async def fake() -> AsyncIterator[FakeOllama]:
    """A server that behaves until it is told otherwise."""
    async with fake_ollama() as server:
        yield server


async def ask(fake: FakeOllama, config: ServerConfig = CONFIG) -> str:
    """One request of one worker."""
    worker = LanguageModelWorker(replace(config, url=fake.url))
    try:
        return (await worker.generate(REQUEST, unwatched)).value
    finally:
        await worker.close()


@pytest.mark.parametrize(
    "mood,expected,asks",
    [
        (Mood.CUT, errors.StreamCutError, 1),
        (Mood.MISSING, errors.ModelUnavailableError, 1),
        (Mood.ERROR, errors.ServerStatusError, 1),
        (Mood.BUSY, errors.ServerBusyError, 1),
        (Mood.LIMITED, errors.RateLimitedError, 1),
        (Mood.ERROR_LINE, errors.ServerStatusError, 1),
        (Mood.EMPTY, errors.EmptyReplyError, 3),
        (Mood.WHITESPACE, errors.EmptyReplyError, 3),
        (Mood.ENDLESS, errors.OversizedReplyError, 3),
        (Mood.BAD_JSON, errors.ResponseShapeError, 1),
        (Mood.LENGTH, errors.TruncatedReplyError, 3),
        (Mood.WRONG_SERVICE, errors.WrongServiceError, 1),
        (Mood.GIANT_LINE, errors.WrongServiceError, 1),
        (Mood.GZIP, errors.WrongServiceError, 1),
        (Mood.REDIRECT, errors.WrongServiceError, 1),
        (Mood.CUT_PROMPT, errors.ContextOverflowError, 1),
        (Mood.TOO_LONG, errors.ContextOverflowError, 1),
        (Mood.NO_COUNT, errors.ResponseShapeError, 1),
        (Mood.TOO_LARGE, errors.RequestRefusedError, 1),
        (Mood.LATE_GIANT, errors.ResponseShapeError, 1),
    ],
)
async def test_misbehaviour(
    fake: FakeOllama, mood: Mood, expected: type[AttemptFailedError], asks: int
) -> None:
    """Each misbehaviour is one kind of error; only what the model itself did wrong is asked again."""
    fake.mood = mood
    with pytest.raises(expected):
        await ask(fake)
    assert len(fake.prompts) == asks


@pytest.mark.parametrize(
    "mood,limits",
    [
        (Mood.HANG_FIRST, {"first_token_seconds": 0.05}),
        (Mood.HANG_BETWEEN, {"between_tokens_seconds": 0.05}),
        (Mood.HANG_FIRST, {"timeout_seconds": 0.05}),
    ],
)
async def test_hang_is_the_servers_failure(fake: FakeOllama, mood: Mood, limits: dict[str, Any]) -> None:
    """A server that falls silent is given up after the time that this kind of silence may last."""
    fake.mood = mood
    with pytest.raises(errors.ServerTimeoutError):
        await ask(fake, replace(CONFIG, **limits))
    await fake.given_up.wait()


async def test_slow_reply_is_not_the_servers_failure(fake: FakeOllama) -> None:
    """Tokens that come, but not all in time, fail the attempt and leave the server in use."""
    fake.mood = Mood.HANG_BETWEEN
    with pytest.raises(errors.SlowReplyError) as caught:
        await ask(fake, replace(CONFIG, timeout_seconds=0.1))
    assert not isinstance(caught.value, ServerFailedError)


@pytest.mark.parametrize("num_ctx", [8192, 131_072])
async def test_last_line_may_list_the_whole_window(fake: FakeOllama, num_ctx: int) -> None:
    """Ollama's last line lists the tokens of prompt and reply: with a long window a megabyte, and no misbehaviour."""
    fake.mood = Mood.LONG_CONTEXT
    assert await ask(fake, replace(CONFIG, num_ctx=num_ctx, max_reply_bytes=10_000)) == fake.reply


async def test_too_large_a_request_says_what_to_do(fake: FakeOllama) -> None:
    """A proxy's 413 is about this one request, and names the limit to raise."""
    fake.mood = Mood.TOO_LARGE
    with pytest.raises(
        errors.RequestRefusedError, match=r"mistral .* too large \(413\).*client_max_body_size"
    ):
        await ask(fake)


async def test_missing_model_says_what_to_do(fake: FakeOllama) -> None:
    """The message is the command to run, whether the probe finds out or the request."""
    fake.installed = False
    worker = LanguageModelWorker(replace(CONFIG, url=fake.url))
    with pytest.raises(errors.ModelUnavailableError, match="ollama pull mistral"):
        await worker.probe()
    await worker.close()
    fake.mood = Mood.MISSING
    with pytest.raises(errors.ModelUnavailableError, match="ollama pull mistral"):
        await ask(fake)


async def test_nobody_listens() -> None:
    """A refused connection is told apart from an unreachable machine: the process is gone."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://localhost:{closed.getsockname()[1]}"
        worker = LanguageModelWorker(replace(CONFIG, url=url))
        with pytest.raises(errors.ServerUnreachableError) as caught:
            await worker.probe()
        await worker.close()
    assert caught.value.refused


async def test_not_even_http() -> None:
    """Another protocol on the port is the wrong service, not a crash."""

    async def banner(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
        await writer.drain()
        await reader.read()
        writer.close()

    async with await asyncio.start_server(banner, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        worker = LanguageModelWorker(replace(CONFIG, url=f"http://127.0.0.1:{port}"))
        with pytest.raises(errors.WrongServiceError):
            await worker.probe()
        await worker.close()


async def test_silent_server_fails_the_probe(fake: FakeOllama) -> None:
    """A server that accepts and says nothing is not well."""
    fake.silent = True
    worker = LanguageModelWorker(replace(CONFIG, url=fake.url))
    with pytest.raises(errors.ServerTimeoutError):
        await worker.probe()
    await worker.close()
