"""Checks of the Ollama servers: each answers, speaks Ollama's API and has its model."""

import re
from typing import Any

import aiohttp

from introeval.doctor.finding import Finding, Level
from introeval.sections import ServerSettings
from models.address import authorization

PATIENCE = aiohttp.ClientTimeout(total=5)
_UNCOUNTED = re.compile(r"v?0\.30\.0(?![.\d])")
"""Leaves cached tokens out of ``prompt_eval_count`` (ollama issue 16414, mended by its pull request 16428)."""


async def ollama(server: ServerSettings) -> Finding:
    """One server and its model. Loads nothing."""
    subject, login = f"server {server.name}", authorization(server.base_url)
    try:
        async with aiohttp.ClientSession(timeout=PATIENCE, headers=login) as session:
            version = await _get(session, f"{server.address}/api/version")
            tags = await _get(session, f"{server.address}/api/tags")
    except (aiohttp.ClientConnectionError, TimeoutError) as error:
        advice = f"Start it (systemctl start ollama-{server.name}), or correct its url in the settings."
        kind = type(error).__name__
        return Finding(subject, Level.FAIL, f"{server.address} does not answer ({kind})", advice)
    except (aiohttp.ClientError, ValueError):
        advice = "Another program listens there: correct the url in the settings."
        return Finding(subject, Level.FAIL, f"{server.address} is not an Ollama server", advice)
    known = str(version.get("version", "of unknown version"))
    text = f"{server.address}, Ollama {known}"
    if _tagged(server.model) not in _names(tags):
        advice = f"Run: OLLAMA_HOST={server.address} ollama pull {server.model}"
        return Finding(subject, Level.FAIL, f"{text}, without the model {server.model}", advice)
    text = f"{text}, model {server.model} installed"
    if _UNCOUNTED.match(known):
        advice = "Upgrade Ollama: this version may not count cached tokens, and grades would fail (docs/operations.md)."
        return Finding(subject, Level.WARN, text, advice)
    return Finding(subject, Level.OK, text)


async def _get(session: aiohttp.ClientSession, url: str) -> dict[str, Any]:
    async with session.get(url, raise_for_status=True) as response:
        body = await response.json()
    if not isinstance(body, dict):
        raise ValueError(url)
    return body


def _names(tags: dict[str, Any]) -> set[str]:
    models = tags.get("models")
    rows = models if isinstance(models, list) else []
    return {str(row.get("name")) for row in rows if isinstance(row, dict)}


def _tagged(model: str) -> str:
    """Ollama lists every model with its tag; one asked for without a tag is ``latest``."""
    return model if ":" in model.rpartition("/")[2] else f"{model}:latest"
