"""A few of lab30's real voices, one per kind of container, through the real daemon; skipped where the set is absent."""

import json
from pathlib import Path

import pytest

from tests.end_to_end.lab import REPOSITORY, USUAL_RUBRIC, Lab, overlaps

LAB30 = REPOSITORY.parent / "shared" / "data" / "lab30"
pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.usefixtures("tiny_stt_dir", "tiny_llm_gguf"),
    pytest.mark.skipif(not LAB30.is_dir(), reason="the data set lab30 is not beside the repository"),
]


def _shortest_of_each_kind() -> list[Path]:
    """One mp4, webm, mov and mkv."""
    videos = json.loads((LAB30 / "manifest.json").read_text())
    by_kind: dict[str, Path] = {}
    for video in sorted(videos, key=lambda video: video["seconds"]):
        path = LAB30 / video["file"]
        by_kind.setdefault(path.suffix, path)
    return list(by_kind.values())


async def test_each_kind_of_container(tmp_path: Path) -> None:
    """All are transcribed and graded, by both servers, and the two sides never meet."""
    videos = _shortest_of_each_kind()
    assert {video.suffix for video in videos} == {".mp4", ".webm", ".mov", ".mkv"}
    lab = Lab(tmp_path, {"INTROEVAL_BATCH_SIZE": str(len(videos))} | USUAL_RUBRIC)
    await lab.start()
    await lab.submit(*videos)
    await lab.all_ended()
    rows = lab.rows("SELECT current_phase, media_seconds > 20 FROM processing_tasks")
    assert rows == [("completed", 1)] * len(videos)
    assert {row[0] for row in lab.rows("SELECT server FROM results")} == {"embedded-1", "embedded-2"}
    assert (await lab.get("/api/v1/status"))["violations"] == 0
    assert overlaps(lab) == []
    assert await lab.stop() == 0
