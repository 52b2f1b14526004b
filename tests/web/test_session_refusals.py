"""What is refused of sessions: requests, questions and bodies that cannot be used, each with its code and its field."""

import asyncio
from pathlib import Path
from typing import Any

from introeval.web.context import UploadLimits
from tests.web.exams import PAIR, QUESTIONS, hall, refused

WRONG_REQUESTS: list[tuple[dict[str, Any], str]] = [
    ({"models": [{"name": "mistral"}]}, "the whole"),
    ({"model_pairs": None}, "the whole"),
    ({"model_pairs": []}, "model_pairs"),
    ({"default_tries": 0}, "default_tries"),
    ({"default_tries": 11}, "default_tries"),
    ({"reasoning": "much"}, "reasoning"),
    ({"session_id": "../x"}, "session_id"),
    ({"session_id": None}, "session_id"),
    ({"more": 1}, "more"),
    ({"model_pairs": [{"rubric_model": {"name": "mistral"}}]}, "model_pairs[0].assessment_model"),
    ({"model_pairs": [PAIR | {"rubric_model": {"name": "qwen"}}]}, "model_pairs[0].rubric_model.name"),
    ({"model_pairs": None, "models": [{"name": "qwen"}]}, "models[0].name"),
    ({"model_pairs": [PAIR, PAIR]}, "model_pairs[1]"),
]


async def test_wrong_requests_name_the_field(tmp_path: Path) -> None:
    """422, before anything is spent, and no task is made."""
    async with hall(tmp_path) as it:
        session = await it.made()
        for change, field in WRONG_REQUESTS:
            answer = await it.post("/grade/single", {"session_id": session, "model_pairs": [PAIR]} | change)
            assert await refused(answer, field) == (422, "invalid_document")
        assert (await it.get(f"/sessions/{session}"))["gradings"] == []


async def test_sessions_that_cannot_be_graded_yet(tmp_path: Path) -> None:
    """One thing after the other; the refusal says what to send."""
    async with hall(tmp_path) as it:
        session = await it.made()
        request = {"session_id": session, "model_pairs": [PAIR]}
        told = []
        for step in (
            it.post("/questions/config", {"session_id": session, "questions": QUESTIONS}),
            it.register(session),
            it.register(session, "grading_rubric"),
        ):
            answer = await it.post("/grade/single", request)
            assert await refused(answer) == (409, "not_now")
            told.append((await answer.json())["detail"].split(" yet")[0])
            assert (await step).status in (200, 201)
        assert told == [
            "This session has no questions",
            "This session has no page of a student",
            "This session has no grading rubric",
        ]
        assert (await it.post("/grade/single", request)).status == 202


async def test_unknown_sessions(tmp_path: Path) -> None:
    """404 wherever a session is named that is not there."""
    async with hall(tmp_path) as it:
        for path in ("/sessions/x", "/results/x", "/results/x/rubric"):
            assert await refused(await it.room.client.get(path)) == (404, "not_found")
        for path, body in (
            ("/grade/single", {"session_id": "x", "model_pairs": [PAIR]}),
            ("/questions/config", {"session_id": "x", "questions": QUESTIONS}),
        ):
            assert await refused(await it.post(path, body)) == (404, "not_found")
        assert await refused(await it.register("x")) == (404, "not_found")
        assert it.files == []


WRONG_QUESTIONS: list[tuple[Any, str]] = [
    ([], "questions"),
    ([{"question_number": "1"}], "questions[0].max_mark"),
    ([{"question_number": "1", "max_mark": 0}], "questions[0].max_mark"),
    ([{"question_number": "1", "max_mark": 1001}], "questions[0].max_mark"),
    ([{"question_number": "1", "max_mark": "many"}], "questions[0].max_mark"),
    ([{"question_number": "", "max_mark": 1}], "questions[0].question_number"),
    ([{"question_number": True, "max_mark": 1}], "questions[0].question_number"),
    ([{"question_number": 1, "max_mark": 1}, {"question_number": "1", "max_mark": 1}], "questions"),
    ([{"question_number": str(at), "max_mark": 1} for at in range(101)], "questions"),
    ([{"question_number": 1, "max_mark": 1, "points": 3}], "questions[0].points"),
    ("1", "questions"),
]


async def test_wrong_questions_name_the_field(tmp_path: Path) -> None:
    """Validation says where, and changes nothing."""
    async with hall(tmp_path) as it:
        session = await it.made()
        for questions, field in WRONG_QUESTIONS:
            answer = await it.post("/questions/config", {"session_id": session, "questions": questions})
            assert await refused(answer, field) == (422, "invalid_document")
        assert (await it.get(f"/sessions/{session}"))["questions"] == []


async def test_bodies_that_are_none(tmp_path: Path) -> None:
    """Not JSON, another type, too large, from another site."""
    async with hall(tmp_path) as it:
        client = it.room.client
        kind = {"Content-Type": "application/json"}
        for path in ("/grade/single", "/questions/config", "/sessions"):
            assert await refused(await client.post(path, data=b"{", headers=kind)) == (400, "malformed_body")
            plain = await client.post(path, data=b"{}", headers={"Content-Type": "text/plain"})
            assert await refused(plain) == (415, "unknown_type")
            large = await client.post(path, data=b" " * 600_000, headers=kind)
            assert await refused(large) == (413, "too_large")
            foreign = await it.post(path, {}, **{"Sec-Fetch-Site": "cross-site"})
            assert await refused(foreign) == (403, "cross_site")
        assert await refused(await client.put("/sessions")) == (405, "method_not_allowed")
        assert await refused(await it.post("/sessions", {"title": "x" * 101}), "title") == (
            422,
            "invalid_document",
        )


async def test_full_queue(tmp_path: Path) -> None:
    """A grading takes a place in the one queue."""
    async with hall(tmp_path, limits=UploadLimits(reserve_bytes=0, max_queue=1)) as it:
        session = await it.ready()
        await it.asked(session)
        answer = await it.post("/grade/single", {"session_id": session, "model_pairs": [PAIR]})
        assert await refused(answer) == (429, "queue_full")
        assert int(answer.headers["Retry-After"]) > 0


async def test_a_stopping_service_takes_nothing(tmp_path: Path) -> None:
    """And ends who waits."""
    async with hall(tmp_path) as it:
        session = await it.ready()
        request = {"session_id": session, "model_pairs": [PAIR]}
        waiting = asyncio.create_task(it.post("/grade/single?wait=60", request))
        while not len(it.room.context.commits):  # noqa: ASYNC110 - a subscription has no event to wait for
            await asyncio.sleep(0)
        it.room.context.stop.set()
        assert (await waiting).status == 202
        assert await refused(await it.post("/grade/single", request)) == (503, "stopping")
        assert await refused(await it.register(session, at=5)) == (503, "stopping")
