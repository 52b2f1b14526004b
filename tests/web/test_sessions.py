"""Sessions over HTTP, with a real server, real tables and the real grader: the whole way, the wait, and the prompts."""

import asyncio
import json
from pathlib import Path

import pytest

from introeval.exams.templates import ASSESSMENT_TEMPLATE, RUBRIC_TEMPLATE
from tests.models.fake_ollama import Mood
from tests.web.exams import PAIR, hall, refused

ALONE = {"model_pairs": None, "models": [{"name": "mistral"}]}


async def test_from_pages_to_results(tmp_path: Path) -> None:
    """The whole way, with marks, evidence, spread and token use by stage and model."""
    async with hall(tmp_path) as it:
        session = await it.ready()
        task = await it.asked(session, default_tries=2)
        assert len(it.room.woken) == 1
        before = await it.get(f"/results/{session}")
        assert (before["status"], before["current_phase"], before["final"]) == ("pending", "llm", None)
        assert [each["state"] for each in before["pairs"][0]["tries"]] == ["pending", "pending"]
        await it.graded(task)
        after = await it.get(f"/results/{session}")
        assert (after["task_id"], after["status"], after["final"]) == (task, "completed", True)
        assert (
            after["combined"]["score"] == after["combined"]["lowest"] == after["combined"]["highest"] == 6.5
        )
        assert [q["question_number"] for q in after["combined"]["questions"]] == ["1", "2a"]
        (pair,) = after["pairs"]
        assert (pair["rubric_model"], pair["assessment_model"], pair["score"]) == ("llama3", "mistral", 6.5)
        first = pair["tries"][0]
        assert (first["state"], first["score"], first["read_from"], first["note"]) == (
            "done",
            6.5,
            "text",
            None,
        )
        assert first["marks"][0]["evidence"] == [
            {"place": "page 1, line 2", "quote": "A stack is last in, first out. push and pop."}
        ]
        stages = {(each["stage"], each["model"]): each for each in after["usage"]["stages"]}
        assert {key: each["calls"] for key, each in stages.items()} == {
            ("rubric", "llama3:latest"): 2,
            ("assessment", "mistral:latest"): 2,
        }
        assert after["usage"]["total"]["tokens_in"] == sum(each["tokens_in"] for each in stages.values()) > 0
        scrape = await (await it.room.client.get("/metrics")).text()
        counted = 'introeval_model_tokens_total{direction="in",model="llama3:latest",stage="rubric"} '
        assert f"{counted}{stages['rubric', 'llama3:latest']['tokens_in']}.0" in scrape
        readings = (await it.get(f"/results/{session}/rubric"))["readings"]
        assert [(each["model"], each["attempt"]) for each in readings] == [("llama3", 1), ("llama3", 2)]
        assert readings[0]["rubric_response"].startswith("Question 1 (up to 5):\n- 3: ")
        assert json.loads(readings[0]["raw_output"])["question 2a"]
        assert (readings[0]["validation_errors"], readings[0]["failure"]) == ([], None)


async def test_failures_say_what_to_do(tmp_path: Path) -> None:
    """A failed rubric is "N/A: rubric failed" in its try, with a structured failure for each stage."""
    async with hall(tmp_path) as it:
        session = await it.ready()
        task = await it.asked(session, default_tries=2)
        it.servers[1].script = [Mood.TOO_LONG]
        await it.graded(task)
        body = await it.get(f"/results/{session}")
        by_state = {each["state"]: each for each in body["pairs"][0]["tries"]}
        assert by_state["rubric_failed"]["note"] == "N/A: rubric failed"
        assert by_state["rubric_failed"]["failure"]["code"] == "rubric_failed"
        assert by_state["done"]["score"] == 6.5
        assert [(each["stage"], each["code"]) for each in body["failures"]] == [
            ("rubric", "context_overflow"),
            ("assessment", "rubric_failed"),
        ]
        assert all(each["advice"] and each["message"] and each["place"] for each in body["failures"])


async def test_results_before_anything_was_asked(tmp_path: Path) -> None:
    """An empty session has results, and nothing in them."""
    async with hall(tmp_path) as it:
        session = await it.made()
        body = await it.get(f"/results/{session}")
        assert (body["task_id"], body["pairs"], body["usage"]["total"]["calls"]) == (None, [], 0)
        assert (await it.get(f"/results/{session}/rubric"))["readings"] == []


async def test_idempotency_key(tmp_path: Path) -> None:
    """A repeat is the earlier grading; another request under its key is refused."""
    async with hall(tmp_path) as it:
        session = await it.ready()
        request = {"session_id": session, "model_pairs": [PAIR]}
        headers = {"Idempotency-Key": "k1"}
        ids = [
            (await (await it.post("/grade/single", request, **headers)).json())["task_id"] for _ in range(2)
        ]
        assert ids[0] == ids[1]
        other = await it.post("/grade/single", request | {"default_tries": 2}, **headers)
        assert await refused(other) == (422, "key_reused")
        assert len((await it.get(f"/sessions/{session}"))["gradings"]) == 1


