"""A teacher's commands for exams on paper: tasks in the one queue, proposals that change nothing until applied."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from introeval.web.context import UploadLimits
from scheduler.ports import Evaluation
from tests.web.bodies import problem
from tests.web.homework import get, hand_in, picture, posted
from tests.web.running import Room, running
from tests.web.test_assignment_runs import fail

EXAM = {
    "id": "test",
    "kind": "pages",
    "title": "A test",
    "questions": [{"question_number": "1", "max_mark": 3, "text": "What is a stack?"}],
}
BASE = "/api/v1/assignments/test"


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    """A running application with an exam."""
    async with running(tmp_path) as opened:
        assert (await opened.client.post("/api/v1/assignments", json=EXAM)).status == 201
        yield opened


async def end(room: Room, task_id: str, report: dict[str, Any]) -> None:
    """Do what the grader of that kind would."""
    started = await room.store.start(await room.task(task_id), time.time())
    result = Evaluation(
        score=0.0,
        max_score=0.0,
        report=report,
        model="m",
        server="s",
        prompt_hash="h",
        tokens_in=1,
        tokens_out=1,
        latency_ms=1,
        raw_reply=None,
    )
    await room.store.evaluated(started, result, time.time())


def rubric(*points: float) -> dict[str, Any]:
    """A proposal as the grader reports it."""
    marking = [
        {"question_number": "1", "points": each, "criterion": f"point {n}"} for n, each in enumerate(points)
    ]
    return {"kind": "rubric", "assignment_id": "test", "assignment_version": 1, "marking": marking}


async def test_a_proposal_is_applied_as_a_version(room: Room) -> None:
    """Queued, done, read, applied: the marking points are those of version 2, and nothing before."""
    queued = await room.client.post(f"{BASE}/generate-rubric")
    assert queued.status == 202
    (task_id,) = (await queued.json())["tasks"]
    assert room.woken
    assert (await room.task(task_id)).kind == "rubric"
    assert await problem(await room.client.post(f"/api/v1/proposals/{task_id}/apply")) == (409, "not_now")
    await end(room, task_id, rubric(1, 2))
    shown = await (await room.client.get(queued.headers["Location"])).json()
    assert (shown["status"], len(shown["report"]["marking"])) == ("completed", 2)
    assert (await (await room.client.get(BASE)).json())["marking"] == []
    applied = await room.client.post(f"/api/v1/proposals/{task_id}/apply")
    assert (await applied.json())["version"] == 2
    assert [item["points"] for item in (await (await room.client.get(BASE)).json())["marking"]] == [1, 2]


async def proposed(room: Room, kind: str, report: dict[str, Any]) -> str:
    """A finished proposal for version 1; returns its id."""
    (task_id,) = (await posted(room, f"{BASE}/generate-{kind}", status=202))["tasks"]
    await end(room, task_id, report)
    return str(task_id)


KEY = {
    "kind": "answer_key",
    "assignment_id": "test",
    "assignment_version": 1,
    "answer_key": [{"question_number": "1", "answer": "Last in, first out."}],
}


async def test_a_proposal_is_not_applied_over_what_was_changed_since(room: Room) -> None:
    """Neither to another question of that number nor over what somebody wrote by hand; the answer says which."""
    marking, key = await proposed(room, "rubric", rubric(1, 2)), await proposed(room, "answer-key", KEY)
    body = await get(room, BASE)
    by_hand = [{"question_number": "1", "points": 3, "criterion": "names Paris"}]
    second = await room.client.put(BASE, json=body | {"marking": by_hand})
    assert second.status == 201
    answer = await room.client.post(f"/api/v1/proposals/{marking}/apply")
    assert (answer.status, (await answer.json())["code"]) == (409, "not_now")
    told = "The marking of question 1 was changed since this was proposed for version 1; the newest is 2."
    assert told in (await answer.json())["detail"]
    # What it would replace is as it was, so the other one fits; and twice is once.
    for _ in range(2):
        assert (await posted(room, f"/api/v1/proposals/{key}/apply"))["version"] == 3
    body = await get(room, BASE)
    body["questions"][0]["text"] = "What is the capital of France?"
    third = await room.client.put(BASE, json=body | {"answer_key": []})
    assert third.status == 201
    answer = await room.client.post(f"/api/v1/proposals/{key}/apply")
    assert (answer.status, (await answer.json())["code"]) == (409, "not_now")
    assert "Question 1 was changed" in (await answer.json())["detail"]
    assert (await get(room, BASE))["version"] == 4


async def test_a_proposal_and_somebody_who_writes_at_once(room: Room) -> None:
    """Whoever is second hears so: nothing that was answered with a success is overwritten."""
    task_id = await proposed(room, "rubric", rubric(1, 2))
    body = await get(room, BASE)
    for title in map(str, range(20)):
        applied, put = await asyncio.gather(
            room.client.post(f"/api/v1/proposals/{task_id}/apply"),
            room.client.put(BASE, json=body | {"title": title, "marking": []}),
        )
        newest = await get(room, BASE)
        assert (applied.status, put.status) in ((200, 412), (409, 201), (200, 201))
        assert (newest["title"] == title) == (put.status == 201)
        body = newest | {"marking": []}
        if newest["marking"]:
            reset = await room.client.put(BASE, json=body)
            body = await reset.json()


async def test_points_that_do_not_add_up_are_not_applied(room: Room) -> None:
    """The questions may have changed since the proposal was made."""
    (task_id,) = (await (await room.client.post(f"{BASE}/generate-rubric")).json())["tasks"]
    await end(room, task_id, rubric(1, 1))
    answer = await room.client.post(f"/api/v1/proposals/{task_id}/apply")
    assert "add up to 2, but it is worth 3" in (await answer.json())["detail"]
    assert answer.status == 409


async def test_reading_is_one_task_for_each_submission(room: Room) -> None:
    """The pages of each, as far as nobody has read them; a teacher's tasks are in no list of students' work."""
    picture = b"\x89PNG\r\n\x1a\n"
    assert (await room.hand_in(content=picture, assignment="test")).status in (415, 422)
    answer = await room.client.post(f"{BASE}/transcribe")
    assert (answer.status, await answer.json()) == (202, {"tasks": []})
    await room.client.post(f"{BASE}/generate-answer-key")
    listed = await (await room.client.get("/api/v1/submissions")).json()
    assert listed["total"] == 0


async def pages(room: Room, roll_number: str) -> str:
    """Hand one page in; returns the submission's id."""
    answer = await hand_in(room, "test", [("page.png", picture(200))], roll_number=roll_number)
    assert answer.status == 201, await answer.text()
    return str((await answer.json())["id"])


