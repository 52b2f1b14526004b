"""Agreement for a course: old versions, a file of another scale, and what is measured only when asked for."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.web.running import Room, running
from tests.web.test_trust import grade

INTRODUCTIONS = "/api/v1/assignments/introductions"
AGREEMENT = f"{INTRODUCTIONS}/agreement"
HEADERS = {"Content-Type": "text/csv"}


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    """A running application."""
    async with running(tmp_path) as opened:
        yield opened


async def course(room: Room, count: int) -> list[str]:
    """So many submissions, graded by two models."""
    ids = [await room.accepted(roll_number=f"R-{at}", name="A Student") for at in range(count)]
    for at, task_id in enumerate(ids):
        await grade(room, task_id, ("a", 3.0 + at % 5), ("b", 4.0 + at % 4))
    return ids


def marks(*scores: float) -> str:
    """A teacher's file."""
    return "\n".join(["roll_number,score", *(f"R-{at},{score}" for at, score in enumerate(scores))])


async def of_version(room: Room, version: int) -> tuple[int, list[str], int, dict[str, Any]]:
    """The overlap and the submissions of the fairness of a version; the status and the body of its agreement."""
    query = f"?version={version}"
    fair = await (await room.client.get(f"{INTRODUCTIONS}/fairness{query}")).json()
    answer = await room.client.post(AGREEMENT + query, data=marks(4, 5, 6, 7, 8, 9), headers=HEADERS)
    ids = sorted(item["id"] for item in fair["items"])
    return fair["equating"]["n_overlap"], ids, answer.status, await answer.json()


async def test_an_old_version_keeps_its_findings(room: Room) -> None:
    """While it is graded again and afterwards, the first version has the grades that it gave."""
    ids = await course(room, 6)
    before = await of_version(room, 1)
    assert (before[0], before[1], before[2]) == (5, sorted(ids), 200)
    document = await (await room.client.get(INTRODUCTIONS)).json()
    answer = await room.client.put(INTRODUCTIONS, json=document | {"title": "New"})
    assert answer.status == 201, await answer.text()
    await room.client.post(f"{INTRODUCTIONS}/regrade")
    assert await of_version(room, 1) == before
    for task_id in ids:
        await regrade(room, task_id)
    assert await of_version(room, 1) == before
    overlap, listed, status, body = await of_version(room, 2)
    assert (overlap, listed, status) == (5, sorted(ids), 200)
    assert body["report"]["human"][0] != before[3]["report"]["human"][0]


async def regrade(room: Room, task_id: str) -> None:
    """Grade it again: its transcript is there."""
    await grade(room, task_id, ("a", 9.0), ("b", 9.5), spoken=False)


async def test_marks_of_another_scale_are_refused(room: Room) -> None:
    """Per cent against a scale of ten: each line is named, and nothing is measured."""
    await course(room, 6)
    answer = await room.client.post(AGREEMENT, data=marks(4, 5, 6, 70, 8, 90), headers=HEADERS)
    body = await answer.json()
    assert (answer.status, body["code"]) == (422, "invalid_document")
    assert [item["field"] for item in body["errors"]] == ["line 5, score", "line 7, score"]
    assert "70 is more than the highest grade, 10" in body["errors"][0]["message"]
    by_criterion = "roll_number,criterion,score\nR-0,clarity,11\nR-1,clarity,10\n"
    body = await (await room.client.post(AGREEMENT, data=by_criterion, headers=HEADERS)).json()
    assert [item["field"] for item in body["errors"]] == ["line 2, score"]


async def test_intervals_by_question_are_asked_for(room: Room) -> None:
    """They cost as much as all the rest for each question."""
    await course(room, 6)
    file = "roll_number,criterion,score\n" + "".join(f"R-{at},clarity,{at + 3}\n" for at in range(6))
    for query, there in (("", False), ("?question_intervals=true", True)):
        body = await (await room.client.post(AGREEMENT + query, data=file, headers=HEADERS)).json()
        first = body["report"]["human"][0]
        assert first["total"]["mean_absolute_error"]["low"] is not None
        assert (first["questions"]["clarity"]["mean_absolute_error"]["low"] is not None) is there
