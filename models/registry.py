"""The list of models that can be installed by name (``registry.toml``), as frozen values."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Literal

from scheduler.errors import ConfigurationError

Kind = Literal["stt", "llm"]
SourceName = Literal["folder", "hub", "wheels"]


class UnknownModelError(ConfigurationError):
    """The name is not in the registry; the message lists those that are."""

    code = "unknown_model"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSpec:
    """One file of an installed model.

    ``size``: bytes. ``sha256``: lower-case hex. ``hub``: its path in the hub's repository. ``member``: a
    glob for where the wheels keep it; when ``joined``, the matches are parts, joined in numeric order.
    """

    name: str
    size: int
    sha256: str
    hub: str
    member: str
    joined: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSpec:
    """A repository of the model hub at a fixed revision."""

    repository: str
    revision: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelSpec:
    """One pinned wheel. ``requirement``: ``name==version``; ``size``: bytes of the wheel itself."""

    requirement: str
    size: int
    sha256: str

    @property
    def pinned(self) -> str:
        """The line of a pip requirements file."""
        return f"{self.requirement} --hash=sha256:{self.sha256}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """A model, what it consists of, and its sources in the order in which they are tried.

    ``smaller``: the next model to fall back to. ``smaller_means``: what that does to grades, in a sentence.
    """

    name: str
    kind: Kind
    title: str
    licence: str
    upstream: str
    sources: tuple[SourceName, ...]
    files: tuple[FileSpec, ...]
    hub: HubSpec
    wheels: tuple[WheelSpec, ...]
    smaller: str | None = None
    smaller_means: str | None = None

    @property
    def size(self) -> int:
        """Bytes on disk once installed."""
        return sum(file.size for file in self.files)


def parse(text: str) -> Mapping[str, ModelSpec]:
    """Read a registry. Raises ``ConfigurationError`` when it is not well formed."""
    try:
        rows = tomllib.loads(text)["models"]
        return MappingProxyType({name: _model(name, row) for name, row in rows.items()})
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        message = f"the registry of models is not well formed: {error}"
        raise ConfigurationError(message) from error


def _model(name: str, row: dict[str, Any]) -> ModelSpec:
    return ModelSpec(
        name=name,
        kind=row["kind"],
        title=row["title"],
        licence=row["licence"],
        upstream=row["upstream"],
        sources=tuple(row["sources"]),
        files=tuple(FileSpec(**file) for file in row["files"]),
        hub=HubSpec(**row["hub"]),
        wheels=tuple(WheelSpec(**wheel) for wheel in row["wheels"]),
        smaller=row.get("smaller"),
        smaller_means=row.get("smaller_means"),
    )


@cache
def load() -> Mapping[str, ModelSpec]:
    """The registry that ships with the package, by name."""
    return parse(files("models").joinpath("registry.toml").read_text(encoding="utf-8"))


def find(name: str, registry: Mapping[str, ModelSpec] | None = None) -> ModelSpec:
    """The model of that name. Raises ``UnknownModelError``."""
    known = load() if registry is None else registry
    if name not in known:
        message = f"there is no model named {name!r}; known are: {', '.join(known)}"
        raise UnknownModelError(message)
    return known[name]
