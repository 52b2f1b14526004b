"""Checks of the installed weights and of the libraries that run them."""

from importlib.util import find_spec
from pathlib import Path

from introeval.doctor.finding import Finding, Level
from introeval.settings import Settings
from models.weights import locate
from scheduler.errors import ConfigurationError


def speech(settings: Settings) -> Finding:
    """The Whisper model, by name or as a folder."""
    name, folder = settings.speech_model, settings.speech_folder
    if folder is None and "/" not in name:
        return _installed("speech model", name, settings.cache_dir)
    if folder is not None and (folder / "model.bin").is_file():
        return Finding("speech model", Level.OK, str(folder))
    advice = "Point stt.model at a folder with a CTranslate2 model, or at a name of 'introeval models list'."
    fault = f"{folder} holds no model.bin" if folder else f"{name} is not a folder"
    return Finding("speech model", Level.FAIL, fault, advice)


def language(settings: Settings) -> Finding:
    """The embedded language models (the first that is not well) and the library that serves them."""
    if find_spec("xllamacpp") is None:
        advice = "Run 'make install' again; where the library has no wheel, use --models ollama."
        return Finding("language model", Level.FAIL, "the library xllamacpp is not installed", advice)
    names = dict.fromkeys(settings.embedded.models)
    found = [_installed("language model", name, settings.cache_dir) for name in names]
    return next((finding for finding in found if finding.level is not Level.OK), found[0])


def _installed(subject: str, name: str, cache_dir: Path) -> Finding:
    try:
        path = locate(name, cache_dir)
    except ConfigurationError as error:
        return Finding(subject, Level.FAIL, str(error), "Choose a name from 'introeval models list'.")
    if path is None:
        advice = f"Run: introeval models pull {name}"
        return Finding(subject, Level.FAIL, f"{name} is not installed in {cache_dir}", advice)
    return Finding(subject, Level.OK, f"{name} in {path}")
