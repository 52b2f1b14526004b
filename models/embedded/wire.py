"""Ollama's requests, and what they mean to llama.cpp. Unknown fields and options are ignored, as in Ollama, and null
means absent.

Source of names and defaults: Ollama's ``docs/api.md`` and its model file parameters.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    field_validator,
    model_validator,
)

from models.embedded.errors import RequestError

FOREVER = float("inf")
DEFAULT_KEEP_ALIVE = 300.0
UNITS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
OPTIONS: Mapping[str, str] = {
    "num_predict": "n_predict",
    "num_keep": "n_keep",
    "seed": "seed",
    "temperature": "temperature",
    "top_k": "top_k",
    "top_p": "top_p",
    "min_p": "min_p",
    "typical_p": "typical_p",
    "repeat_last_n": "repeat_last_n",
    "repeat_penalty": "repeat_penalty",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
    "stop": "stop",
}
SAMPLING_DEFAULTS: Mapping[str, JsonValue] = {"temperature": 0.8, "top_k": 40, "top_p": 0.9, "n_predict": -1}
# One space at most between tokens: a model that may indent can also emit white space until its limit.
COMPACT_JSON: Mapping[str, JsonValue] = {
    "whitespace_flexible": False,
    "item_separator": ", ",
    "key_separator": ": ",
}


class _Fields(BaseModel):
    model_config = ConfigDict(extra="ignore")

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, given: object) -> object:
        return _present(given)


class _Request(_Fields):
    model: str
    stream: bool = True
    format: JsonValue = None
    options: dict[str, Any] | None = None
    keep_alive: float | str | None = None
    think: bool | str | None = None

    @field_validator("options", mode="before")
    @classmethod
    def _given_options(cls, options: object) -> object:
        return _present(options)

    def num_ctx(self, default: int) -> int:
        """The context in tokens that the request wants."""
        value = (self.options or {}).get("num_ctx", default)
        if not isinstance(value, int) or value < 1:
            message = f"option num_ctx must be a positive integer, not {value!r}"
            raise RequestError(message)
        return value

    def llama_options(self) -> dict[str, Any]:
        """The request's options and format in llama.cpp's terms."""
        given = {OPTIONS[key]: value for key, value in (self.options or {}).items() if key in OPTIONS}
        if isinstance(given.get("stop"), str):
            given["stop"] = [given["stop"]]
        schema = json_schema(self.format)
        return {**SAMPLING_DEFAULTS, **given} | ({"json_schema": schema} if schema else {})

    def refuse_unsupported(self) -> None:
        """Raise ``RequestError`` for what these models cannot do."""
        if self.think:
            message = f"{self.model!r} does not support thinking"
            raise RequestError(message)


class GenerateRequest(_Request):
    """``POST /api/generate``."""

    prompt: str = ""
    system: str = ""
    suffix: str = ""
    template: str = ""
    raw: bool = False
    images: list[str] | None = None

    def refuse_unsupported(self) -> None:
        """Raise ``RequestError`` for what these models cannot do."""
        super().refuse_unsupported()
        for field in ("images", "suffix", "template"):
            if getattr(self, field):
                message = f"{self.model!r} does not support {field}"
                raise RequestError(message)

    def messages(self) -> list[dict[str, str]]:
        """The prompt as a conversation."""
        system = [{"role": "system", "content": self.system}] if self.system else []
        return [*system, {"role": "user", "content": self.prompt}]


class Message(_Fields):
    """One message of a conversation."""

    role: str
    content: str = ""
    images: list[str] | None = None


class ChatRequest(_Request):
    """``POST /api/chat``."""

    messages: list[Message] = Field(default_factory=list)
    tools: list[Any] | None = None

    def refuse_unsupported(self) -> None:
        """Raise ``RequestError`` for what these models cannot do."""
        super().refuse_unsupported()
        if self.tools:
            message = f"{self.model!r} does not support tools"
            raise RequestError(message)
        if any(message.images for message in self.messages):
            text = f"{self.model!r} does not support images"
            raise RequestError(text)


def parse(kind: type[GenerateRequest] | type[ChatRequest], body: bytes) -> GenerateRequest | ChatRequest:
    """Read a request. Raises ``RequestError`` with the first thing that is wrong with it."""
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        first = error.errors()[0]
        message = f"{'.'.join(str(part) for part in first['loc']) or 'request'}: {first['msg']}"
        raise RequestError(message) from error


def json_schema(form: JsonValue) -> dict[str, JsonValue] | None:
    """The schema behind ``format``: absent, ``"json"`` (any object), or a JSON schema."""
    if form in (None, ""):
        return None
    if form == "json":
        return {"type": "object", "x-guidance": dict(COMPACT_JSON)}
    if isinstance(form, dict):
        return {"x-guidance": dict(COMPACT_JSON), **form}
    message = f'invalid format: {form!r}; expected "json" or a JSON schema'
    raise RequestError(message)


def _present(given: object) -> object:
    """An object without the fields that are null; anything else as it is."""
    if not isinstance(given, dict):
        return given
    return {name: value for name, value in given.items() if value is not None}


def keep_alive_seconds(value: float | str | None) -> float:
    """``keep_alive`` in seconds: a number, or a duration such as ``"5m"``; negative means for ever."""
    if value is None:
        return DEFAULT_KEEP_ALIVE
    if isinstance(value, str):
        value = _duration(value.strip())
    return FOREVER if value < 0 else float(value)


def _duration(text: str) -> float:
    sign, digits = (-1.0, text[1:]) if text.startswith("-") else (1.0, text)
    if re.fullmatch(r"\d+(\.\d+)?", digits):
        return sign * float(digits)
    parts = re.findall(r"(\d+(?:\.\d+)?)(ns|us|ms|s|m|h)", digits)
    if not parts or "".join(number + unit for number, unit in parts) != digits:
        message = f"invalid keep_alive: {text!r}"
        raise RequestError(message)
    return sign * sum(float(number) * UNITS[unit] for number, unit in parts)


def timestamp(seconds: float) -> str:
    """RFC 3339, UTC. Beyond the calendar: the last day that it knows."""
    try:
        at = datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError):
        at = datetime.max.replace(tzinfo=UTC)
    return at.isoformat().replace("+00:00", "Z")
