"""``LLMTask``: the one notion of a request to a language model, whatever it is for. A value; nothing here acts.

The rules:

1. A task says what is asked and how the reply is read, never who asks it or when.
2. ``key`` is a hash of all that decides the reply. Whoever asks the same again gets the kept reply. It does not depend
   on the server that answers: a task whose ``model`` is ``None`` has one reply, whichever model gave it. What the
   server's configuration decides (``TaskOptions`` left at ``None``) is not part of it either.
3. A further try of the same prompt is another call (``attempt``), and so is another stage.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Generic, Literal, TypedDict, TypeVar, Unpack

T = TypeVar("T")
Role = Literal["system", "user"]
Kind = Literal["simple", "vision"]


@dataclass(frozen=True, slots=True)
class Message:
    """One part of what the model is told. ``images``: whole files (PNG or JPEG), in reading order."""

    role: Role
    content: str
    images: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskOptions:
    """What a task wants other than the server's configuration (``None``: as configured).

    ``num_predict``: tokens that the reply may have, thinking included. ``reasoning``: Ollama's ``think``; left at
    ``None`` it is not sent, and the model does as it is used to.
    """

    seed: int | None = None
    temperature: float | None = None
    num_predict: int | None = None
    reasoning: bool | None = None

    @property
    def sampling(self) -> Mapping[str, int | float]:
        """Those that belong into Ollama's ``options``."""
        given = {"seed": self.seed, "temperature": self.temperature, "num_predict": self.num_predict}
        return {name: value for name, value in given.items() if value is not None}


AS_CONFIGURED = TaskOptions()


@dataclass(frozen=True, kw_only=True)
class LLMTask(Generic[T]):
    """What to ask, and how to read the reply. At least one message of the user has text (else ``ValueError``).

    ``schema``: the JSON schema that the reply must follow; ``None`` for free text. ``parse``: the reply's text to a
    value, or ``ReplyError`` with a reason that the model can act upon. ``stage``: what it is for, in records.
    ``model``: only servers that serve it are asked; ``None``: any. ``version``: the assignment's id and version.
    ``inputs_hash``: of what the prompt was made from. ``attempt``: the try, from 1.
    """

    messages: tuple[Message, ...]
    schema: dict[str, Any] | None
    parse: Callable[[str], T]
    stage: str = "grade"
    model: str | None = None
    options: TaskOptions = AS_CONFIGURED
    inputs_hash: str = ""
    version: str = ""
    attempt: int = 1

    def __post_init__(self) -> None:
        if not self.prompt.strip():
            raise ValueError("a task needs a message of the user that has text")

    @cached_property
    def prompt(self) -> str:
        """What ``/api/generate`` gets as ``prompt``: the user's messages, a blank line between them."""
        return "\n\n".join(message.content for message in self.messages if message.role == "user")

    @cached_property
    def system(self) -> str:
        """What ``/api/generate`` gets as ``system``: the system messages; empty when there is none."""
        return "\n\n".join(message.content for message in self.messages if message.role == "system")

    @property
    def images(self) -> tuple[bytes, ...]:
        """All images, in the order of the messages."""
        return tuple(image for message in self.messages for image in message.images)

    @property
    def kind(self) -> Kind:
        """``vision`` when there is something to look at."""
        return "vision" if self.images else "simple"

    @cached_property
    def prompt_hash(self) -> str:
        """SHA-256, hex, of messages, images and schema. The order of a schema's members counts: it steers the reply."""
        parts = [
            [message.role, message.content, [hashlib.sha256(image).hexdigest() for image in message.images]]
            for message in self.messages
        ]
        return _digest([parts, self.schema])

    @cached_property
    def key(self) -> str:
        """The idempotency key: SHA-256, hex. See the module's second rule."""
        asked = [self.stage, self.model, asdict(self.options), self.attempt]
        return _digest([self.version, self.inputs_hash, self.prompt_hash, asked])


class _More(TypedDict, total=False):
    stage: str
    model: str | None
    options: TaskOptions
    inputs_hash: str
    version: str
    attempt: int


def ask(
    prompt: str,
    schema: dict[str, Any] | None,
    parse: Callable[[str], T],
    *,
    system: str = "",
    images: Sequence[bytes] = (),
    **more: Unpack[_More],
) -> LLMTask[T]:
    """A task of one message of the user, with a system message before it if there is one. ``more``: as ``LLMTask``."""
    first = (Message("system", system),) if system else ()
    messages = (*first, Message("user", prompt, tuple(images)))
    return LLMTask(messages=messages, schema=schema, parse=parse, **more)


def _digest(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
