"""The sections about the language models and what they are asked."""

from typing import Annotated

from pydantic import Field, HttpUrl, PositiveFloat, PositiveInt, ValidationInfo, field_validator

from introeval.sections.base import Section
from models.address import without_login


class ServerSettings(Section):
    """One Ollama server and the model that it is to serve. ``url`` may hold a login: ``http://user:password@host``."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,31}$")]
    url: HttpUrl
    model: Annotated[str, Field(min_length=1)]

    @property
    def base_url(self) -> str:
        """Without the slash at the end."""
        return str(self.url).rstrip("/")

    @property
    def address(self) -> str:
        """The same without a login, to show."""
        return without_login(self.base_url)


class OllamaSettings(Section):
    """The servers of ``models = "ollama"``."""

    servers: Annotated[tuple[ServerSettings, ...], Field(min_length=1)] = (
        ServerSettings(name="mistral", url=HttpUrl("http://localhost:11434"), model="mistral"),
        ServerSettings(name="llama3", url=HttpUrl("http://localhost:11435"), model="llama3"),
    )
    max_concurrent: PositiveInt = 4
    timeout_seconds: PositiveFloat = 120.0

    @field_validator("servers")
    @classmethod
    def _distinct(cls, servers: tuple[ServerSettings, ...]) -> tuple[ServerSettings, ...]:
        for values in ([s.name for s in servers], [s.address for s in servers]):
            if len(set(values)) < len(values):
                raise ValueError("two servers have the same name or the same url; each must have its own")
        return servers


class EmbeddedSettings(Section):
    """The servers of ``models = "embedded"``: our own child processes on the CPU.

    ``llm``: one name of the registry for all servers, or several, separated by commas, given to them in turn.
    ``slots`` and ``threads`` are per server; threads not given: the cores are shared out, at least one each.
    One slot was as fast as two on 2 cores (5.4 s and 5.5 s a grade, two servers with one thread each).
    ``timeout_seconds``: a grade takes 5 to 9 s alone and took 67 s beside one busy neighbour.
    """

    stt: str = "whisper-base"
    llm: str = "qwen2.5-coder-1.5b-instruct"
    servers: Annotated[int, Field(ge=1, le=16)] = 2
    slots: PositiveInt = 1
    threads: PositiveInt | None = None
    timeout_seconds: PositiveFloat = 600.0

    @property
    def models(self) -> tuple[str, ...]:
        """The names in ``llm``, in its order."""
        return tuple(name.strip() for name in self.llm.split(","))

    def model_of(self, server: int) -> str:
        """The model of a server, counted from 0."""
        return self.models[server % len(self.models)]

    @field_validator("llm")
    @classmethod
    def _has_names(cls, value: str) -> str:
        if not all(name.strip() for name in value.split(",")):
            raise ValueError("must be a model's name, or several separated by commas")
        return value

    @field_validator("servers")
    @classmethod
    def _enough_for_the_models(cls, value: int, info: ValidationInfo) -> int:
        names = info.data.get("llm", "").split(",")
        if value < len(names):
            raise ValueError(f"must be {len(names)} or more, as embedded.llm names {len(names)} models")
        return value


class GenerationSettings(Section):
    """What every request to a language model carries. A changed ``num_ctx`` makes Ollama load the model anew.

    8192 tokens hold the rubric, 15 minutes of speech (about 3,500 tokens) and the reply.
    ``first_token_seconds``, ``idle_seconds``: patience before and between tokens; not given: 90 and 30 with Ollama; the
    whole timeout and 120 with embedded models, whose prompt waits for a slot and is read at 10 to 76 tokens a second.
    ``requests_per_second``, ``tokens_per_second``: token buckets over all servers together, for servers that others use
    too; not given: no limit. ``token_burst`` 0: ten seconds' worth.
    """

    num_ctx: Annotated[int, Field(ge=1024)] = 8192
    num_predict: PositiveInt = 1024
    temperature: Annotated[float, Field(ge=0, le=2)] = 0.0
    seed: int = 1
    connect_seconds: PositiveFloat = 5.0
    first_token_seconds: PositiveFloat | None = None
    idle_seconds: PositiveFloat | None = None
    max_reply_bytes: PositiveInt = 1_000_000
    requests_per_second: PositiveFloat | None = None
    request_burst: Annotated[float, Field(ge=1)] = 1.0
    tokens_per_second: PositiveFloat | None = None
    token_burst: Annotated[float, Field(ge=0)] = 0.0
