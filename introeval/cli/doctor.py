"""``introeval doctor``: every finding on a line, and under it what to do."""

import argparse
import asyncio

from rich.console import Console

from introeval.cli.overrides import settings_of
from introeval.cli.terminal import console, shown
from introeval.doctor import Finding, Level, diagnose

MARKS = {Level.OK: ("ok", "green"), Level.WARN: ("warn", "yellow"), Level.FAIL: ("FAIL", "bold red")}


def run(options: argparse.Namespace) -> int:
    """Diagnose; 1 when something must be mended before a lab can run."""
    findings = asyncio.run(diagnose(settings_of(options)))
    out = console()
    for finding in findings:
        _show(out, finding)
    return 1 if any(finding.level is Level.FAIL for finding in findings) else 0


def _show(out: Console, finding: Finding) -> None:
    word, style = MARKS[finding.level]
    out.print(shown(f"{word:4}", style), shown(f"{finding.subject}: {finding.detail}"), soft_wrap=True)
    if finding.advice:
        out.print(shown(f"     -> {finding.advice}"), soft_wrap=True)
