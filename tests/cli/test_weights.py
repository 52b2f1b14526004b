"""``models pull`` without names: what the settings need, from where the settings say."""

from pathlib import Path

import pytest

from introeval.cli.main import main
from introeval.doctor import Level, weights
from introeval.settings import load


@pytest.fixture
def own_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a speech model of one's own, named relative to where the command runs."""
    monkeypatch.setenv("INTROEVAL_STT_MODEL", "mine")
    monkeypatch.setenv("INTROEVAL_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "model.bin").touch()
    return tmp_path / "mine"


def test_needed_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """The embedded language model only when it is served."""
    assert load().weights == ("whisper-base", "qwen2.5-coder-1.5b-instruct")
    assert load({"models": "ollama"}).weights == ("whisper-base",)


def test_a_folder_is_nothing_to_pull(own_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With Ollama and a speech model of one's own nothing is left to install."""
    assert load({"models": "ollama"}).weights == ()
    assert main(["models", "pull", "--models", "ollama"]) == 0
    assert capsys.readouterr().err == ""


def test_doctor_takes_the_same_folders(own_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative folder, or one below the home folder, is taken as the daemon takes it; a missing one is told."""
    assert weights.speech(load()).detail == str(own_model)
    monkeypatch.setenv("HOME", str(own_model.parent))
    monkeypatch.setenv("INTROEVAL_STT_MODEL", "~/mine")
    assert (weights.speech(load()).level, load().speech_folder) == (Level.OK, own_model)
    monkeypatch.setenv("INTROEVAL_STT_MODEL", "~/theirs")
    assert weights.speech(load()).detail == "~/theirs is not a folder"


def test_models_dir_is_looked_into(
    tiny_llm_gguf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """``INTROEVAL_MODELS_DIR`` is the first source, as ``--from`` is."""
    monkeypatch.setenv("INTROEVAL_MODELS_DIR", str(tiny_llm_gguf.parent.parent))
    assert main(["models", "pull", "--cache-dir", str(tmp_path), tiny_llm_gguf.parent.name]) == 0
    assert f"from {tiny_llm_gguf.parent.parent}" in capsys.readouterr().err
    assert (tmp_path / "models" / tiny_llm_gguf.parent.name / "model.gguf").is_file()
