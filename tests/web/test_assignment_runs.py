"""Runs, regrades, cancelling and old results over HTTP."""

import json
import time
from pathlib import Path
from typing import Any

from scheduler.errors import RejectedWorkError
from scheduler.ports import Evaluation
from scheduler.ratings import Failure
from scheduler.task import Stage
from scheduler.transitions import TaskEvent
from tests.web.bodies import problem
from tests.web.homework import PATH, get, notebook, posted, with_samples
from tests.web.running import Room, running

RUN = f"{PATH}/rain-notebook"
REPORT: dict[str, Any] = {"score": 7, "max_score": 10, "criteria": [], "flags": []}
DOUBT = "The models are 4.0 apart; the grade is their mean until a teacher decides."
CUT = Failure(
    code="truncated_reply",
    stage="feedback",
    place="llama3:8b, try 2",
    message="The reply was cut off.",
    advice="Raise num_predict.",
)


async def fail(room: Room, task_id: str, why: str) -> None:
    """A submission ends without a grade."""
    started = await room.store.start(await room.task(task_id), time.time())
    await room.store.unfinished(started, TaskEvent.GAVE_UP, RejectedWorkError(why), time.time())


async def grade_in_part(room: Room, task_id: str) -> None:
    """A grade whose second try failed, and of which two models think differently."""
    started = await room.store.start(await room.task(task_id), time.time())
    opinions = [
        {"model": model, "attempt": 1, "score": score, "criteria": {"style": score}}
        for model, score in (("mistral:7b", 3.0), ("llama3:8b", 7.0))
    ]
    result = Evaluation(
        score=5.0,
        max_score=10.0,
        report=REPORT | {"review": [DOUBT], "opinions": opinions},
        model="mistral:7b + llama3:8b",
        server="a + b",
        prompt_hash="0" * 64,
        tokens_in=10,
        tokens_out=20,
        latency_ms=30,
        raw_reply=None,
        failures=(CUT,),
    )
    await room.store.evaluated(started, result, time.time())


FORM = {"Content-Type": "application/x-www-form-urlencoded"}
"""What ``curl -d`` says by itself."""


async def retitled(room: Room) -> None:
    """Version 2 of the notebook's assignment."""
    body = await get(room, RUN)
    answer = await room.client.put(RUN, json=body | {"title": "Rain, again"})
    assert answer.status == 201, await answer.text()


async def test_a_run_from_nothing_to_its_end(tmp_path: Path) -> None:
    """Waiting, running, incomplete with the reasons, and complete once enough are graded."""
    async with running(tmp_path) as room:
        await with_samples(room)
        assert (await get(room, f"{RUN}/run"))["state"] == "waiting"
        ids = [await notebook(room, roll_number=f"R-{number}") for number in range(5)]
        for task_id in ids[:3]:
            await room.grade(task_id, REPORT)
        assert (await get(room, f"{RUN}/run"))["state"] == "running"
        for task_id in ids[3:]:
            await fail(room, task_id, "The file is gone.")
        run = await get(room, f"{RUN}/run")
        assert (run["state"], run["share"], run["submitted"], run["failed"]) == ("incomplete", 0.6, 5, 2)
        assert run["detail"] == ("incomplete: 3 of 5 graded, 80 % needed; 2 failed: 2 x The file is gone.")
        assert run["reasons"] == [{"code": "rejected", "message": "The file is gone.", "tasks": 2}]
        assert (await posted(room, f"{RUN}/regrade"))["queued"] == ids[3:]
        for task_id in ids[3:]:
            await grade_in_part(room, task_id)
        run = await get(room, f"{RUN}/run")
        assert (run["state"], run["share"], run["provisional"]) == ("complete", 1.0, 2)
        assert "2 grades are provisional" in run["detail"]


async def test_a_regrade_keeps_what_was(tmp_path: Path) -> None:
    """Each version's result can be read; the page shows the newest, and which version it is of."""
    async with running(tmp_path) as room:
        await with_samples(room)
        task_id = await notebook(room)
        await grade_in_part(room, task_id)
        same = await posted(room, f"{RUN}/regrade")
        assert (same["queued"], same["skipped_count"]) == ([], 1)
        assert "has graded this submission already" in same["skipped"][0]["reason"]
        await retitled(room)
        woken = len(room.woken)
        again = await posted(room, f"{RUN}/regrade", {"submissions": [task_id]})
        assert (again["version"], again["queued"]) == (2, [task_id])
        assert len(room.woken) == woken + 1
        waiting = await get(room, f"/api/v1/submissions/{task_id}")
        assert (waiting["current_phase"], waiting["assignment_version"]) == ("llm", 2)
        assert (waiting["grade"]["score"], waiting["grade"]["version"]) == (5.0, 1)
        await room.grade(task_id, REPORT)
        body = await get(room, f"/api/v1/submissions/{task_id}")
        assert (body["grade"]["score"], body["grade"]["version"], body["failures"]) == (7.0, 2, [])
        results = (await get(room, f"/api/v1/submissions/{task_id}/results"))["items"]
        assert [(item["grade"]["version"], item["grade"]["score"]) for item in results] == [
            (1, 5.0),
            (2, 7.0),
        ]
        assert [len(item["failures"]) for item in results] == [1, 0]
        assert (results[0]["tokens_in"], results[0]["prompt_hash"]) == (10, "0" * 64)


