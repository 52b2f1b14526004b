"""Model servers that die under the real daemon: the other takes over, both down means waiting, and they come back."""

from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.lab import Lab, overlaps
from tests.end_to_end.servers import lab_with, two_servers

pytestmark = [pytest.mark.timeout(480), pytest.mark.usefixtures("tiny_stt_dir")]


async def _servers(lab: Lab) -> dict[str, Any]:
    return {server["name"]: server for server in (await lab.get("/api/v1/status"))["servers"]}


def _graded_by(lab: Lab) -> list[str]:
    """Who graded, in the order in which the students handed in; complete only if all have a result."""
    rows = lab.rows(
        "SELECT r.server FROM processing_tasks t JOIN results r ON r.task_id = t.id"
        " WHERE t.current_phase = 'completed' ORDER BY t.created_at"
    )
    return [row[0] for row in rows]


async def _new_version(lab: Lab) -> None:
    """The same speech under the same version would be answered from what is kept, and no server asked."""
    address = "/api/v1/assignments/introductions"
    changed = await lab.get(address) | {"title": "Introductions once more"}
    async with lab.http() as http, http.put(address, json=changed) as answer:
        assert answer.status == 201, await answer.text()


async def test_one_dies_and_comes_back(tmp_path: Path, tiny_llm_gguf: Path, clips: list[Path]) -> None:
    """In mid evaluation one server is killed: all are graded, by the other; restarted, it grades again."""
    async with two_servers(tiny_llm_gguf) as servers, lab_with(tmp_path, servers, 2) as lab:
        await lab.submit(*clips[:2])
        await lab.after("started", "llm/processing")
        await servers[0].kill()
        await lab.all_ended()
        assert _graded_by(lab) == ["llama3"] * 2
        after = await _servers(lab)
        assert [after["mistral"]["healthy"], after["llama3"]["healthy"]] == [False, True]

        await servers[0].start()
        async for status in lab.statuses():
            if all(server["healthy"] for server in status["servers"]):
                break
        await _new_version(lab)
        await lab.submit(*clips[:2])
        await lab.all_ended()
        graded = _graded_by(lab)
        assert len(graded) == 4
        assert set(graded[2:]) == {"mistral", "llama3"}
        assert lab.rows("SELECT count(*) FROM processing_tasks") == [(4,)]
        assert overlaps(lab) == []


async def test_both_down_means_waiting(tmp_path: Path, tiny_llm_gguf: Path, clips: list[Path]) -> None:
    """Nothing fails and no retry is counted while both are dead; the page says so; one back is enough."""
    async with two_servers(tiny_llm_gguf) as servers, lab_with(tmp_path, servers, 2) as lab:
        await lab.submit(*clips[:2])
        await lab.after("started", "llm/processing")
        for server in servers:
            await server.kill()
        async for status in lab.statuses():
            if not status["running"] and not any(server["healthy"] for server in status["servers"]):
                break
        assert "No model server answers" in status["why"]
        async with lab.http() as http, http.get("/") as page:
            assert "No model server answers" in await page.text()
        waiting = lab.rows("SELECT current_phase, status, retry_count FROM processing_tasks")
        assert waiting == [("llm", "pending", 0)] * 2
        await servers[1].start()
        await lab.all_ended()
        assert _graded_by(lab) == ["llama3"] * 2
        assert lab.rows("SELECT count(*) FROM events WHERE kind = 'transcribed'") == [(2,)]
