"""A teacher's measuring and proposing as commands, against the real web application."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_commands import introeval
from tests.web.running import Room, running
from tests.web.test_authoring import EXAM, end, rubric
from tests.web.test_trust import session


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    """A running application with an exam."""
    async with running(tmp_path / "state") as opened:
        assert (await opened.client.post("/api/v1/assignments", json=EXAM)).status == 201
        yield opened


async def end_all(room: Room, report: dict[str, Any]) -> None:
    """Do what the graders would: end every task that is queued, as soon as there is one."""
    while not room.woken:  # noqa: ASYNC110 - the command runs in a thread
        await asyncio.sleep(0)
    with sqlite3.connect(room.context.state_dir / "introeval.sqlite3") as tables:
        found = tables.execute("SELECT id FROM processing_tasks WHERE current_phase = 'llm'").fetchall()
    for (task_id,) in found:
        await end(room, task_id, report)


async def test_marking_points_are_proposed_and_applied(
    room: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command waits for the models, shows what they propose, and says which version it became."""
    command = introeval(room, "generate-rubric", "--assignment", "test", "--question", "1", "--apply")
    code, _ = await asyncio.gather(command, end_all(room, rubric(1, 2)))
    out = capsys.readouterr().out
    assert code == 0
    assert "1: 2 for point 1" in out
    assert "This is now version 2 of test." in out


async def test_nothing_to_read(room: Room, capsys: pytest.CaptureFixture[str]) -> None:
    """Without pages there is nothing to wait for."""
    assert await introeval(room, "transcribe", "--assignment", "test") == 0
    assert "Everything was read already." in capsys.readouterr().out


async def test_agreement_as_a_table_and_as_json(
    room: Room, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A teacher's file against the shown grades and each model."""
    truth = await session(room)
    file = tmp_path / "grades.csv"
    file.write_text("roll number;score\n" + "".join(f"R-{n};{s:.1f}\n" for n, s in enumerate(truth.values())))
    assert await introeval(room, "agreement", "--assignment", "introductions", "--human", str(file)) == 0
    out = capsys.readouterr().out
    assert "KAPPA" in out
    assert "a, try 1" in out
    assert await introeval(room, "agreement", "--assignment", "introductions", "--json") == 0
    assert json.loads(capsys.readouterr().out)["report"]["severity"]["verdict"] == "adjusted"


async def test_a_file_that_is_not_there(room: Room, capsys: pytest.CaptureFixture[str]) -> None:
    """A sentence and wrong usage, as everywhere."""
    assert await introeval(room, "agreement", "--assignment", "test", "--human", "nofile.csv") == 2
    assert "nofile.csv cannot be read: No such file or directory." in capsys.readouterr().err


async def test_refusals_are_a_line(room: Room, capsys: pytest.CaptureFixture[str]) -> None:
    """What the daemon says, and exit code 1."""
    assert await introeval(room, "transcribe", "--assignment", "introductions") == 1
    assert "is no exam on paper" in capsys.readouterr().err
    assert await introeval(room, "agreement", "--assignment", "test") == 1
    assert "nothing to compare" in capsys.readouterr().err
