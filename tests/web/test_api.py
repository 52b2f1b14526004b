"""The reading endpoints, the OpenAPI document and the metrics."""

import re
from pathlib import Path
from typing import Any

import pytest

from introeval.web.schema import SubmissionBody, SubmissionPage
from introeval.web.status_schema import StatusBody
from scheduler.errors import StateError
from scheduler.transitions import TaskEvent
from tests.web.bodies import problem
from tests.web.running import VIDEO, Piece, Room, running

REPORT: dict[str, Any] = {
    "score": 27.5,
    "max_score": 40,
    "criteria": [
        {
            "name": "clarity",
            "score": 8,
            "max_score": 10,
            "reason": "Easy to follow.",
            "part": None,
            "issues": [],
            "suggestions": [],
            "evidence": [{"start": 1.0, "end": 2.5, "place": None, "quote": "my name is Asha"}],
        }
    ],
    "flags": [{"code": "addressed_to_grader", "message": "It asks for full marks."}],
    "facts": [{"text": "Her name is Asha.", "start": 1.0, "end": 2.5}],
    "problems": "of another version of the program",
    "guards": [{"code": "brief", "reason": "The speech has 40 words.", "cap": 24.0}],
}


async def graded(room: Room) -> str:
    """A submission that went all the way."""
    task_id = await room.accepted()
    await room.transcribe(task_id, [Piece(0.0, 1.0, "Hello."), Piece(1.0, 2.5, "My name is Asha.")])
    await room.grade(task_id, REPORT)
    return task_id


async def test_submission_at_each_stage(tmp_path: Path) -> None:
    """Absent values are null, present ones whole; times are UTC."""
    async with running(tmp_path) as room:
        task_id = await room.accepted()
        waiting = await (await room.client.get(f"/api/v1/submissions/{task_id}")).json()
        assert (waiting["current_phase"], waiting["status"], waiting["place"]) == ("stt", "pending", 1)
        assert [waiting[name] for name in ("transcript", "segments", "grade", "model", "eta_seconds")] == [
            None
        ] * 5
        assert waiting["created_at"].endswith("Z")
        await room.transcribe(task_id, [Piece(0.0, 1.0, "Hello."), Piece(1.0, 2.5, "My name is Asha.")])
        await room.grade(task_id, REPORT)
        answer = await (await room.client.get(f"/api/v1/submissions/{task_id}")).json()
        SubmissionBody.model_validate(answer)
        assert answer["transcript"] == "Hello. My name is Asha."
        assert answer["segments"][1] == {"start": 1.0, "end": 2.5, "text": "My name is Asha."}
        shown = ("score", "max_score", "criteria", "facts", "guards")
        trust = {"version": 1, "final": True, "review": [], "opinions": []}
        wanted = {name: REPORT[name] for name in shown} | trust | {"problems": []}
        assert {name: answer["grade"][name] for name in wanted} == wanted
        assert answer["flags"] == REPORT["flags"]
        assert (answer["model"], answer["error_message"], answer["retry_count"]) == ("mistral:7b", None, 0)


async def test_failed_submission_says_why(tmp_path: Path) -> None:
    """The reason is the one that the error gave."""
    async with running(tmp_path) as room:
        task_id = await room.accepted()
        started = await room.store.start(await room.task(task_id), 1.0)
        await room.store.unfinished(started, TaskEvent.GAVE_UP, StateError("The sound is damaged."), 2.0)
        answer = await (await room.client.get(f"/api/v1/submissions/{task_id}")).json()
        assert (answer["current_phase"], answer["error_message"]) == ("failed", "The sound is damaged.")
        assert answer["completed_at"] == "1970-01-01T00:00:02Z"


async def test_list_pages_and_filters(tmp_path: Path) -> None:
    """Following ``next`` meets every submission once; filters narrow it."""
    async with running(tmp_path) as room:
        ids = {await room.accepted(roll_number=f"R {number}") for number in range(5)}
        await room.transcribe(next(iter(ids)), [])
        seen, path = set[str](), "/api/v1/submissions?limit=2"
        while path:
            page = SubmissionPage.model_validate(await (await room.client.get(path)).json())
            seen |= {item.id for item in page.items}
            assert page.total == 5
            path = page.next or ""
        assert seen == ids
        filtered = await (
            await room.client.get("/api/v1/submissions?current_phase=llm&status=pending")
        ).json()
        assert filtered["total"] == 1
        roll = await (await room.client.get("/api/v1/submissions?roll_number=R+3")).json()
        assert [item["roll_number"] for item in roll["items"]] == ["R 3"]


async def test_a_graded_line_has_its_reason(tmp_path: Path) -> None:
    """What bounded the grade, and the criterion that explains it with one quote."""
    async with running(tmp_path) as room:
        await graded(room)
        answer = await (await room.client.get("/api/v1/submissions")).json()
        (line,) = SubmissionPage.model_validate(answer).items
        assert [guard.code for guard in line.guards] == ["brief"]
        assert line.telling is not None
        assert [evidence.quote for evidence in line.telling.evidence] == ["my name is Asha"]