@pytest.mark.parametrize("how", ["query", "header"])
async def test_wait_for_the_end(tmp_path: Path, how: str) -> None:
    """Told by the commit, not by a clock: the answer is the results."""
    async with hall(tmp_path) as it:
        session = await it.ready()
        path = "/grade/single" + ("?wait=60" if how == "query" else "")
        headers = {"Prefer": "respond-async, wait=99999"} if how == "header" else {}
        request = {"session_id": session, "model_pairs": [PAIR]}
        waiting = asyncio.create_task(it.post(path, request, **headers))
        while not len(it.room.context.commits):  # noqa: ASYNC110 - a subscription has no event to wait for
            await asyncio.sleep(0)
        (task,) = (await it.get(f"/sessions/{session}"))["gradings"]
        await it.graded(task)
        answer = await waiting
        assert answer.status == 200
        assert answer.headers.get("Preference-Applied") == ("wait=60" if how == "header" else None)
        assert (await answer.json())["combined"]["score"] == 6.5


async def test_wait_that_is_over_is_a_202(tmp_path: Path) -> None:
    """The same answer as without a wait."""
    async with hall(tmp_path) as it:
        session = await it.ready()
        answer = await it.post("/grade/single?wait=0.01", {"session_id": session, "model_pairs": [PAIR]})
        body = await answer.json()
        assert (answer.status, body["tries"], body["pairs"]) == (202, 1, 1)
        assert answer.headers["Location"] == body["results"] == f"/results/{session}?task={body['task_id']}"
        wrong = await it.post("/grade/single?wait=61", {"session_id": session, "model_pairs": [PAIR]})
        assert await refused(wrong) == (400, "bad_parameter")


async def test_session_without_a_body(tmp_path: Path) -> None:
    """A title is for people who want one."""
    async with hall(tmp_path) as it:
        answer = await it.room.client.post("/sessions")
        body = await answer.json()
        assert (answer.status, body["title"], body["questions"]) == (201, "session", [])
        assert answer.headers["Location"] == f"/sessions/{body['session_id']}"


@pytest.mark.parametrize(
    ("path", "default", "good"),
    [
        ("/settings/rubric-prompt", RUBRIC_TEMPLATE, "[Grading rubric images] [Question list] [1 mark]"),
        ("/settings/prompt", ASSESSMENT_TEMPLATE, "[Question list] [Grading Rubric] [Student assessment]"),
    ],
)
async def test_templates(tmp_path: Path, path: str, default: str, good: str) -> None:
    """The program's own, then a teacher's, then the program's own again; a bad one changes nothing."""
    async with hall(tmp_path) as it:
        client = it.room.client
        first = await it.get(path)
        assert (first["template"], first["stored"], first["updated_at"]) == (default, False, None)
        assert set(first["required"]) <= {part for part in first["required"] if part in default}
        stored = await (await client.put(path, json={"template": good})).json()
        assert (stored["template"], stored["stored"]) == (good, True)
        for bad in ("nothing", good + " [Teacher notes]", good + good, "x" * 20_001 + good):
            answer = await client.put(path, json={"template": bad})
            assert await refused(answer, "template") == (422, "invalid_document")
        assert await refused(await client.put(path, json={}), "template") == (422, "invalid_document")
        assert (await it.get(path))["template"] == good
        again = await (await client.put(path, json={"template": None})).json()
        assert (again["template"], again["stored"]) == (default, False)


async def test_a_stored_template_is_what_is_asked(tmp_path: Path) -> None:
    """From the next grading on; one that was asked for before keeps its own."""
    async with hall(tmp_path) as it:
        session = await it.ready()
        earlier = await it.asked(session, **ALONE)
        template = "Mark strictly. [Question list] [Grading Rubric] [Student assessment]"
        await it.room.client.put("/settings/prompt", json={"template": template})
        later = await it.asked(session, **ALONE)
        await it.graded(earlier)
        await it.graded(later)
        prompts = it.servers[0].prompts
        assert [prompt.startswith("Mark strictly. - Question 1") for prompt in prompts] == [False, True]


async def test_openapi_has_every_endpoint(tmp_path: Path) -> None:
    """With their bodies and their refusals."""
    async with hall(tmp_path) as it:
        paths = (await it.get("/openapi.json"))["paths"]
        wanted: dict[str, set[str]] = {
            "/sessions": {"post"},
            "/sessions/{session_id}": {"get"},
            "/images/register": {"post"},
            "/questions/config": {"post"},
            "/grade/single": {"post"},
            "/results/{session_id}": {"get"},
            "/results/{session_id}/rubric": {"get"},
            "/settings/rubric-prompt": {"get", "put"},
            "/settings/prompt": {"get", "put"},
        }
        assert {path: set(paths[path]) for path in wanted} == wanted
        grade = paths["/grade/single"]["post"]
        assert {"200", "202", "400", "404", "409", "413", "415", "422", "429", "503"} <= set(
            grade["responses"]
        )
        assert {each["name"] for each in grade["parameters"]} == {"wait", "Idempotency-Key", "Prefer"}
        form = paths["/images/register"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
        assert set(form["required"]) == {"session_id", "role", "order_index", "file"}
