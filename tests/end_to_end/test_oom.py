"""The kernel takes the daemon, Whisper or the model server for want of memory: everything accepted still ends once."""

from pathlib import Path

import pytest

from tests.end_to_end.lab import Lab, overlaps
from tests.end_to_end.scarcity import child_of, scarcity, why_not

WHY_NOT = why_not()
pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.usefixtures("tiny_stt_dir", "tiny_llm_gguf"),
    pytest.mark.skipif(WHY_NOT is not None, reason=WHY_NOT or ""),
]


VICTIMS = {
    "whisper": ("stt/processing", "stt.child"),
    "model server": ("llm/processing", "models.embedded.runner"),
}


@pytest.mark.parametrize("victim", VICTIMS)
async def test_a_child(lab: Lab, clips: list[Path], victim: str) -> None:
    """It costs an attempt at most, and the daemon lives on."""
    moment, words = VICTIMS[victim]
    accepted = [body["id"] for body in await lab.submit(*clips[:2])]
    await lab.after("started", moment)
    assert lab.process is not None
    daemon = lab.process.pid
    with scarcity() as group:
        await group.starve(child_of(daemon, words))
        assert group.killed >= 1
    await lab.all_ended()
    assert (lab.process.pid, lab.process.returncode) == (daemon, None)
    _each_once(lab, accepted)


async def test_the_daemon(lab: Lab, clips: list[Path]) -> None:
    """Once while it listens and once while it grades; the next start goes on."""
    accepted = [body["id"] for body in await lab.submit(*clips[:2])]
    for moment in ("stt/processing", "llm/processing"):
        await lab.after("started", moment)
        assert lab.process is not None
        with scarcity() as group:
            await group.starve(lab.process.pid)
            assert await lab.process.wait() == -9
            assert group.killed >= 1
        await lab.start()
    await lab.all_ended()
    _each_once(lab, accepted)
    assert (await lab.get("/api/v1/status"))["violations"] == 0


def _each_once(lab: Lab, accepted: list[str]) -> None:
    ended = lab.rows("SELECT id, current_phase FROM processing_tasks")
    assert sorted(ended) == sorted((task, "completed") for task in accepted)
    assert sorted(lab.rows("SELECT task_id FROM results")) == sorted((task,) for task in accepted)
    for kind in ("transcribed", "evaluated"):
        tasks = lab.rows(f"SELECT task_id FROM events WHERE kind = '{kind}'")
        assert sorted(tasks) == sorted((task,) for task in accepted)
    assert overlaps(lab) == []
