"""From settings to the configurations of the model servers."""

from dataclasses import replace

from introeval import assembly
from introeval.settings import load
from models.config import ServerConfig


def test_both_servers_are_configurations_of_one_class() -> None:
    """Mistral and LLaMA3 differ in name, address and model only."""
    mistral, llama3 = assembly.ollama_configs(load({"models": "ollama"}))
    assert (mistral.url, llama3.url) == ("http://localhost:11434", "http://localhost:11435")
    assert replace(mistral, name=llama3.name, url=llama3.url, model=llama3.model) == llama3


def test_defaults_have_one_value() -> None:
    """What the settings give by default is what ``ServerConfig`` has by default."""
    mistral, _ = assembly.ollama_configs(load({"models": "ollama"}))
    assert mistral == ServerConfig(name=mistral.name, url=mistral.url, model=mistral.model)
