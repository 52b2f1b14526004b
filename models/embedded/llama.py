"""A client for the runner's own HTTP API (llama.cpp's server). Leaving a stream stops the generation."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import aiohttp

from models.embedded.errors import RequestError, RunnerError

CONNECT_SECONDS = 5.0
NOT_JSON = ")"
"""No JSON text begins with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A piece of generated text, or (``last``) the end with its counts; durations are in nanoseconds.

    ``prompt_tokens``: of the whole prompt. ``cached_tokens``: those of them that the slot's cache already held.
    """

    text: str
    last: bool = False
    reason: str = "stop"
    prompt_tokens: int = 0
    cached_tokens: int = 0
    tokens: int = 0
    prompt_ns: int = 0
    generation_ns: int = 0


class LlamaClient:
    """One runner. Raises ``RunnerError`` when it is gone and ``RequestError`` for what it refuses."""

    def __init__(self, url: str, key: str) -> None:
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS)
        headers = {"Authorization": f"Bearer {key}"}
        connector = aiohttp.TCPConnector(limit=0, force_close=True)
        self._session = aiohttp.ClientSession(url, timeout=timeout, headers=headers, connector=connector)
        self._compiled: set[bytes] = set()

    async def close(self) -> None:
        """Close all connections; open streams end."""
        await self._session.close()

    @asynccontextmanager
    async def _post(self, path: str, body: Mapping[str, Any]) -> AsyncIterator[aiohttp.ClientResponse]:
        try:
            async with self._session.post(path, json=body) as response:
                if response.status >= 400:
                    raise _refusal(await response.text(), response.status)
                yield response
        except (aiohttp.ClientError, OSError) as error:
            raise _terminated(error) from error

    async def apply_template(self, messages: list[dict[str, str]]) -> str:
        """The prompt that the model's own chat template makes of these messages."""
        async with self._post("/apply-template", {"messages": messages}) as response:
            prompt: str = (await response.json())["prompt"]
            return prompt

    async def require_schema(self, schema: Mapping[str, Any]) -> None:
        """Raise ``RequestError`` if the runner cannot compile this JSON schema.

        llama.cpp then ignores it and answers 200. So it is asked once for one token, the likeliest of which by far is
        made one that only free text can begin with (20 to 40 ms).
        """
        name = sha256(json.dumps(schema, sort_keys=True).encode()).digest()
        if name in self._compiled:
            return
        question = {"prompt": " ", "n_predict": 1, "temperature": 0, "logit_bias": [[NOT_JSON, 100]]}
        async with self._post("/completion", {**question, "json_schema": schema}) as response:
            text: str = (await response.json())["content"]
        if text.strip().startswith(NOT_JSON):
            message = "invalid format: this JSON schema cannot be compiled"
            raise RequestError(message)
        self._compiled.add(name)

    @asynccontextmanager
    async def complete(self, body: Mapping[str, Any]) -> AsyncIterator[AsyncIterator[Piece]]:
        """Generate; entering waits for the first token. Leaving early stops the generation."""
        async with self._post("/completion", {**body, "stream": True, "cache_prompt": True}) as response:
            yield _pieces(response)


def _refusal(text: str, status: int) -> RequestError:
    try:
        detail = json.loads(text)["error"]
        message = str(detail["message"])
        too_long = detail.get("type") == "exceed_context_size_error"
    except (ValueError, KeyError, TypeError):
        return RunnerError(f"the runner answered {status}: {text[:200]}")
    if too_long:
        return RequestError(
            f"the prompt has {detail['n_prompt_tokens']} tokens and exceeds the context length (num_ctx "
            f"{detail['n_ctx']}); it is not cut silently"
        )
    return RequestError(message) if status < 500 else RunnerError(message)


def _terminated(error: Exception | str) -> RunnerError:
    return RunnerError(f"llama runner process has terminated: {error}")


async def _lines(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    try:
        async for line in response.content:
            yield line
    except (aiohttp.ClientError, OSError) as error:
        # Here, for whoever reads a stream is no longer inside ``_post``.
        raise _terminated(error) from error


async def _pieces(response: aiohttp.ClientResponse) -> AsyncIterator[Piece]:
    async for line in _lines(response):
        name, _, data = line.partition(b":")
        if name == b"error" or (name == b"data" and data.lstrip().startswith(b'{"error"')):
            raise RunnerError(data.decode(errors="replace").strip()[:300])
        if name == b"data" and data.strip() != b"[DONE]":
            piece = _piece(json.loads(data))
            yield piece
            if piece.last:
                return
    raise _terminated("in the middle of a reply")


def _piece(data: Mapping[str, Any]) -> Piece:
    if not data.get("stop"):
        return Piece(text=data["content"])
    timings = data.get("timings", {})
    return Piece(
        text=data["content"],
        last=True,
        reason="length" if data.get("stop_type") == "limit" or data.get("truncated") else "stop",
        prompt_tokens=data["tokens_evaluated"],
        cached_tokens=timings.get("cache_n", 0),
        tokens=data["tokens_predicted"],
        prompt_ns=int(timings.get("prompt_ms", 0) * 1e6),
        generation_ns=int(timings.get("predicted_ms", 0) * 1e6),
    )
