"""``ServerConfig``: all that distinguishes one language-model server from another. A value; nothing here acts."""

from dataclasses import dataclass, field
from typing import Any

from models.address import without_login


def canonical(model: str) -> str:
    """A model's name as Ollama lists it: without a tag it is ``:latest``."""
    return model if ":" in model.rpartition("/")[2] else f"{model}:latest"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """One server and the one model that we use on it. All times in seconds.

    ``url`` may hold a login; ``address`` is what is shown. ``timeout_seconds``: one whole reply.
    ``first_token_seconds`` covers the wait in the server's queue and the reading of the prompt. ``probe_seconds``:
    any request that needs no model. ``num_ctx``: tokens for prompt and reply together; it is sent with every request,
    as a changed value makes Ollama load the model anew. ``max_reply_bytes`` counts bytes on the wire (about 150 a
    token), less the list of tokens at a reply's end. ``keep_alive``: as in Ollama's API; it outlasts any pause within
    a phase, and still frees the memory one day if the daemon dies. The defaults are those of the settings, with
    Ollama (a test compares them).
    """

    name: str
    url: str = field(repr=False)
    model: str
    max_concurrent: int = 4
    timeout_seconds: float = 120.0
    connect_seconds: float = 5.0
    first_token_seconds: float = 90.0
    between_tokens_seconds: float = 30.0
    probe_seconds: float = 5.0
    load_seconds: float = 120.0
    unload_seconds: float = 120.0
    num_ctx: int = 8192
    num_predict: int = 1024
    seed: int = 1
    temperature: float = 0.0
    max_reply_bytes: int = 1_000_000
    keep_alive: str | int = "30m"

    @property
    def address(self) -> str:
        """The url without its login."""
        return without_login(self.url)

    @property
    def options(self) -> dict[str, Any]:
        """Ollama's ``options``; the same in every request, the one that loads the model included."""
        return {
            "num_ctx": self.num_ctx,
            "num_predict": self.num_predict,
            "seed": self.seed,
            "temperature": self.temperature,
        }
