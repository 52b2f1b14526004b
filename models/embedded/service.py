"""What one server can do, apart from HTTP: describe its model, and answer requests as Ollama's messages."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.embedded.errors import ModelNotFoundError
from models.embedded.gguf import GgufHeader
from models.embedded.llama import Piece
from models.embedded.residency import Loan, Residency
from models.embedded.wire import ChatRequest, GenerateRequest, keep_alive_seconds, timestamp

Json = dict[str, Any]
LATEST = ":latest"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """The one model that a server offers."""

    name: str
    gguf: Path
    header: GgufHeader
    digest: str
    default_num_ctx: int
    modified_at: float

    def details(self) -> Json:
        """The ``details`` object of Ollama's lists."""
        return {
            "parent_model": "",
            "format": "gguf",
            "family": self.header.family,
            "families": [self.header.family],
            "parameter_size": self.header.parameter_size,
            "quantization_level": self.header.quantization,
        }

    def entry(self) -> Json:
        """The model's row of ``/api/tags``."""
        return {
            "name": self.name,
            "model": self.name,
            "modified_at": timestamp(self.modified_at),
            "size": self.header.size,
            "digest": self.digest,
            "details": self.details(),
        }

    def check_name(self, asked: str) -> None:
        """Raise ``ModelNotFoundError`` when another model is meant."""
        if asked.removesuffix(LATEST) != self.name.removesuffix(LATEST):
            message = f"model '{asked}' not found"
            raise ModelNotFoundError(message)

    def context(self, request: GenerateRequest | ChatRequest) -> int:
        """The context in tokens for this request; no more than the model was trained for."""
        wanted = request.num_ctx(self.default_num_ctx)
        return min(wanted, self.header.context_length or wanted)


class Service:
    """Answers requests out of one model."""

    def __init__(self, card: ModelCard, residency: Residency) -> None:
        self.card = card
        self.residency = residency

    def show(self) -> Json:
        """The body of ``/api/show``."""
        return {
            "modelfile": f"FROM {self.card.name}\n",
            "parameters": f"num_ctx {self.card.default_num_ctx}",
            "template": self.card.header.template,
            "details": self.card.details(),
            "model_info": dict(self.card.header.values) | {"tokenizer.chat_template": ""},
            "capabilities": ["completion"],
            "modified_at": timestamp(self.card.modified_at),
        }

    def running(self) -> list[Json]:
        """The rows of ``/api/ps``: present as long as the runner's process is."""
        if not self.residency.loaded:
            return []
        entry = {key: value for key, value in self.card.entry().items() if key != "modified_at"}
        times = {"expires_at": timestamp(self.residency.expires_at), "size_vram": 0}
        return [entry | times | {"context_length": self.residency.num_ctx}]

    @asynccontextmanager
    async def answer(self, request: GenerateRequest | ChatRequest) -> AsyncIterator[AsyncIterator[Json]]:
        """The reply's messages; entering waits for the first token. Raises ``RequestError``."""
        self.card.check_name(request.model)
        request.refuse_unsupported()
        keep_alive = keep_alive_seconds(request.keep_alive)
        began = time.perf_counter_ns()
        if _is_empty(request):
            yield _once(await self._load_or_unload(request, keep_alive))
            return
        options = request.llama_options()
        async with self.residency.borrow(self.card.context(request), keep_alive) as loan:
            if "json_schema" in options:
                await loan.client.require_schema(options["json_schema"])
            prompt = await _prompt(loan, request)
            async with loan.client.complete({"prompt": prompt, **options}) as pieces:
                yield _messages(request, pieces, began, loan.load_ns)

    async def _load_or_unload(self, request: GenerateRequest | ChatRequest, keep_alive: float) -> Json:
        if keep_alive == 0:
            await self.residency.unload()
            return _message(request, "") | {"done": True, "done_reason": "unload"}
        async with self.residency.borrow(self.card.context(request), keep_alive) as loan:
            ended = {"done": True, "done_reason": "load", "load_duration": loan.load_ns}
            return _message(request, "") | ended


def _is_empty(request: GenerateRequest | ChatRequest) -> bool:
    return not (request.messages if isinstance(request, ChatRequest) else request.prompt)


async def _prompt(loan: Loan, request: GenerateRequest | ChatRequest) -> str:
    if isinstance(request, ChatRequest):
        turns = [{"role": message.role, "content": message.content} for message in request.messages]
        return await loan.client.apply_template(turns)
    return request.prompt if request.raw else await loan.client.apply_template(request.messages())


def _message(request: GenerateRequest | ChatRequest, text: str) -> Json:
    head: Json = {"model": request.model, "created_at": timestamp(time.time())}
    if isinstance(request, ChatRequest):
        return head | {"message": {"role": "assistant", "content": text}, "done": False}
    return head | {"response": text, "done": False}


async def _once(message: Json) -> AsyncIterator[Json]:
    yield message


async def _messages(
    request: GenerateRequest | ChatRequest, pieces: AsyncIterator[Piece], began: int, load_ns: int
) -> AsyncIterator[Json]:
    async for piece in pieces:
        message = _message(request, piece.text)
        if piece.last:
            message |= {
                "done": True,
                "done_reason": piece.reason,
                "total_duration": time.perf_counter_ns() - began,
                "load_duration": load_ns,
                "prompt_eval_count": piece.prompt_tokens,
                "prompt_eval_cached_count": piece.cached_tokens,
                "prompt_eval_duration": piece.prompt_ns,
                "eval_count": piece.tokens,
                "eval_duration": piece.generation_ns,
            }
        if piece.text or piece.last:
            yield message
