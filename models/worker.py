"""``LanguageModelWorker``: one server and its model, asked for replies that follow a schema.

The rules:

1. A prompt that cannot fit is never sent; a prompt that the server cut is an error, however good the reply looks.
2. A reply counts only if the model ended it itself, and ``task.parse`` accepts it.
3. An unusable reply is asked for again with the reason, at most twice. The reason stands behind the unchanged
   prompt, so that the server's prefix cache still holds all of it.
"""

import time
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from models.config import ServerConfig, canonical
from models.errors import (
    ContextOverflowError,
    EmptyReplyError,
    ModelUnavailableError,
    PromptTooLongError,
    ReplyError,
    ResponseShapeError,
    TruncatedReplyError,
)
from models.limits import Gate
from models.stream import ReplyStream
from models.task import LLMTask
from models.tokens import estimate
from models.wire import OllamaWire
from scheduler.ports import Progress

__all__ = ["Generation", "LanguageModelWorker", "ServerConfig"]

T = TypeVar("T")
MAX_ASKS = 3
MAX_REASON_CHARACTERS = 300
HALF_AND = (1, 2)
"""Tokens beyond half the window that are left of a prompt that was cut."""
CONFIRMED = 0.9
"""Of the tokens that a server read, our own count on spoken English: what is read of a cut prompt is half of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation(Generic[T]):
    """What came back. ``raw``: the accepted reply's text. Tokens and times are sums over all ``attempts``,
    those that ended badly included, whose tokens are counted by us where the server did not tell them.

    ``key``, ``stage``, ``prompt_hash``: those of the task. ``latency_ms``: asking only, without the wait for a slot or
    a limit. ``load_ms``: the part of it in which the server loaded the model (0 when it was in memory).
    ``cached``: nobody was asked now; tokens and times are those of the call that was kept.
    """

    value: T
    raw: str
    key: str
    stage: str
    prompt_hash: str
    server: str
    model: str
    tokens_in: int
    tokens_out: int
    latency_ms: int
    load_ms: int
    attempts: int
    cached: bool = False


@dataclass(slots=True)
class _Spent:
    """What the replies to one request have cost so far."""

    asks: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    seconds: float = 0.0
    load_ns: int = 0

    @property
    def tokens(self) -> int:
        return self.tokens_in + self.tokens_out

    def add(self, stream: ReplyStream, least: int) -> None:
        """One reply, whole or given up. Of one without its end: our own count of the prompt, and a token each piece."""
        if stream.end is not None:
            self.tokens_in += stream.end.prompt_eval_count or 0
            self.tokens_out += stream.end.eval_count
            self.load_ns += stream.end.load_duration
        elif stream.chunks:
            self.tokens_in += least
            self.tokens_out += stream.chunks


def ask_again(task: LLMTask[Any], reason: str) -> str:
    """The prompt of a further attempt: the same beginning, then why the last reply was refused (one line, bounded)."""
    why = " ".join(reason.split())[:MAX_REASON_CHARACTERS]
    how = "as asked" if task.schema is None else "following the schema exactly"
    return f"{task.prompt}\n\nYour last reply could not be used: {why}\nReply again, {how}."


def check(stream: ReplyStream, least: int, most: int, config: ServerConfig) -> str:
    """The text of a reply that may be parsed. Raises ``ContextOverflowError``, ``ReplyError``, ``ResponseShapeError``.

    ``least``: tokens that the prompt has at least. ``most``: tokens that the reply was allowed.

    ``prompt_eval_count`` counts what was read after a cut, cached tokens included (not in the first releases of
    Ollama 0.30, see its pull requests 5371 and 16428). A prompt that does not fit is cut to the whole window, which
    leaves no room for the reply, or to half of it plus two tokens (its issues 17427 and 17889). The latter is below
    ``least`` where we count more than half of the tokens. Elsewhere (numbers, most scripts but the Latin one) it shows
    by that very number: an honest prompt that has it is refused unless our own count is near enough to confirm it.
    """
    end, name = stream.end, config.name
    if end is None or end.prompt_eval_count is None:
        raise ResponseShapeError(f"{name} does not say how many tokens it read. Install a newer Ollama.")
    if end.prompt_eval_count < least:
        raise ContextOverflowError(
            f"{name} read {end.prompt_eval_count} tokens of a prompt of {least} or more."
        )
    if end.prompt_eval_count - config.num_ctx // 2 in HALF_AND and least < CONFIRMED * end.prompt_eval_count:
        raise ContextOverflowError(
            f"{name} read {end.prompt_eval_count} tokens, to which it cuts a prompt that is longer than its window."
        )
    if end.prompt_eval_count + end.eval_count > config.num_ctx:
        raise ContextOverflowError(f"{name} dropped the beginning of the prompt to make room for the reply.")
    if end.done_reason == "length" or (end.done_reason is None and end.eval_count >= most):
        raise TruncatedReplyError("The reply was cut off because it was too long. Be much briefer.")
    if not stream.text.strip():
        raise EmptyReplyError("The reply was empty.")
    return stream.text


class LanguageModelWorker:
    """One model server. *Mistral* and *LLaMA3* are two instances of this class, told apart by their configuration."""

    def __init__(self, config: ServerConfig) -> None:
        self.config = config
        self._wire = OllamaWire(config)

    @property
    def name(self) -> str:
        """The server's name, for people and records."""
        return self.config.name

    async def generate(self, task: LLMTask[T], progress: Progress, gate: Gate | None = None) -> Generation[T]:
        """Ask until a reply is accepted. ``progress``: the share of ``num_predict`` that was written, below 1.

        ``gate`` is asked before each request.

        Raises ``PromptTooLongError``, the last ``ReplyError`` once asking again was of no use, or another of
        ``models.errors`` at once.
        """
        prompt, spent = task.prompt, _Spent()
        self._refuse_too_long(task)
        while True:
            spent.asks += 1
            try:
                text = await self._ask(task, prompt, progress, gate, spent)
                return self._generation(task, task.parse(text), text, spent)
            except ReplyError as error:
                prompt = ask_again(task, str(error))
                if spent.asks == MAX_ASKS or self._least(task, prompt) > self._room(task):
                    raise

    async def load(self) -> None:
        """Have the model in memory when this returns. Raises ``ServerFailedError`` and ``RequestRefusedError``."""
        await self._wire.touch(self.config.keep_alive, self.config.load_seconds)

    async def unload(self, model: str | None = None) -> None:
        """Ask the server to drop a model, ours if none is named.

        It answers before it has done so: look at ``in_memory`` until the model is not there.
        """
        await self._wire.touch(0, self.config.probe_seconds, model)

    async def in_memory(self) -> frozenset[str]:
        """The models that the server holds in memory, ours or not, by their full names."""
        return await self._wire.running()

    async def probe(self) -> None:
        """Return when the server is well and has the model; raises ``ServerFailedError``. Loads nothing."""
        if canonical(self.config.model) not in await self._wire.installed():
            raise ModelUnavailableError(
                f"{self.name} ({self.config.address}) does not have the model {self.config.model}. On its machine run: "
                f"ollama pull {self.config.model}"
            )

    async def close(self) -> None:
        """Close all connections. Idempotent."""
        await self._wire.close()

    async def _ask(
        self, task: LLMTask[Any], prompt: str, progress: Progress, gate: Gate | None, spent: _Spent
    ) -> str:
        most, least = self._most(task), self._least(task, prompt)
        if gate is not None:
            await gate.admit(least)
        began, before = time.monotonic(), spent.tokens
        stream = self._wire.reply()
        try:
            await self._wire.generate(
                task, prompt, stream, lambda chunks: progress(min(chunks / (most + 1), 0.99))
            )
        finally:
            spent.seconds += time.monotonic() - began
            spent.add(stream, least)
            # Of a request that nothing came of nobody knows what it used: what was reserved stays so.
            if gate is not None and (stream.end or stream.chunks):
                gate.settle(least, spent.tokens - before)
        return check(stream, least, most, self.config)

    def _most(self, task: LLMTask[Any]) -> int:
        """Tokens that the reply may have."""
        return self.config.num_predict if task.options.num_predict is None else task.options.num_predict

    def _room(self, task: LLMTask[Any]) -> int:
        """Tokens that the prompt may have, so that a full-length reply still fits."""
        return self.config.num_ctx - self._most(task)

    @staticmethod
    def _least(task: LLMTask[Any], prompt: str) -> int:
        """Tokens that a prompt has at least; images count nothing here, as only their server knows what they cost."""
        return estimate(task.system) + estimate(prompt)

    def _refuse_too_long(self, task: LLMTask[Any]) -> None:
        least, room = self._least(task, task.prompt), self._room(task)
        if least > room:
            raise PromptTooLongError(
                f"The work is too long to be read in one piece ({least} tokens or more; there is room for {room})."
            )

    def _generation(self, task: LLMTask[Any], value: T, text: str, spent: _Spent) -> Generation[T]:
        return Generation(
            value=value,
            raw=text,
            key=task.key,
            stage=task.stage,
            prompt_hash=task.prompt_hash,
            server=self.name,
            model=self.config.model,
            tokens_in=spent.tokens_in,
            tokens_out=spent.tokens_out,
            latency_ms=round(spent.seconds * 1000),
            load_ms=spent.load_ns // 1_000_000,
            attempts=spent.asks,
        )
