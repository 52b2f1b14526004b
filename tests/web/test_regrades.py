"""A regrade that fails or is stopped, over HTTP: nobody who has a grade is told, or shown, as failed."""

from pathlib import Path
from typing import Any

import pytest

from introeval.cli.results import as_csv, as_table
from introeval.cli.terminal import console
from introeval.client.shapes import Line
from tests.web.homework import get, notebook, posted, with_samples
from tests.web.running import Room, running
from tests.web.test_assignment_runs import REPORT, RUN, fail, retitled
from tests.web.test_pages import HOSTILE, page

ONE = "/api/v1/submissions"
HERE = "/assignments/rain-notebook"
WHY = "Version 2 asks for a plot, and there is none."


async def regraded(room: Room, students: int) -> list[str]:
    """So many graded under version 1, and queued under version 2."""
    await with_samples(room)
    ids = [await notebook(room, roll_number=f"R-{number}") for number in range(students)]
    for task_id in ids:
        await room.grade(task_id, REPORT)
    await retitled(room)
    assert (await posted(room, f"{RUN}/regrade"))["queued"] == ids
    return ids


async def test_what_failed_keeps_its_grade_and_says_so(tmp_path: Path) -> None:
    """The submission, the list, the filters, its page and the table of the command line."""
    async with running(tmp_path) as room:
        (task_id,) = await regraded(room, 1)
        await fail(room, task_id, WHY)
        body = await get(room, f"{ONE}/{task_id}")
        assert (body["current_phase"], body["status"]) == ("completed", "completed")
        assert (body["grade"]["score"], body["grade"]["version"], body["assignment_version"]) == (7.0, 1, 1)
        assert (body["error_code"], body["error_message"], body["failures"]) == (None, None, [])
        last = body["regrade"]
        assert (last["version"], last["outcome"]) == (2, "failed")
        assert last["at"] == body["completed_at"]
        assert (last["failure"]["code"], last["failure"]["place"]) == ("rejected", "version 2")
        assert last["failure"]["message"] == WHY
        assert last["failure"]["advice"].startswith("The grade under version 1 stays.")
        assert (await get(room, f"{ONE}?current_phase=failed"))["total"] == 0
        (line,) = (await get(room, f"{ONE}?current_phase=completed"))["items"]
        assert (line["regrade"], line["score"]) == (last, 7.0)
        assert (await get(room, "/api/v1/status"))["totals"]["failed"] == 0
        student = await page(room, f"/s/{task_id}")
        assert "Your notebook has been graded." in student
        assert "A regrade under version 2 did not work" in student
        assert WHY in student
        assert "Not graded" not in student
        assert "grades next" not in student
        told = f"The regrade under version 2 failed: {WHY} {last['failure']['advice']}"
        read = Line.model_validate(line)
        assert told in as_csv([read])
        out = console()
        with out.capture() as shown:
            out.print(as_table([read]))
        assert "The regrade under version 2 failed" in " ".join(shown.get().split())
        metrics = await (await room.client.get("/metrics")).text()
        assert "introeval_regrades_failed_total 1.0" in metrics
        assert 'introeval_failures_total{stage="llm"} 0.0' in metrics


async def test_what_was_stopped_keeps_its_grade_and_says_so(tmp_path: Path) -> None:
    """The answer to the stop is the graded submission; a second stop is refused; nothing says failed."""
    async with running(tmp_path) as room:
        (task_id,) = await regraded(room, 1)
        body = await posted(room, f"{ONE}/{task_id}/cancel")
        assert (body["current_phase"], body["grade"]["score"], body["error_code"]) == ("completed", 7.0, None)
        assert (body["regrade"]["version"], body["regrade"]["outcome"]) == (2, "cancelled")
        assert "who did it is not known" in body["regrade"]["failure"]["message"]
        assert (await room.client.post(f"{ONE}/{task_id}/cancel")).status == 409
        assert "A regrade under version 2 was stopped" in await page(room, f"/s/{task_id}")
        run = await get(room, f"{RUN}/run")
        assert (run["state"], run["share"], run["kept"]) == ("complete", 1.0, 1)
        teacher = await page(room, HERE)
        assert "regrade stopped" in teacher
        assert "as last asked" not in teacher
        assert "The grade under version 1 stays." in teacher
        (line,) = (await get(room, ONE))["items"]
        assert "The regrade under version 2 was stopped." in as_csv([Line.model_validate(line)])