async def transcribed(room: Room, *submissions: str) -> list[str]:
    """The tasks of the command."""
    answer = await room.client.post(f"{BASE}/transcribe", json={"submissions": submissions})
    assert answer.status == 202, await answer.text()
    return list((await answer.json())["tasks"])


async def test_what_waits_to_be_read_is_not_queued_again(room: Room) -> None:
    """Whoever repeats the command hears of the tasks that wait; one that failed is made anew."""
    one, two = [await pages(room, roll) for roll in ("R-1", "R-2")]
    (first,) = await transcribed(room, one)
    both = await asyncio.gather(transcribed(room), transcribed(room))
    assert both[0] == both[1]
    assert both[0][0] == first
    assert len(set(both[0])) == 2
    assert json.loads((await room.task(both[0][1])).request or "") == {"submission": two}
    await fail(room, first, "It broke.")
    (anew,) = await transcribed(room, one)
    assert anew not in both[0]


async def test_submissions_that_do_not_exist_are_named(room: Room) -> None:
    """Also one of another assignment; nothing is queued for the others then."""
    one, video = await pages(room, "R-1"), await room.accepted()
    for unknown in ("nobody", video):
        answer = await room.client.post(f"{BASE}/transcribe", json={"submissions": [one, unknown]})
        body = await answer.json()
        assert (answer.status, body["code"], body["errors"][0]["field"]) == (
            422,
            "invalid_document",
            "submissions",
        )
        assert unknown in body["detail"]
    assert await room.context.unread("test") == {one: None}


async def test_all_have_room_in_the_queue_or_none_is_made(tmp_path: Path) -> None:
    """A command for a class does not pass a full queue; fewer at a time go in, and what waits costs no room."""
    async with running(tmp_path, UploadLimits(reserve_bytes=0, max_queue=5)) as room:
        await room.client.post("/api/v1/assignments", json=EXAM)
        ids = [await pages(room, f"R-{n}") for n in range(3)]
        answer = await room.client.post(f"{BASE}/transcribe")
        assert (answer.status, (await answer.json())["code"]) == (429, "queue_full")
        assert "room for 2 more, and these are 3" in (await answer.json())["detail"]
        assert set((await room.context.unread("test")).values()) == {None}
        tasks = await transcribed(room, *ids[:2])
        assert await transcribed(room, *ids[:2]) == tasks


@pytest.mark.parametrize("command", ["transcribe", "generate-answer-key", "generate-rubric"])
async def test_refusals(room: Room, command: str) -> None:
    """Not for videos, not for nothing, and not for questions that do not exist."""
    address = f"/api/v1/assignments/introductions/{command}"
    assert await problem(await room.client.post(address)) == (409, "not_now")
    assert await problem(await room.client.post(address.replace("introductions", "x"))) == (404, "not_found")
    if command != "transcribe":
        answer = await room.client.post(f"{BASE}/{command}", json={"questions": ["9"]})
        assert (answer.status, (await answer.json())["code"]) == (422, "invalid_document")
    assert await problem(await room.client.get("/api/v1/proposals/nothing")) == (404, "not_found")
