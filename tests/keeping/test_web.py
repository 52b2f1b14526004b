"""Dates over HTTP and on pages, and what answers for a submission that was deleted."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from db.intake import Intake
from db.keeping import Keeping
from introeval.keeping.purge import Policy, Purger
from introeval.keeping.shelf import Shelf
from tests.web.bodies import problem
from tests.web.running import Piece, Room, running

DAY = 86400.0


def retention(task_id: str) -> str:
    """Its address."""
    return f"/api/v1/submissions/{task_id}/retention"


async def graded(room: Room, **fields: Any) -> str:
    """A graded submission."""
    task_id = await room.accepted(**fields)
    await room.transcribe(task_id, [Piece(0.0, 4.0, "Hello.")])
    await room.grade(task_id, {"score": 30.0, "max_score": 40.0})
    return task_id


async def shown(room: Room, path: str) -> str:
    """A page."""
    return await (await room.client.get(path, headers={"Accept": "text/html"})).text()


async def test_a_teacher_sets_and_takes_back_a_date(tmp_path: Path) -> None:
    """Until a date, for ever, and as the assignment says; each change wakes the keeper."""
    async with running(tmp_path) as room:
        task_id = await graded(room)
        woken = len(room.woken)
        until = {"delete_after": "2031-05-12T10:00:00+02:00"}
        answer = await room.client.put(retention(task_id), json=until)
        assert (answer.status, (await answer.json())["delete_after"]) == (200, "2031-05-12T08:00:00Z")
        assert "Kept until <time" in await shown(room, f"/s/{task_id}")
        assert "12 May 2031" in await shown(room, f"/s/{task_id}")
        assert "kept until 12 May 2031" in await shown(room, "/")
        await Keeping(room.database).follow_policy(7)
        assert (await (await room.client.get(f"/api/v1/submissions/{task_id}")).json())[
            "delete_after"
        ].startswith("2031")
        answer = await room.client.put(retention(task_id), json={"delete_after": None})
        assert (await answer.json())["delete_after"] is None
        assert "Kept until somebody deletes it" in await shown(room, f"/s/{task_id}")
        answer = await room.client.delete(retention(task_id))
        assert answer.status == 200
        await Keeping(room.database).follow_policy(7)
        body = await (await room.client.get(f"/api/v1/submissions/{task_id}")).json()
        week = datetime.now(UTC) + timedelta(days=7)
        assert abs(datetime.fromisoformat(body["delete_after"]) - week) < timedelta(minutes=5)
        assert len(room.woken) == woken + 3


async def test_what_is_refused(tmp_path: Path) -> None:
    """A date without a zone, something else, nothing, another site's page, an unknown submission."""
    async with running(tmp_path) as room:
        task_id = await graded(room)
        for body in ({"delete_after": "2031-05-12T10:00:00"}, {"until": 3}, {}):
            answer = await room.client.put(retention(task_id), json=body)
            assert (answer.status, (await answer.json())["code"]) == (422, "invalid_document")
        elsewhere = {"Origin": "https://evil.example"}
        assert await problem(await room.client.delete(retention(task_id), headers=elsewhere)) == (
            403,
            "cross_site",
        )
        assert await problem(await room.client.delete(retention("0" * 24))) == (404, "not_found")


async def test_a_deleted_submission_is_gone_everywhere(tmp_path: Path) -> None:
    """410 with a sentence at each address, for programs and people; no list has it, and the run still counts it."""
    async with running(tmp_path) as room:
        gone, other = await graded(room), await graded(room, roll_number="R-2")
        await Purger(room.database, Shelf(tmp_path / "b"), Policy()).forget([gone], time.time())
        base = f"/api/v1/submissions/{gone}"
        for path in ("", "/video", "/file", "/results"):
            assert await problem(await room.client.get(base + path)) == (410, "gone")
        preview = f"/api/v1/assignments/introductions/preview?submission={gone}"
        assert await problem(await room.client.get(preview)) == (410, "gone")
        assert await problem(await room.client.post(f"{base}/cancel")) == (410, "gone")
        assert await problem(await room.client.put(retention(gone), json={"delete_after": None})) == (
            410,
            "gone",
        )
        page = await shown(room, f"/s/{gone}")
        assert "This was deleted on" in page
        assert "Asha" not in page
        listed = await (await room.client.get("/api/v1/submissions")).json()
        assert ([item["id"] for item in listed["items"]], listed["total"]) == ([other], 1)
        run = await (await room.client.get("/api/v1/assignments/introductions/run")).json()
        assert (run["submitted"], run["graded"]) == (2, 2)
        again = await room.client.post(
            "/api/v1/assignments/introductions/regrade", json={"submissions": [gone]}
        )
        assert "deleted" in (await again.json())["skipped"][0]["reason"]


async def test_the_date_is_there_with_the_row(tmp_path: Path) -> None:
    """An accepted submission has the assignment's date at once, and a changed assignment changes it."""
    async with running(tmp_path) as room:
        new = await (await room.client.get("/api/v1/assignments/introductions")).json()
        await room.client.put("/api/v1/assignments/introductions", json=new | {"retention_days": 10})
        task_id = await room.accepted()
        found = await room.context.views.submission(task_id)
        assert found is not None
        assert found.delete_after == found.task.created_at + 10 * DAY
        new = await (await room.client.get("/api/v1/assignments/introductions")).json()
        await room.client.put("/api/v1/assignments/introductions", json=new | {"retention_days": 20})
        assert await Keeping(room.database).follow_policy(5) == 1
        found = await room.context.views.submission(task_id)
        assert found is not None
        assert found.delete_after == found.task.created_at + 20 * DAY
        assert "for 20 days" in await shown(room, "/assignments/introductions")
        assert isinstance(room.context.intake, Intake)