async def test_the_run_is_incomplete_until_the_new_version_has_graded_enough(tmp_path: Path) -> None:
    """Five students: two regrades fail, one is stopped; all are graded, three as asked; then it is asked again."""
    async with running(tmp_path) as room:
        ids = await regraded(room, 5)
        for task_id in ids[:2]:
            await fail(room, task_id, WHY)
        await posted(room, f"{ONE}/{ids[2]}/cancel")
        run = await get(room, f"{RUN}/run")
        assert (run["state"], run["graded"], run["waiting"], run["kept"]) == ("running", 3, 2, 3)
        for task_id in ids[3:]:
            await room.grade(task_id, REPORT)
        run = await get(room, f"{RUN}/run")
        assert (run["state"], run["version"], run["share"]) == ("incomplete", 2, 0.6)
        assert (run["graded"], run["failed"], run["waiting"], run["kept"]) == (5, 0, 0, 3)
        assert [(item["code"], item["tasks"]) for item in run["kept_reasons"]] == [
            ("rejected", 2),
            ("cancelled", 1),
        ]
        assert run["reasons"] == []
        assert run["detail"].startswith(
            "incomplete: 5 of 5 graded (3 of them as last asked), 80 % needed; 3 kept an earlier grade: 2 x "
            "Version 2 asks for a plot, and there is none; 1 x The regrade was stopped"
        )
        teacher = await page(room, HERE)
        for wanted in (
            "Kept an earlier grade",
            "Why some kept an earlier grade",
            "Grade again under version 2",
        ):
            assert wanted in teacher
        again = await posted(room, f"{RUN}/regrade")
        assert (again["queued"], again["skipped_count"]) == (ids[:3], 2)
        for task_id in ids[:3]:
            await room.grade(task_id, REPORT | {"score": 9})
        run = await get(room, f"{RUN}/run")
        assert (run["state"], run["share"], run["kept"], run["kept_reasons"]) == ("complete", 1.0, 0, [])
        body = await get(room, f"{ONE}/{ids[0]}")
        assert (body["grade"]["version"], body["grade"]["score"], body["regrade"]) == (2, 9.0, None)
        assert body["failures"] == []
        results = (await get(room, f"{ONE}/{ids[0]}/results"))["items"]
        assert [item["grade"]["version"] for item in results] == [1, 2]


@pytest.mark.parametrize("path", ["/", HERE, "student"])
async def test_a_hostile_reason_is_text(tmp_path: Path, path: str) -> None:
    """What a regrade failed with may quote a student's file."""
    async with running(tmp_path) as room:
        (task_id,) = await regraded(room, 1)
        await fail(room, task_id, HOSTILE)
        text = await page(room, f"/s/{task_id}" if path == "student" else path)
        assert "&lt;script&gt;alert" in text
        assert "<script>alert" not in text


async def test_another_new_version_is_regraded_too(tmp_path: Path) -> None:
    """A note of version 2 goes when version 3 is asked for, and version 3's takes its place."""
    async with running(tmp_path) as room:
        (task_id,) = await regraded(room, 1)
        await fail(room, task_id, WHY)
        newest: dict[str, Any] = await get(room, RUN)
        answer = await room.client.put(RUN, json=newest | {"title": "Rain, once more"})
        assert answer.status == 201
        again = await posted(room, f"{RUN}/regrade")
        assert (again["version"], again["queued"]) == (3, [task_id])
        assert (await get(room, f"{ONE}/{task_id}"))["regrade"] is None
        await fail(room, task_id, "Version 3 cannot either.")
        body = await get(room, f"{ONE}/{task_id}")
        assert (body["regrade"]["version"], body["grade"]["version"]) == (3, 1)
