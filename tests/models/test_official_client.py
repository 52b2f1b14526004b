"""The official ``ollama`` client talks to the embedded server as to a real Ollama."""

import json
from collections.abc import AsyncIterator

import httpx
import ollama
import pytest

from tests.models.conftest import MODEL

GREEDY = {"temperature": 0, "seed": 1, "num_predict": 6}
SCHEMA = {
    "type": "object",
    "properties": {"age": {"type": "integer", "minimum": 0, "maximum": 99}, "name": {"enum": ["Ada", "Bob"]}},
    "required": ["age", "name"],
    "additionalProperties": False,
}


@pytest.fixture
async def client(embedded_url: str) -> AsyncIterator[ollama.AsyncClient]:
    """The official client, connected to one embedded server."""
    opened = ollama.AsyncClient(embedded_url)
    yield opened
    await opened._client.aclose()


async def test_list_and_show_describe_the_model(client: ollama.AsyncClient) -> None:
    """The one model is listed with its details, and shown with its template and context length."""
    (model,) = (await client.list()).models
    shown = await client.show(MODEL)

    assert model.model == MODEL
    assert model.details is not None
    assert model.details.quantization_level == "Q4_1"
    assert shown.template is not None
    assert "<|im_start|>" in shown.template
    assert shown.modelinfo is not None
    assert shown.modelinfo["llama.context_length"] == 8192


async def test_preload_and_unload_show_in_ps(client: ollama.AsyncClient) -> None:
    """An empty prompt loads, ``keep_alive`` 0 unloads; ``ps`` lists the model in between only."""
    before = (await client.ps()).models
    loaded = await client.generate(MODEL, "", keep_alive=-1)
    between = (await client.ps()).models
    unloaded = await client.generate(MODEL, "", keep_alive=0)
    after = (await client.ps()).models

    assert loaded.done_reason == "load"
    assert unloaded.done_reason == "unload"
    assert [len(before), len(between), len(after)] == [0, 1, 0]
    assert between[0].context_length == 2048


async def test_generate_is_the_same_with_and_without_a_stream(client: ollama.AsyncClient) -> None:
    """The pieces of a stream join to the whole reply, and the last one carries the counts."""
    whole = await client.generate(MODEL, "Say hello.", options=GREEDY)
    pieces = [
        piece async for piece in await client.generate(MODEL, "Say hello.", options=GREEDY, stream=True)
    ]

    assert whole.response == "".join(piece.response or "" for piece in pieces)
    assert whole.done_reason == pieces[-1].done_reason == "length"
    assert [piece.done for piece in pieces] == [False] * (len(pieces) - 1) + [True]
    assert pieces[-1].eval_count == 6
    assert pieces[-1].prompt_eval_count == whole.prompt_eval_count
    assert whole.load_duration is not None
    assert whole.load_duration > 0


async def test_chat_is_the_same_with_and_without_a_stream(client: ollama.AsyncClient) -> None:
    """The conversation goes through the model's template; pieces join to the whole message."""
    turns = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Say hello."}]
    whole = await client.chat(MODEL, turns, options=GREEDY)
    pieces = [piece async for piece in await client.chat(MODEL, turns, options=GREEDY, stream=True)]

    assert whole.message.role == "assistant"
    assert whole.message.content == "".join(piece.message.content or "" for piece in pieces)


async def test_a_schema_shapes_the_reply(client: ollama.AsyncClient) -> None:
    """``format`` with a schema gives JSON of that schema, without idle white space."""
    options = GREEDY | {"num_predict": 60}
    reply = await client.generate(MODEL, "Invent a person.", format=SCHEMA, options=options)

    assert reply.done_reason == "stop"
    assert set(json.loads(reply.response or "")) == {"age", "name"}
    assert "\n" not in (reply.response or "")