@pytest.mark.parametrize("query", ["limit=0", "limit=1000", "offset=-1", "current_phase=x", "nonsense=1"])
async def test_wrong_query(tmp_path: Path, query: str) -> None:
    """A wrong parameter is named, never ignored."""
    async with running(tmp_path) as room:
        answer = await room.client.get(f"/api/v1/submissions?{query}")
        assert await problem(answer) == (400, "bad_parameter")
        assert query.split("=")[0] in await answer.text()


async def test_video_ranges_and_type(tmp_path: Path) -> None:
    """The file is served in ranges, under a type that was found in it, and nothing may run from it."""
    async with running(tmp_path) as room:
        path = f"/api/v1/submissions/{await room.accepted()}/video"
        answer = await room.client.get(path, headers={"Range": "bytes=4-7"})
        assert (answer.status, await answer.read(), answer.content_type) == (206, b"ftyp", "video/mp4")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert await (await room.client.get(path)).read() == VIDEO
        assert await problem(await room.client.get("/api/v1/submissions/none/video")) == (404, "not_found")


async def test_status(tmp_path: Path) -> None:
    """The one snapshot."""
    async with running(tmp_path) as room:
        await room.accepted()
        answer = await (await room.client.get("/api/v1/status")).json()
        status = StatusBody.model_validate(answer)
        assert (status.phase, status.queues.stt, status.totals["stt"], status.violations) == ("stt", 1, 1, 0)
        assert [server.healthy for server in status.servers] == [True, False]


async def test_health(tmp_path: Path) -> None:
    """Alive always; ready while submissions can be taken."""
    async with running(tmp_path) as room:
        assert (await room.client.get("/healthz")).status == 200
        assert (await room.client.get("/readyz")).status == 200
        room.context.stop.set()
        assert (await room.client.get("/healthz")).status == 200
        assert (await room.client.get("/readyz")).status == 503


async def test_unknown_paths_and_methods(tmp_path: Path) -> None:
    """What is not there is a problem too."""
    async with running(tmp_path) as room:
        assert await problem(await room.client.get("/nope")) == (404, "not_found")
        answer = await room.client.delete("/api/v1/submissions")
        assert await problem(answer) == (405, "method_not_allowed")
        assert answer.headers["Allow"] == "GET,HEAD,POST"


async def test_openapi(tmp_path: Path) -> None:
    """Every API route is in the document, every reference in it leads somewhere."""
    async with running(tmp_path) as room:
        answer = await room.client.get("/openapi.json")
        text, document = await answer.text(), await answer.json()
        routes = {
            (route.method.lower(), route.resource.canonical)
            for route in room.client.app.router.routes()
            if route.resource is not None and route.method != "HEAD"
        }
    homework = ("/assignments", "/assignments/{id}", "/assignments/{id}/preview")
    pages = {("get", path) for path in ("/", "/submit", "/s/{id}", "/static/{name}", *homework)}
    # A client may leave out the slash at the end of where uploads in pieces are begun.
    pages |= {("post", "/files"), ("options", "/files")}
    described = {(method, path) for path, item in document["paths"].items() for method in item}
    # The one HEAD that is more than a GET without its body.
    described.remove(("head", "/files/{id}"))
    assert document["openapi"] == "3.1.0"
    assert described == routes - pages
    for reference in re.findall(r'"\$ref": "#/components/schemas/([^"]+)"', text):
        assert reference in document["components"]["schemas"]
    names = [item["operationId"] for path in document["paths"].values() for item in path.values()]
    assert len(names) == len(set(names))
    submission = document["components"]["schemas"]["SubmissionBody"]
    assert set(submission["required"]) == set(submission["properties"])


async def test_metrics_survive_a_restart(tmp_path: Path) -> None:
    """What is counted is read from the tables, so a new process says the same."""
    wanted = (
        'introeval_phase{phase="stt"} 1.0',
        'introeval_phase{phase="llm"} 0.0',
        'introeval_queue_depth{stage="stt"} 1.0',
        "introeval_accepted_total 2.0",
        'introeval_graded_total{server="mistral"} 1.0',
        'introeval_grade_seconds_bucket{le="10.0"} 1.0',
        "introeval_media_seconds_total 40.0",
        "introeval_exclusion_violations_total 0.0",
        'introeval_server_up{server="llama3"} 0.0',
    )
    async with running(tmp_path) as room:
        await graded(room)
        await room.accepted()
        await room.client.get("/metrics")
        answer = await room.client.get("/metrics")
        assert answer.content_type == "text/plain"
        lines = (await answer.text()).splitlines()
        assert [line for line in wanted if line not in lines] == []
        assert any(line.startswith("introeval_http_requests_total{") for line in lines)
    async with running(tmp_path) as room:
        lines = (await (await room.client.get("/metrics")).text()).splitlines()
        assert [line for line in wanted if line not in lines] == []
