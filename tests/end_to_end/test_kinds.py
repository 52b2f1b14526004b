"""The other kinds of work in the running daemon: a notebook and exam pages, queued, graded and shown beside videos."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.end_to_end.lab import REPOSITORY, Lab, running

NOTEBOOKS, PAGES = REPOSITORY / "samples" / "notebooks", REPOSITORY / "samples" / "pages"
WORK = {
    "rainfall": (NOTEBOOKS / "rainfall.toml", NOTEBOOKS / "good.ipynb"),
    "data-structures": (PAGES / "assignment.toml", PAGES / "medium.png"),
}


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    """A running daemon."""
    async with running(Lab(tmp_path)) as lab:
        yield lab


async def command(lab: Lab, *arguments: str) -> tuple[int, str]:
    """Run ``introeval`` against the daemon; returns its exit code and what it printed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "introeval", *arguments, "--url", lab.url),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    return process.returncode or 0, out.decode()


async def hand_in(lab: Lab, assignment: str, file: Path) -> str:
    """Send a file as a student does; returns the submission's id."""
    form = aiohttp.FormData({"roll_number": "22EC001", "name": "A Student", "assignment": assignment})
    async with lab.http() as http:
        with file.open("rb") as content:
            form.add_field("file", content, filename=file.name)
            async with http.post("/api/v1/submissions", data=form) as response:
                assert response.status == 201, await response.text()
                return str((await response.json())["id"])


@pytest.mark.timeout(480)
async def test_every_kind_ends_in_one_explained_result(lab: Lab) -> None:
    """Assignments from files, work without STT, a grade with places as evidence; no phase is broken by it."""
    ids: dict[str, str] = {}
    for assignment, (definition, file) in WORK.items():
        code, said = await command(lab, "assignment", "apply", str(definition))
        assert code == 0, said
        ids[assignment] = await hand_in(lab, assignment, file)
    await lab.all_ended()
    for assignment, task_id in ids.items():
        body: dict[str, Any] = await lab.get(f"/api/v1/submissions/{task_id}")
        assert (body["status"], body["error_message"]) == ("completed", None), assignment
        assert 0 <= body["grade"]["score"] <= body["grade"]["max_score"]
        assert all(item["reason"] for item in body["grade"]["criteria"])
        assert all(quote["place"] for item in body["grade"]["criteria"] for quote in item["evidence"])
        async with lab.http() as http, http.get(f"/s/{task_id}") as page:
            assert page.status == 200
            assert "Grade" in await page.text()
    status = await lab.get("/api/v1/status")
    assert (status["violations"], status["totals"]["completed"]) == (0, 2)
