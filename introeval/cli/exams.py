"""``introeval transcribe``, ``generate-answer-key`` and ``generate-rubric``: queued, waited for, and shown.

A proposal changes nothing until ``--apply``, or ``POST /api/v1/proposals/{id}/apply``.
"""

import argparse
import asyncio
from typing import Any
from urllib.parse import quote

from introeval.cli.overrides import settings_of
from introeval.cli.terminal import console, shown
from introeval.client import connect
from introeval.client.address import base_url
from introeval.client.api import Api
from scheduler.errors import IntroevalError

ENDED = ("completed", "failed")
POLL_SECONDS = 1.0


class CommandFailedError(IntroevalError):
    """A teacher's command ended without a result; the message says why."""

    code = "command_failed"


def transcribe(options: argparse.Namespace) -> int:
    """Read all pages that were not read yet; a line for each submission."""
    return asyncio.run(_run(options, "transcribe"))


def generate_answer_key(options: argparse.Namespace) -> int:
    """Propose answers."""
    return asyncio.run(_run(options, "generate-answer-key"))


def generate_rubric(options: argparse.Namespace) -> int:
    """Propose marking points."""
    return asyncio.run(_run(options, "generate-rubric"))


async def _run(options: argparse.Namespace, command: str) -> int:
    out = console()
    async with connect(base_url(options.url, settings_of(options))) as api:
        path = f"/api/v1/assignments/{quote(options.assignment, safe='')}/{command}"
        body = {"questions": list(getattr(options, "question", None) or ())}
        queued = await api.document("POST", path, body=body)
        if not queued["tasks"]:
            out.print("Everything was read already.")
        failed = 0
        for task_id in queued["tasks"]:
            ended = await _ended(api, task_id)
            failed += ended["status"] == "failed"
            for line in _lines(ended):
                out.print(shown(line), soft_wrap=True)
            if getattr(options, "apply", False) and ended["status"] == "completed":
                now = await api.document("POST", f"/api/v1/proposals/{task_id}/apply")
                out.print(shown(f"This is now version {now['version']} of {now['id']}."), soft_wrap=True)
    if failed:
        raise CommandFailedError(f"{failed} of {len(queued['tasks'])} ended without a result; see above.")
    return 0


async def _ended(api: Api, task_id: str) -> dict[str, Any]:
    """The task when it has ended. A look each second: a command for people, and the machine has other work."""
    while True:
        found: dict[str, Any] = await api.document("GET", f"/api/v1/proposals/{quote(task_id, safe='')}")
        if found["status"] in ENDED:
            return found
        await asyncio.sleep(POLL_SECONDS)


def _lines(ended: dict[str, Any]) -> list[str]:
    """What a person is told of one task."""
    report = ended["report"] or {}
    told = [f"{item['place']}: {item['message']} {item['advice']}" for item in ended["failures"]]
    if ended["status"] == "failed":
        return [*told, f"failed: {ended['error_message'] or ended['error_code']}"]
    if ended["kind"] == "transcription":
        pages = report.get("pages", ())
        sure = min((page["confidence"] for page in pages), default=0.0)
        told.append(f"{report.get('submission')}: {len(pages)} pages, least confidence {sure:.2f}")
    for item in report.get("answer_key", ()):
        told.append(f"{item['question_number']}: {item['answer']}")
    for item in report.get("marking", ()):
        told.append(f"{item['question_number']}: {item['points']:g} for {item['criterion']}")
    return told
