"""One session in the running daemon: pictures in, read by the embedded recognition, graded in both stages.

The 135M's marks mean nothing; that its replies are held to the form, counted and kept is what is looked at.
"""

import io
from pathlib import Path

import aiohttp
import pytest

from tests.end_to_end.lab import NO_TIMEOUT, Lab
from tests.pages.pictures import encoded, written

MODEL = "smollm2-135m-instruct"
PAIR = {"rubric_model": {"name": MODEL}, "assessment_model": {"name": MODEL}}
RUBRIC = ["Question 1: What is a stack?", "last in, first out: 2 points", "push and pop: 1 point"]
STUDENT = ["A stack is last in, first out.", "push puts on top, pop takes away."]


@pytest.mark.timeout(300)
async def test_a_session_is_graded(tmp_path: Path, tiny_llm_gguf: Path, tiny_stt_dir: Path) -> None:
    """From two photographs to marks with lines that exist, and the tokens that they cost."""
    lab = Lab(tmp_path, {"INTROEVAL_EMBEDDED_SERVERS": "1", "INTROEVAL_EMBEDDED_THREADS": "1"})
    await lab.start()
    try:
        async with lab.http() as http:
            made = await (await http.post("/sessions", json={"title": "Midterm"})).json()
            session = made["session_id"]
            for role, lines in (("student", STUDENT), ("grading_rubric", RUBRIC)):
                form = aiohttp.FormData({"session_id": session, "role": role, "order_index": "0"})
                form.add_field("file", io.BytesIO(encoded(written(lines), "PNG")), filename="p.png")
                assert (await http.post("/images/register", data=form)).status == 201
            questions = [{"question_number": 1, "max_mark": 3, "text": "What is a stack?"}]
            await http.post("/questions/config", json={"session_id": session, "questions": questions})
            request = {"session_id": session, "model_pairs": [PAIR]}
            headers = {"Idempotency-Key": "once"}
            answer = None
            # A repeat of the request waits for the same grading.
            while answer is None or answer.status == 202:
                answer = await http.post(
                    "/grade/single?wait=60", json=request, headers=headers, timeout=NO_TIMEOUT
                )
            body = await answer.json()
            assert answer.status == 200, body
            readings = (await (await http.get(f"/results/{session}/rubric")).json())["readings"]
    finally:
        assert await lab.stop() == 0
    assert (body["status"], body["error_message"]) == ("completed", None)
    (attempt,) = body["pairs"][0]["tries"]
    assert (attempt["state"], attempt["read_from"]) == ("done", "text")
    (mark,) = attempt["marks"]
    assert 0 <= mark["mark"] <= 3
    assert {cited["place"] for cited in mark["evidence"]} <= {"page 1, line 1", "page 1, line 2"}
    assert body["combined"]["score"] == mark["mark"]
    assert {stage["stage"]: stage["calls"] for stage in body["usage"]["stages"]} == {
        "rubric": 1,
        "assessment": 1,
    }
    assert [(each["read_from"], each["failure"]) for each in readings] == [("text", None)]
    read = lab.rows("SELECT lines FROM images WHERE role = 'grading_rubric'")
    assert "first out" in read[0][0]
