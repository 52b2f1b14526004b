"""One streamed reply of ``/api/generate``, from bytes to text. Pure: the caller reads the socket.

The rules:

1. A line is bounded, the whole reply is bounded, and both are checked before anything is parsed.
2. Every line is a JSON object of Ollama's shape; a line with ``error`` ends the reply as the server's failure.
3. Whitespace without end (a known way for a grammar-bound model to go astray) is stopped early.
4. A reply is only what ``done`` ended; what comes after is not read.
5. The last line's ``context`` lists the tokens of prompt and reply. Both bounds leave room for it, as a long prompt is
   no misbehaviour. Whoever sent good lines before one that is too long is Ollama all the same.
"""

from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.errors import (
    EmptyReplyError,
    OversizedReplyError,
    ResponseShapeError,
    ServerStatusError,
    StreamCutError,
    WrongServiceError,
)

MAX_LINE_BYTES = 1 << 18
"""Of a line, without its ``context``."""

CONTEXT_BYTES = 16
"""For each token of the window. A number and its comma are 7, and what an older server cut off is listed too."""

MAX_BLANK_CHARACTERS = 256
"""Whitespace in a row; indented JSON stays far below."""


class GenerateLine(BaseModel):
    """One line of the stream; fields as in Ollama's ``api.GenerateResponse``. Durations in nanoseconds."""

    model_config = ConfigDict(strict=True, extra="ignore")

    response: str = ""
    thinking: str = ""
    done: bool = False
    done_reason: str | None = None
    error: str | None = None
    load_duration: int = Field(default=0, ge=0)
    prompt_eval_count: int | None = Field(default=None, ge=0)
    eval_count: int = Field(default=0, ge=0)


@dataclass(slots=True)
class ReplyStream:
    """Collects one reply. ``end`` is its last line once it is complete.

    ``max_bytes``: of the whole reply, without its ``context``. ``window``: tokens that ``context`` may list.
    ``chunks``: the lines with text or thinking so far. A model's thinking is a sign of life, but no part of the reply.
    """

    server: str
    max_bytes: int
    window: int = 0
    chunks: int = 0
    end: GenerateLine | None = None
    _received: int = 0
    _rest: bytearray = field(default_factory=bytearray)
    _parts: list[str] = field(default_factory=list)
    _blank: int = 0

    @property
    def text(self) -> str:
        """The reply so far."""
        return "".join(self._parts)

    def feed(self, data: bytes) -> None:
        """Take bytes as they come. Raises as the module's rules say; after that the stream is of no more use."""
        self._received += len(data)
        if self._received > self.max_bytes + CONTEXT_BYTES * self.window:
            raise OversizedReplyError(f"The reply is longer than {self.max_bytes} bytes.")
        self._rest += data
        *lines, rest = self._rest.split(b"\n")
        self._rest = rest
        for line in lines:
            if self.end is None and line.strip():
                self._line(bytes(line))
        self._bound(self._rest)

    def finish(self) -> None:
        """The connection ended: the rest is the last line, or the reply was cut."""
        rest, self._rest = bytes(self._rest), bytearray()
        if self.end is None and rest.strip():
            self._line(rest)
        if self.end is None:
            raise StreamCutError(f"{self.server} ended the connection in the middle of a reply.")

    def _line(self, data: bytes) -> None:
        self._bound(data)
        line = self._parsed(data)
        if line.error is not None:
            raise ServerStatusError(f"{self.server} gave up on a reply: {line.error[:200]}")
        if line.response or line.thinking:
            self.chunks += 1
        if line.response:
            self._parts.append(line.response)
            self._watch_blanks(line.response)
        if line.done:
            self.end = line

    def _bound(self, line: bytes | bytearray) -> None:
        most = MAX_LINE_BYTES + CONTEXT_BYTES * self.window
        if len(line) > most:
            kind = ResponseShapeError if self.chunks else WrongServiceError
            raise kind(f"{self.server} sent a line of over {most} bytes.")

    def _parsed(self, data: bytes) -> GenerateLine:
        try:
            return GenerateLine.model_validate_json(data)
        except ValidationError as error:
            what = error.errors(include_url=False, include_input=False)[0]["msg"]
            raise ResponseShapeError(f"{self.server} sent a line that is not Ollama's: {what}") from None

    def _watch_blanks(self, text: str) -> None:
        tail = len(text) - len(text.rstrip())
        self._blank = self._blank + tail if tail == len(text) else tail
        if self._blank > MAX_BLANK_CHARACTERS:
            raise EmptyReplyError("The reply consists of whitespace without end.")
