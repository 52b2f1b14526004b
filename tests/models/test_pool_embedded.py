"""The pool on two real servers with a real model: the same client, hand-over and failover as in a lab."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest

from introeval.clock import SystemClock
from models.config import ServerConfig
from models.embedded.supervisor import EmbeddedServers
from models.errors import ContextOverflowError, SchemaValidationError
from models.member import ProbeTimes
from models.pool import ModelPool
from models.task import ask
from scheduler.ports import unwatched
from tests.models.conftest import MODEL

SCHEMA = {
    "type": "object",
    "properties": {"score": {"type": "integer", "minimum": 0, "maximum": 9}},
    "required": ["score"],
    "additionalProperties": False,  # llama.cpp's grammar lets a model add members of its own otherwise
}


def parse(text: str) -> int:
    """The score of a reply that follows the schema."""
    try:
        return int(json.loads(text)["score"])
    except (ValueError, KeyError, TypeError) as error:
        raise SchemaValidationError(str(error)) from None


REQUEST = ask("Hello, my name is Asha. Score this from 0 to 9.", SCHEMA, parse)


@asynccontextmanager
async def pool_of(urls: Mapping[str, str]) -> AsyncIterator[ModelPool]:
    """A pool over these servers, in its phase, that asks a failed one again soon."""
    servers = [
        ServerConfig(name=name, url=url, model=MODEL, max_concurrent=1, num_ctx=1024, num_predict=24)
        for name, url in urls.items()
    ]
    pool = ModelPool(servers, SystemClock(), probes=ProbeTimes(healthy=0.1, first=0.05, most=0.1))
    try:
        await pool.enter()
        yield pool
    finally:
        await pool.close()


async def test_real_servers_take_turns_and_are_left_empty(embedded_pair: EmbeddedServers) -> None:
    """Both answer by schema, and after leaving neither holds a model."""
    async with pool_of(embedded_pair.urls) as pool:
        results = [await pool.generate(REQUEST, unwatched) for _ in range(4)]
        assert [result.server for result in results] == ["a", "b", "a", "b"]
        assert all(result.tokens_in > 10 and result.tokens_out > 0 for result in results)
        await pool.leave()
        assert [switch.error for switch in pool.switches] == [None, None]
        assert not any(status.loaded for status in pool.statuses())


async def test_prompt_beyond_the_window_is_the_prompts_fault(embedded_pair: EmbeddedServers) -> None:
    """More tokens than we count at least: refused as too long, as by Ollama, and both servers stay in use."""
    async with pool_of(embedded_pair.urls) as pool:
        with pytest.raises(ContextOverflowError, match="exceeds the context length"):
            await pool.generate(ask("漢字" * 900, None, str), unwatched)
        assert pool.servers_up == 2


async def test_killed_server_is_replaced_and_comes_back(embedded_pair: EmbeddedServers) -> None:
    """A server killed under the pool costs nothing, and is used again once it was restarted."""
    back = asyncio.Event()
    async with pool_of(embedded_pair.urls) as pool:
        pid = embedded_pair.pids["a"]
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        results = await asyncio.gather(*(pool.generate(REQUEST, unwatched) for _ in range(2)))
        assert {result.server for result in results} == {"b"}
        pool.on_change = lambda: back.set() if pool.servers_up == 2 else None
        probing = asyncio.create_task(pool.run())
        await back.wait()
        probing.cancel()
        servers = {(await pool.generate(REQUEST, unwatched)).server for _ in range(2)}
        assert servers == {"a", "b"}
        await pool.leave()
