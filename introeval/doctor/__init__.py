"""Is this machine fit to run a lab session? Read-only, safe beside a running daemon; each finding says what to do."""

import asyncio
import os

from introeval.doctor import keeping, machine, servers, weights
from introeval.doctor.finding import Finding, Level
from introeval.settings import Settings, unknown_variables

__all__ = ["Finding", "Level", "diagnose"]


async def diagnose(settings: Settings) -> list[Finding]:
    """All checks, in the order in which an administrator would mend things. Takes a few seconds at most."""
    findings = [
        machine.python(),
        machine.ffmpeg(),
        await machine.boundary(),
        machine.folder("state folder", settings.state_dir, settings.upload.max_bytes * 20),
        machine.folder("cache folder", settings.cache_dir, 3_000_000_000),
        machine.listening(settings),
        machine.connections(settings),
        *keeping.backups(settings),
        *keeping.clock(settings),
        *keeping.set_aside(settings),
        *_misspelt(),
        weights.speech(settings),
    ]
    if settings.models == "embedded":
        findings.append(weights.language(settings))
        findings.append(await machine.gpu(wanted=False))
    else:
        asked = (servers.ollama(server) for server in settings.ollama.servers)
        findings.extend(await asyncio.gather(*asked))
        findings.append(await machine.gpu(wanted=True))
    return findings


def _misspelt() -> list[Finding]:
    return [
        Finding("environment", Level.WARN, f"{name} is not a setting", "Remove it or correct its spelling.")
        for name in unknown_variables(os.environ)
    ]
