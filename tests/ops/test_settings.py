"""Settings: precedence, the promised names, and errors that name the setting."""

import os
import re
from pathlib import Path

import pytest

from introeval import assembly, paths
from introeval.grading import default_rubric
from introeval.settings import Settings, load, unknown_variables
from scheduler.errors import ConfigurationError


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the person who runs the tests counts."""
    for name in unknown_variables({}) + [f"INTROEVAL_{field.upper()}" for field in Settings.model_fields]:
        monkeypatch.delenv(name, raising=False)
    empty = tmp_path / "empty.toml"
    empty.touch()
    monkeypatch.setenv("INTROEVAL_CONFIG", str(empty))


def test_precedence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Command line over environment over file over default, section by section."""
    file = tmp_path / "lab.toml"
    file.write_text('host = "::1"\nport = 1\n[batch]\nsize = 7\nage_seconds = 3\n')
    monkeypatch.setenv("INTROEVAL_PORT", "2")
    monkeypatch.setenv("INTROEVAL_HOST", "127.0.0.2")
    monkeypatch.setenv("INTROEVAL_BATCH_SIZE", "8")
    settings = load({"config": file, "host": "127.0.0.3", "port": None})
    assert (settings.host, settings.port) == ("127.0.0.3", 2)
    assert (settings.batch.size, settings.batch.age_seconds) == (8, 3.0)
    assert settings.max_retries == 2


def test_promised_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The variables that the documentation promises have their effect."""
    for name, value in {
        "HOST": "127.0.0.9", "PORT": "8123", "STATE_DIR": str(tmp_path / "s"), "CACHE_DIR": str(tmp_path / "c"),
        "MODELS": "ollama", "EMBEDDED_STT": "whisper-tiny.en", "EMBEDDED_LLM": "smollm2-135m-instruct",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"INTROEVAL_{name}", value)
    settings = load()
    assert (settings.host, settings.port, settings.models) == ("127.0.0.9", 8123, "ollama")
    assert (settings.state_dir, settings.cache_dir) == (tmp_path / "s", tmp_path / "c")
    assert (settings.speech_model, settings.embedded.llm) == ("whisper-tiny.en", "smollm2-135m-instruct")


def test_defaults_follow_the_models() -> None:
    """Residency and time limits are those of the chosen kind of model server."""
    assert (load().residency, load().llm_timeout_seconds) == ("shared", 600.0)
    lab = load({"models": "ollama"})
    assert (lab.residency, lab.llm_timeout_seconds, lab.llm_slots) == ("exclusive", 120.0, 4)
    assert [server.base_url for server in lab.ollama.servers] == [
        "http://localhost:11434",
        "http://localhost:11435",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("port = 70000", "'port'.*INTROEVAL_PORT"),
        ('[stt]\nresidency = "sometimes"', "'stt.residency'.*INTROEVAL_STT_RESIDENCY"),
        ("prot = 1", "no setting 'prot'"),
        ("[batch]\nsize = 0", "'batch.size'"),
        ("port = ", "not valid TOML"),
        ('[[ollama.servers]]\nname="a"\nurl="http://h:1"\nmodel="m"\n' * 2, "same name or the same url"),
    ],
)
def test_errors_name_the_setting(tmp_path: Path, text: str, said: str) -> None:
    """A wrong file is refused with the setting's name."""
    file = tmp_path / "lab.toml"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match=re.compile(said)):
        load({"config": file})


def test_a_byte_order_mark_is_no_setting(tmp_path: Path) -> None:
    """Windows' editor puts one in front; of a rubric's file, too."""
    file, rubric = tmp_path / "lab.toml", tmp_path / "own.toml"
    own = default_rubric().model_copy(update={"name": "own"})
    rubric.with_suffix(".json").write_text(own.model_dump_json(), encoding="utf-8-sig")
    file.write_text(f'port = 70\n[grading]\nrubric = "{rubric.with_suffix(".json")}"\n', encoding="utf-8-sig")
    settings = load({"config": file})
    assert settings.port == 70
    assert assembly.rubric(settings) == own


def test_threads_are_shared_out() -> None:
    """The servers' threads are no more than the cores, and never none."""
    assert load({"embedded": {"servers": 1}}).llm_threads == os.cpu_count()
    assert load({"embedded": {"servers": 16}}).llm_threads == max(1, (os.cpu_count() or 1) // 16)


def test_missing_file_is_an_error(tmp_path: Path) -> None:
    """A file that was named must be there; the system's own need not."""
    with pytest.raises(ConfigurationError, match="does not exist"):
        load({"config": tmp_path / "nowhere.toml"})


def test_environment_errors_name_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list that is not JSON is refused in a sentence."""
    monkeypatch.setenv("INTROEVAL_OLLAMA_SERVERS", "{")
    with pytest.raises(ConfigurationError, match="JSON"):
        load()


def test_misspelt_variables_are_found() -> None:
    """Only names without effect are reported."""
    environ = {"INTROEVAL_PROT": "1", "INTROEVAL_PORT": "1", "INTROEVAL_STT_DEVICE": "cpu", "HOME": "/"}
    assert unknown_variables(environ) == ["INTROEVAL_PROT"]


@pytest.mark.parametrize(
    ("environ", "state", "cache"),
    [
        ({"HOME": "/h"}, "/h/.local/state/introeval", "/h/.cache/introeval"),
        (
            {"HOME": "/h", "XDG_STATE_HOME": "/s", "XDG_CACHE_HOME": "rel"},
            "/s/introeval",
            "/h/.cache/introeval",
        ),
        ({"HOME": "/h", "STATE_DIRECTORY": "/v/i:/v/j", "CACHE_DIRECTORY": "/c/i"}, "/v/i", "/c/i"),
    ],
)
def test_folders(environ: dict[str, str], state: str, cache: str) -> None:
    """systemd's folders first, then XDG's; a relative XDG path is ignored as its specification says."""
    assert str(paths.default_state_dir(environ)) == state
    assert str(paths.default_cache_dir(environ)) == cache
