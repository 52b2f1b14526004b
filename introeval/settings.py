"""The settings: one immutable value, read once by the composition root and handed down in parts.

Precedence: command line, then ``INTROEVAL_*``, then one TOML file, then the defaults. The file is ``--config``, else
``INTROEVAL_CONFIG``, else ``/etc/introeval/introeval.toml`` if there is one. ``stt.residency`` is in the file
``residency`` under ``[stt]`` and in the environment ``INTROEVAL_STT_RESIDENCY``.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PositiveFloat, ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from introeval import paths, sections
from scheduler.errors import ConfigurationError

PREFIX = "INTROEVAL_"


class Settings(BaseSettings):
    """Everything that an administrator can choose. Make it with ``load``, which says what is wrong in a sentence."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="_",
        env_nested_max_split=1,
        env_ignore_empty=True,
        frozen=True,
        extra="forbid",
        validate_default=True,
        hide_input_in_errors=True,  # a trace must not show a secret
    )

    config: Path | None = None
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    state_dir: sections.FullPath = Field(default_factory=lambda: paths.default_state_dir(os.environ))
    cache_dir: sections.FullPath = Field(default_factory=lambda: paths.default_cache_dir(os.environ))
    models_dir: sections.FullPath | None = None
    models: Literal["embedded", "ollama"] = "embedded"
    max_retries: Annotated[int, Field(ge=0, le=10)] = 2
    drain_seconds: PositiveFloat = 30.0

    batch: sections.BatchSettings = sections.BatchSettings()
    phases: sections.PhaseSettings = sections.PhaseSettings()
    stt: sections.SttSettings = sections.SttSettings()
    upload: sections.UploadSettings = sections.UploadSettings()
    web: sections.WebSettings = sections.WebSettings()
    ollama: sections.OllamaSettings = sections.OllamaSettings()
    embedded: sections.EmbeddedSettings = sections.EmbeddedSettings()
    generation: sections.GenerationSettings = sections.GenerationSettings()
    grading: sections.GradingSettings = sections.GradingSettings()
    webhook: sections.WebhookSettings = sections.WebhookSettings()
    retention: sections.RetentionSettings = sections.RetentionSettings()
    backup: sections.BackupSettings = sections.BackupSettings()
    log: sections.LogSettings = sections.LogSettings()

    @property
    def state(self) -> paths.StateLayout:
        """The names below ``state_dir``."""
        return paths.StateLayout(self.state_dir)

    @property
    def backup_dir(self) -> Path:
        """The folder of the backups."""
        return self.backup.dir or self.state.backups

    @property
    def speech_model(self) -> str:
        """The Whisper model to use: a registry name or a folder."""
        return self.stt.model or self.embedded.stt

    @property
    def speech_folder(self) -> Path | None:
        """The folder that ``speech_model`` is; ``None`` when it is a registry name."""
        given = Path(self.speech_model).expanduser()
        return given.absolute() if given.is_dir() else None

    @property
    def weights(self) -> tuple[str, ...]:
        """The registry names that these settings need: a folder, and Ollama's models, are not ours to install."""
        speech = () if self.speech_folder else (self.speech_model,)
        return speech + (tuple(dict.fromkeys(self.embedded.models)) if self.models == "embedded" else ())

    @property
    def residency(self) -> sections.Residency:
        """Whether Whisper's weights leave memory with their phase; see ``SttSettings``."""
        return self.stt.residency or ("exclusive" if self.models == "ollama" else "shared")

    @property
    def llm_timeout_seconds(self) -> float:
        """The longest that one request to a language model may take in all."""
        return self.ollama.timeout_seconds if self.models == "ollama" else self.embedded.timeout_seconds

    @property
    def llm_slots(self) -> int:
        """How many requests one language-model server gets at once."""
        return self.ollama.max_concurrent if self.models == "ollama" else self.embedded.slots

    @property
    def llm_threads(self) -> int:
        """Threads per embedded server. llama.cpp's threads spin while they wait, so cores are never promised twice."""
        return self.embedded.threads or max(1, (os.cpu_count() or 1) // self.embedded.servers)

    @property
    def stt_threads(self) -> int:
        """Threads of the Whisper process."""
        return self.stt.threads or os.cpu_count() or 1

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Command line, environment, file; see the module's text."""
        given = init_settings().get("config") or os.environ.get(f"{PREFIX}CONFIG")
        in_file = InitSettingsSource(settings_cls, init_kwargs=_read_file(Path(given) if given else None))
        return init_settings, env_settings, in_file


def load(overrides: Mapping[str, Any] | None = None) -> Settings:
    """Read all sources. ``overrides``: the command line's, by field name; an entry that is ``None`` was not given.

    Raises ``ConfigurationError``, which names each wrong setting and says where to change it.
    """
    given = {name: value for name, value in (overrides or {}).items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        lines = [_sentence(detail["loc"], detail["type"], detail["msg"]) for detail in error.errors()]
        raise ConfigurationError("\n".join(lines)) from error
    except SettingsError as error:
        raise ConfigurationError(
            f"The environment is wrong ({error}): a list in {PREFIX}* must be written as JSON."
        ) from error


def unknown_variables(environ: Mapping[str, str]) -> list[str]:
    """The ``INTROEVAL_*`` variables that set nothing: most likely misspelt."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    for name, field in Settings.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, sections.Section):
            known |= {f"{PREFIX}{name}_{inner}".upper() for inner in section.model_fields}
    return sorted(name for name in environ if name.startswith(PREFIX) and name not in known)


def _read_file(path: Path | None) -> dict[str, Any]:
    chosen = path or paths.SYSTEM_CONFIG
    try:
        return tomllib.loads(chosen.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        if path is None:
            return {}
        raise ConfigurationError(
            f"The settings file {path} does not exist: correct --config or INTROEVAL_CONFIG."
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"The settings file {chosen} cannot be read: {error}.") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"The settings file {chosen} is not valid TOML: {error}.") from error


def _sentence(location: tuple[int | str, ...], kind: str, message: str) -> str:
    dotted = ".".join(str(part) for part in location)
    if kind == "extra_forbidden":
        return f"There is no setting '{dotted}': check its spelling against docs/operations.md."
    variable = PREFIX + "_".join(str(part) for part in location[:2]).upper()
    return f"The setting '{dotted}' is wrong: {message}. Change it in the settings file or as {variable}."