async def test_the_common_prefix_of_prompts_is_evaluated_once(embedded_url: str) -> None:
    """The second prompt with the same rubric counts in whole and is mostly taken from the cache."""
    rubric = "Clarity is how well one can be understood. " * 20
    async with httpx.AsyncClient(base_url=embedded_url, timeout=60) as client:
        replies = []
        for speech in ("I am Ada and I like sums.", "I am Bob and I like trains."):
            body = {"model": MODEL, "prompt": rubric + speech, "stream": False, "options": GREEDY}
            replies.append((await client.post("/api/generate", json=body)).json())
    first, second = replies

    assert first["prompt_eval_cached_count"] == 0
    assert second["prompt_eval_cached_count"] > 0.8 * second["prompt_eval_count"]
    assert abs(first["prompt_eval_count"] - second["prompt_eval_count"]) < 5


async def test_refusals_have_the_shape_of_ollama(client: ollama.AsyncClient) -> None:
    """An unknown model is a 404; pictures and a prompt beyond the context are a 400 that says so."""
    with pytest.raises(ollama.ResponseError, match="model 'llama3' not found") as unknown:
        await client.generate("llama3", "Hello")
    with pytest.raises(ollama.ResponseError, match="does not support images") as picture:
        await client.generate(MODEL, "Hello", images=["aGVsbG8="])
    with pytest.raises(ollama.ResponseError, match=r"exceeds the context length \(num_ctx 2048\)") as long:
        await client.generate(MODEL, "hello " * 4000)

    assert [unknown.value.status_code, picture.value.status_code, long.value.status_code] == [404, 400, 400]


@pytest.mark.parametrize(
    "form",
    [
        {"type": "nonsense"},
        {"type": "object", "properties": {"a": {"$ref": "#/nowhere"}}},
        {"type": "string", "pattern": "(("},
        {"enum": []},
    ],
)
async def test_a_schema_that_cannot_be_compiled_is_refused(
    client: ollama.AsyncClient, form: dict[str, object]
) -> None:
    """llama.cpp would ignore it without a word and write free text; a good one is followed before and after."""
    for _ in range(2):
        with pytest.raises(ollama.ResponseError, match="schema cannot be compiled") as refused:
            await client.generate(MODEL, "Hello", format=form)
        assert refused.value.status_code == 400
        for kind, first in (("object", "{"), ("array", "["), ("boolean", "tf")):
            good = await client.generate(MODEL, "Hello", format={"type": kind}, options={"num_predict": 1})
            assert str(good.response)[0] in first


async def test_another_num_ctx_reloads(client: ollama.AsyncClient) -> None:
    """A changed context is a changed runner."""
    await client.generate(MODEL, "", options={"num_ctx": 512})
    first = (await client.ps()).models[0].context_length
    await client.generate(MODEL, "", options={"num_ctx": 1024})
    second = (await client.ps()).models[0].context_length

    assert [first, second] == [512, 1024]


async def test_a_client_that_leaves_stops_the_generation(embedded_url: str) -> None:
    """With one slot, the next request can only be answered when the endless one before it was stopped."""
    endless = {"num_predict": -1, "temperature": 0}
    schema = {"type": "array", "items": {"type": "integer"}, "minItems": 4000}
    body = {"model": MODEL, "prompt": "Count.", "format": schema, "options": endless}
    short = {"model": MODEL, "prompt": "Hi", "stream": False, "options": {"num_predict": 2}}
    async with httpx.AsyncClient(base_url=embedded_url, timeout=15) as client:
        async with client.stream("POST", "/api/generate", json=body) as response:
            first = json.loads(await anext(response.aiter_lines()))
        reply = await client.post("/api/generate", json=short)

    assert first["done"] is False
    assert reply.json()["done_reason"] == "length"


async def test_the_banner_answers_get_and_head(embedded_url: str) -> None:
    """What health checks of Ollama look at."""
    async with httpx.AsyncClient(base_url=embedded_url) as client:
        banner = await client.get("/")
        head = await client.head("/")
        version = await client.get("/api/version")

    assert banner.text == "Ollama is running"
    assert head.status_code == 200
    assert set(version.json()) == {"version"}