async def test_what_a_regrade_leaves_out(tmp_path: Path) -> None:
    """Each with its reason; the others go on."""
    async with running(tmp_path) as room:
        await with_samples(room)
        ended, waiting, video = await notebook(room), await notebook(room), await room.accepted()
        await fail(room, ended, "It broke.")
        body = {"submissions": [video, waiting, "none", ended]}
        answer = await posted(room, f"{RUN}/regrade", body)
        assert answer["queued"] == [ended]
        assert [item["reason"] for item in answer["skipped"]] == [
            "It was not handed in for this assignment.",
            "It has not ended yet.",
            "It was not handed in for this assignment.",
        ]
        await fail(room, video, "There is no sound.")
        mute = await posted(room, f"{PATH}/introductions/regrade")
        assert "never transcribed" in mute["skipped"][0]["reason"]


async def test_wrong_requests(tmp_path: Path) -> None:
    """Bodies are checked, lists are bounded, and other sites may ask for nothing."""
    async with running(tmp_path) as room:
        await with_samples(room)
        wrong: tuple[Any, ...] = (
            {"submissions": []},
            {"submissions": ["x"] * 1001},
            {"ids": []},
            {"submissions": "x"},
        )
        for body in wrong:
            answer = await room.client.post(f"{RUN}/regrade", json=body)
            assert (answer.status, (await answer.json())["code"]) == (422, "invalid_document")
        far = {"Sec-Fetch-Site": "cross-site"}
        task_id = await notebook(room)
        for path in (f"{RUN}/regrade", f"{RUN}/cancel", f"/api/v1/submissions/{task_id}/cancel"):
            assert await problem(await room.client.post(path, headers=far)) == (403, "cross_site")
        assert await problem(await room.client.post(f"{PATH}/none/regrade")) == (404, "not_found")
        assert await problem(await room.client.post("/api/v1/submissions/none/cancel")) == (404, "not_found")
        assert (await room.task(task_id)).state.stage is Stage.LLM


async def test_cancel(tmp_path: Path) -> None:
    """It ends at once, whoever works on it hears of it, and a second time is refused."""
    async with running(tmp_path) as room:
        await with_samples(room)
        task_id = await notebook(room)
        await room.store.start(await room.task(task_id), time.time())
        body = await posted(room, f"/api/v1/submissions/{task_id}/cancel")
        assert (body["current_phase"], body["error_code"]) == ("failed", "cancelled")
        assert room.cancelled == [task_id]
        again = await room.client.post(f"/api/v1/submissions/{task_id}/cancel")
        assert await problem(again) == (409, "not_now")


async def test_cancel_a_whole_run(tmp_path: Path) -> None:
    """What has ended stays as it is, and other assignments go on."""
    async with running(tmp_path) as room:
        await with_samples(room)
        ids = [await notebook(room, roll_number=f"R-{number}") for number in range(3)]
        video = await room.accepted()
        await room.grade(ids[0], REPORT)
        assert (await posted(room, f"{RUN}/cancel", {}))["cancelled"] == ids[1:]
        run = await get(room, f"{RUN}/run")
        assert (run["state"], run["graded"], run["failed"]) == ("incomplete", 1, 2)
        assert (await room.task(video)).state.stage is Stage.STT


async def test_opinions_and_failed_parts(tmp_path: Path) -> None:
    """Who gave what, why it is not final, and what could not be done; in a list too."""
    async with running(tmp_path) as room:
        await with_samples(room)
        task_id = await notebook(room)
        await grade_in_part(room, task_id)
        body = await get(room, f"/api/v1/submissions/{task_id}")
        assert (body["grade"]["final"], body["grade"]["review"]) == (False, [DOUBT])
        assert [(item["model"], item["score"]) for item in body["grade"]["opinions"]] == [
            ("mistral:7b", 3.0),
            ("llama3:8b", 7.0),
        ]
        assert body["failures"] == [CUT.as_dict()]
        (line,) = (await get(room, "/api/v1/submissions?assignment=rain-notebook"))["items"]
        assert (line["provisional"], line["review"], line["failures"]) == (True, [DOUBT], [CUT.as_dict()])
        assert (line["kind"], line["assignment"]) == ("notebook", "rain-notebook")


async def test_a_body_that_calls_itself_a_form_is_not_dropped(tmp_path: Path) -> None:
    """Who asks for one with curl's own type would else have all; nothing happens, and the answer says what to do."""
    async with running(tmp_path) as room:
        await with_samples(room)
        ids = [await notebook(room, roll_number=f"R-{n}") for n in range(3)]
        for one in ids:
            await room.grade(one, REPORT)
        await retitled(room)
        for body in (json.dumps({"submissions": ids[:1]}), "submissions=" + ids[0]):
            answer = await room.client.post(f"{RUN}/regrade", data=body.encode(), headers=FORM)
            assert (answer.status, (await answer.json())["code"]) == (415, "unknown_type")
            assert "-H 'Content-Type: application/json'" in (await answer.json())["detail"]
        assert {(await room.task(one)).state.stage for one in ids} == {Stage.COMPLETED}
        answer = await room.client.post(f"{RUN}/regrade", data=b" \r\n", headers=FORM)
        assert (answer.status, (await answer.json())["queued"]) == (200, ids)
