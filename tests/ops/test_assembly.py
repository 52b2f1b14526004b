"""From settings to the configurations of the model servers."""

from dataclasses import replace
from typing import Any

import pytest

from introeval import assembly
from introeval.settings import load
from models.config import ServerConfig
from scheduler.errors import ConfigurationError


def test_both_servers_are_configurations_of_one_class() -> None:
    """Mistral and LLaMA3 differ in name, address and model only."""
    mistral, llama3 = assembly.ollama_configs(load({"models": "ollama"}))
    assert (mistral.url, llama3.url) == ("http://localhost:11434", "http://localhost:11435")
    assert replace(mistral, name=llama3.name, url=llama3.url, model=llama3.model) == llama3


def test_defaults_have_one_value() -> None:
    """What the settings give by default is what ``ServerConfig`` has by default."""
    mistral, _ = assembly.ollama_configs(load({"models": "ollama"}))
    assert mistral == ServerConfig(name=mistral.name, url=mistral.url, model=mistral.model)


def test_embedded_models_are_given_to_the_servers_in_turn() -> None:
    """One name is for all; several go round; what is to be installed is each once."""
    names = [f"embedded-{number}" for number in (1, 2, 3)]
    one = load({"embedded": {"servers": 3}})
    assert {assembly.embedded_config(one, name, "").model for name in names} == {one.embedded.llm}
    both = load({"embedded": {"servers": 3, "llm": "smollm2-135m-instruct, qwen2.5-coder-1.5b-instruct"}})
    assert [assembly.embedded_config(both, name, "").model for name in names] == [
        "smollm2-135m-instruct",
        "qwen2.5-coder-1.5b-instruct",
        "smollm2-135m-instruct",
    ]
    assert both.weights == ("whisper-base", "smollm2-135m-instruct", "qwen2.5-coder-1.5b-instruct")


@pytest.mark.parametrize(
    "embedded,said",
    [
        ({"llm": "a,b,c"}, r"embedded\.servers.*3 or more, as embedded\.llm names 3 models"),
        ({"llm": "a,,b"}, r"embedded\.llm.*several separated by commas"),
        ({"llm": ""}, r"embedded\.llm.*a model's name"),
    ],
)
def test_models_that_cannot_be_given_out_are_refused(embedded: dict[str, Any], said: str) -> None:
    """A model without a server would never be asked."""
    with pytest.raises(ConfigurationError, match=said):
        load({"embedded": embedded})
