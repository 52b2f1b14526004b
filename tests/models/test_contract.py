"""What our client relies on, asked of the fake and of a real embedded server alike: the fake is no wish."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest

from tests.models.conftest import MODEL, embedded
from tests.models.fake_ollama import fake_ollama

SCHEMA = {
    "type": "object",
    "properties": {"score": {"type": "integer", "minimum": 0, "maximum": 9}},
    "required": ["score"],
    "additionalProperties": False,
}
QUESTION = {
    "model": MODEL,
    "prompt": "Give a score as JSON.",
    "format": SCHEMA,
    "keep_alive": "5m",
    "options": {"temperature": 0, "seed": 1, "num_predict": 40, "num_ctx": 2048},
}


@pytest.fixture(params=["fake", "embedded"])
async def http(request: pytest.FixtureRequest) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of either server; both have the same one model."""
    async with AsyncExitStack() as stack:
        if request.param == "fake":
            url = (await stack.enter_async_context(fake_ollama(MODEL))).url
        else:
            gguf = request.getfixturevalue("tiny_llm_gguf")
            url = (await stack.enter_async_context(embedded(gguf))).urls["a"]
        yield await stack.enter_async_context(aiohttp.ClientSession(url))


async def _post(http: aiohttp.ClientSession, **body: Any) -> tuple[int, list[dict[str, Any]]]:
    """Status, and the reply's lines."""
    async with http.post("/api/generate", json=body) as reply:
        return reply.status, [json.loads(line) async for line in reply.content]


async def _names(http: aiohttp.ClientSession) -> list[str]:
    """What ``/api/ps`` lists, without the tag that Ollama adds."""
    async with http.get("/api/ps") as reply:
        rows = (await reply.json())["models"]
    assert all({"name", "model", "size", "size_vram", "expires_at"} <= row.keys() for row in rows)
    return [row["name"].removesuffix(":latest") for row in rows]


async def test_a_model_is_listed_while_it_is_loaded(http: aiohttp.ClientSession) -> None:
    """An empty prompt loads, ``keep_alive`` 0 unloads, and ``/api/ps`` tells, already when the answer is there."""
    seen = [await _names(http)]
    ends = []
    for keep_alive in ("5m", 0, 0):
        _, lines = await _post(http, model=MODEL, prompt="", keep_alive=keep_alive, stream=False)
        ends.append([(line["done"], line["done_reason"], line["response"]) for line in lines])
        seen.append(await _names(http))

    assert ends == [[(True, "load", "")], [(True, "unload", "")], [(True, "unload", "")]]
    assert seen == [[], [MODEL], [], []]


async def test_a_reply_streams_in_the_schema(http: aiohttp.ClientSession) -> None:
    """Pieces that are not the end, then one that is, with its reason and its counts; joined they fit the schema."""
    async with http.post("/api/generate", json=QUESTION | {"stream": True}) as reply:
        status, kind = reply.status, reply.content_type
        lines = [json.loads(line) async for line in reply.content]
    answer = json.loads("".join(line["response"] for line in lines))

    assert (status, kind) == (200, "application/x-ndjson")
    assert [line["done"] for line in lines] == [False] * (len(lines) - 1) + [True]
    assert answer.keys() == {"score"}
    assert 0 <= answer["score"] <= 9
    assert lines[-1]["done_reason"] == "stop"
    assert all(lines[-1][count] > 0 for count in ("prompt_eval_count", "eval_count", "total_duration"))
    assert await _names(http) == [MODEL]


@pytest.mark.parametrize("prompt", ["", "Hello"])
async def test_an_unknown_model_is_not_found(http: aiohttp.ClientSession, prompt: str) -> None:
    """404 with a reason that names it, whether it is to be loaded or asked; nothing is loaded."""
    status, lines = await _post(http, model="nobody", prompt=prompt)

    assert status == 404
    assert "nobody" in lines[0]["error"]
    assert await _names(http) == []


async def test_the_installed_model_is_in_the_tags(http: aiohttp.ClientSession) -> None:
    """``/api/tags`` lists what can be loaded."""
    async with http.get("/api/tags") as reply:
        models = (await reply.json())["models"]

    assert [row["name"].removesuffix(":latest") for row in models] == [MODEL]
