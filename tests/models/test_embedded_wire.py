"""Ollama's requests as values: durations, formats and options."""

import json

import pytest

from models.embedded.errors import RequestError
from models.embedded.wire import FOREVER, ChatRequest, GenerateRequest, keep_alive_seconds, parse, timestamp


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, 300),
        (0, 0),
        ("0", 0),
        ("5", 5),
        (90, 90),
        ("5m", 300),
        ("1h30m", 5400),
        ("1.5s", 1.5),
        ("250ms", 0.25),
    ],
)
def test_keep_alive_is_a_number_or_a_duration(value: float | str | None, seconds: float) -> None:
    """Go's durations and plain numbers mean seconds; absent means five minutes."""
    assert keep_alive_seconds(value) == seconds


@pytest.mark.parametrize("value", [-1, -0.5, "-1", "-1m"])
def test_a_negative_keep_alive_means_for_ever(value: float | str) -> None:
    """So that a phase can hold its models."""
    assert keep_alive_seconds(value) == FOREVER


@pytest.mark.parametrize("value", ["", "soon", "5 minutes", "m5"])
def test_other_durations_are_refused(value: str) -> None:
    """A word is no duration."""
    with pytest.raises(RequestError, match="invalid keep_alive"):
        keep_alive_seconds(value)


def test_options_are_translated_and_unknown_ones_ignored() -> None:
    """What Ollama calls ``num_predict`` llama.cpp calls ``n_predict``."""
    body = {"model": "m", "options": {"num_predict": 7, "seed": 1, "stop": "END", "mirostat_moon": 3}}
    request = parse(GenerateRequest, json.dumps(body).encode())

    assert request.llama_options() == {
        "temperature": 0.8,
        "top_k": 40,
        "top_p": 0.9,
        "n_predict": 7,
        "seed": 1,
        "stop": ["END"],
    }


@pytest.mark.parametrize("form", ["json", {"type": "object"}])
def test_a_format_becomes_a_compact_schema(form: object) -> None:
    """Both ways of asking for JSON end as a schema without free white space."""
    request = parse(ChatRequest, json.dumps({"model": "m", "format": form}).encode())
    schema = request.llama_options()["json_schema"]

    assert schema["type"] == "object"
    assert schema["x-guidance"]["whitespace_flexible"] is False


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "Invalid JSON"),
        (b"{}", "model: Field required"),
        (b'{"model": "m", "prompt": 3}', "prompt: Input should be a valid string"),
    ],
)
def test_a_malformed_request_is_refused_with_the_field(body: bytes, reason: str) -> None:
    """The message names what is wrong."""
    with pytest.raises(RequestError, match=reason):
        parse(GenerateRequest, body)


def test_null_is_absent() -> None:
    """As in Go's JSON: every field may be null, in the options and messages too."""
    names = (
        "stream",
        "prompt",
        "system",
        "suffix",
        "template",
        "raw",
        "images",
        "format",
        "options",
        "think",
    )
    nulls = dict.fromkeys((*names, "keep_alive"), None)
    assert parse(GenerateRequest, json.dumps({"model": "m", **nulls}).encode()) == GenerateRequest(model="m")
    options = {"num_ctx": None, "temperature": None, "seed": 1}
    message = {"role": "user", "content": None, "images": None}
    body = {"model": "m", "messages": [message], "tools": None, "options": options}
    chat = parse(ChatRequest, json.dumps(body).encode())
    assert isinstance(chat, ChatRequest)
    assert (chat.num_ctx(7), chat.options, chat.messages[0].content) == (7, {"seed": 1}, "")
    with pytest.raises(RequestError, match="model: Field required"):
        parse(GenerateRequest, b'{"model": null}')
    with pytest.raises(RequestError, match="should be an object"):
        parse(GenerateRequest, b"[null]")


def test_a_format_that_is_no_schema_is_refused() -> None:
    """As Ollama does."""
    with pytest.raises(RequestError, match="invalid format"):
        parse(GenerateRequest, b'{"model": "m", "format": "yaml"}').llama_options()


def test_for_ever_has_a_timestamp() -> None:
    """The end of the calendar; clients parse it as a date."""
    assert timestamp(FOREVER).startswith("9999-12-31")
    assert timestamp(0) == "1970-01-01T00:00:00Z"
