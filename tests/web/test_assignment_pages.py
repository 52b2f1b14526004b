"""The pages of assignments, and what the other pages say of kinds, doubts and failed parts. All without JavaScript."""

from pathlib import Path
from typing import Any

import pytest

from introeval.assignments import Assignment
from tests.assignments.values import sample
from tests.web.homework import PATH, hand_in, notebook, picture, posted, with_samples
from tests.web.running import Piece, Room, running
from tests.web.test_assignment_runs import CUT, DOUBT, REPORT, fail, grade_in_part
from tests.web.test_pages import HOSTILE, Tags, page

HERE = "/assignments/rain-notebook"


async def add(room: Room, assignment: Assignment) -> None:
    """A version, over HTTP."""
    body = assignment.model_dump(mode="json", exclude={"version"})
    answer = await room.client.put(f"{PATH}/{assignment.id}", json=body, headers={"If-Match": "*"})
    assert answer.status == 201, await answer.text()


async def test_the_list(tmp_path: Path) -> None:
    """Every assignment with its kind and its run."""
    async with running(tmp_path) as room:
        await with_samples(room)
        await notebook(room)
        text = await page(room, "/assignments")
        for wanted in (
            "Rainfall of a town",
            "Exam pages",
            "Nothing handed in yet",
            "Under way",
            f'href="{HERE}"',
        ):
            assert wanted in text


async def test_one(tmp_path: Path) -> None:
    """Run, submissions with their prompts, the rubric with its levels, and who grades."""
    async with running(tmp_path) as room:
        await with_samples(room)
        graded, failed = await notebook(room, roll_number="R-1"), await notebook(room, roll_number="R-2")
        await grade_in_part(room, graded)
        await fail(room, failed, "The file is gone.")
        text = await page(room, HERE)
        for wanted in (
            "Incomplete",
            "incomplete: 1 of 2 graded, 80 % needed; 1 failed: 1 x The file is gone. 1 grade is provisional",
            f'href="{HERE}/preview?submission={graded}"',
            "does the code do what the assignment asks?",
            "all functions are there, right and shown to work",
            "a share by two so that they can be compared",
            f'action="/api/v1{HERE}/regrade"',
            "The list `rain` holds the millimetres",
        ):
            assert wanted in text
        assert "/cancel" not in text
        assert "R-1" not in await page(room, f"{HERE}?current_phase=failed")
        assert 'offset=1"' in await page(room, f"{HERE}?limit=1")


async def test_questions_and_versions(tmp_path: Path) -> None:
    """Exam pages show what earns which points; an older version can be read."""
    async with running(tmp_path) as room:
        await with_samples(room)
        await add(room, sample("pages").model_copy(update={"instructions": "Write clearly."}))
        text = await page(room, "/assignments/short-test")
        for wanted in (
            "names push and pop, one point each",
            "Last in, first out.",
            "Write clearly.",
            "Version 1",
        ):
            assert wanted in text
        older = await page(room, "/assignments/short-test?version=1")
        assert "Write clearly." not in older
        assert "version 1, not the newest" in older
        refused = await room.client.get("/assignments/short-test?version=7", headers={"Accept": "text/html"})
        assert refused.status == 404


async def test_buttons_work_without_a_script(tmp_path: Path) -> None:
    """A plain form regrades and stops, and leads back; a form of another site does nothing."""
    form = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
    async with running(tmp_path) as room:
        await with_samples(room)
        ended, waiting = await notebook(room), await notebook(room)
        await fail(room, ended, "It broke.")
        for action, task_id in (("regrade", ended), ("cancel", waiting)):
            path = f"/api/v1{HERE}/{action}"
            far = await room.client.post(path, headers=form | {"Sec-Fetch-Site": "cross-site"})
            assert (far.status, far.content_type) == (403, "text/html")
            before = (await room.task(task_id)).state
            answer = await room.client.post(path, headers=form, allow_redirects=False)
            assert (answer.status, answer.headers["Location"]) == (303, HERE)
            assert (await room.task(task_id)).state != before


async def test_nothing_hostile_gets_through(tmp_path: Path) -> None:
    """Titles, instructions, criteria, reasons, places and prompts are text."""
    notebook_ = sample("notebook")
    assert notebook_.rubric is not None
    criteria = [
        c.model_copy(update={"levels": {0: "'\" onload=x", 10: "&"}}) for c in notebook_.rubric.criteria
    ]
    rubric = notebook_.rubric.model_copy(update={"criteria": tuple(criteria)})
    hostile = {"title": HOSTILE, "instructions": HOSTILE, "rubric": rubric}
    question = sample("pages").questions[0].model_copy(update={"text": HOSTILE})
    questions = (question, *sample("pages").questions[1:])
    report = REPORT | {
        "review": [HOSTILE],
        "opinions": [{"model": HOSTILE, "attempt": 2, "score": 1, "criteria": {}}],
        "parts": [{"name": HOSTILE, "score": 1, "max_score": 2}],
        "summary": HOSTILE,
        "feedback": {"strengths": HOSTILE, "improve": HOSTILE, "next_step": HOSTILE},
        "criteria": [
            {
                "name": HOSTILE,
                "score": 1,
                "max_score": 2,
                "reason": HOSTILE,
                "evidence": [{"place": HOSTILE, "quote": HOSTILE}],
                "issues": [HOSTILE],
                "suggestions": [HOSTILE],
            }
        ],
    }
    async with running(tmp_path) as room:
        await with_samples(room)
        task_id = await notebook(room, name=HOSTILE)
        await room.grade(task_id, report)
        await add(room, notebook_.model_copy(update=hostile))
        await add(room, sample("pages").model_copy(update={"questions": questions}))
        shown = ("/", "/assignments", HERE, "/assignments/short-test", "/submit", f"/s/{task_id}")
        for path in (*shown, "/submit?assignment=rain-notebook"):
            text = await page(room, path)
            assert "&lt;script&gt;alert" in text
            assert "<script>alert" not in text
            tags = Tags(text).found
            assert [tag for tag, _ in tags if tag == "img"] == []
            assert [n for _, attrs in tags for n in attrs if n.startswith("on") or n == "style"] == []


async def test_the_form_asks_what(tmp_path: Path) -> None:
    """With one assignment there is no choice; with several there is, and each kind has its own form."""
    async with running(tmp_path) as room:
        text = await page(room, "/submit")
        assert 'accept="video/*,audio/*"' in text
        assert "Something else" not in text
        await with_samples(room)
        choice = await page(room, "/submit")
        assert 'type="file"' not in choice
        assert 'href="/submit?assignment=short-test"' in choice
        pages = await page(room, "/submit?assignment=short-test")
        assert "multiple" in pages
        assert ".heic" in pages
        assert "40 files" in pages
        notebooks = await page(room, "/submit?assignment=rain-notebook")
        assert "multiple" not in notebooks
        assert ".ipynb" in notebooks
        assert "What do you hand in?" in await page(room, "/submit?assignment=nope")


async def test_a_refusal_shows_the_same_form(tmp_path: Path) -> None:
    """What was chosen and typed is still there."""
    async with running(tmp_path) as room:
        await with_samples(room)
        answer = await hand_in(room, "rain-notebook", [("a.ipynb", b"{}")], accept="text/html")
        text = await answer.text()
        assert (answer.status, answer.content_type) == (422, "text/html")
        assert 'name="assignment" value="rain-notebook"' in text
        assert 'value="Asha Rao"' in text
        unknown = await hand_in(room, "nope", [("a.ipynb", b"{}")], accept="text/html")
        assert "There is no assignment &#39;nope&#39;" in await unknown.text()


async def test_provisional_is_said(tmp_path: Path) -> None:
    """On the student's page and in the teacher's list: that, why, who gave what, and what could not be done."""
    async with running(tmp_path) as room:
        await with_samples(room)
        task_id = await notebook(room)
        await grade_in_part(room, task_id)
        student, teacher = await page(room, f"/s/{task_id}"), await page(room, "/")
        for text in (student, teacher):
            assert "provisional" in text
            assert DOUBT in text
            assert "mistral:7b 3, llama3:8b 7" in text
            assert CUT.message in text
            assert CUT.advice in text
        assert "Your notebook has been graded. The grade is provisional" in student
        assert "Transcription</li>" not in student
        assert "<video" not in student


async def test_final_is_not_provisional(tmp_path: Path) -> None:
    """A grade without doubts is just a grade."""
    async with running(tmp_path) as room:
        task_id = await room.accepted()
        await room.transcribe(task_id, [Piece(0.0, 1.0, "Hello.")])
        await room.grade(task_id, REPORT)
        for path in (f"/s/{task_id}", "/"):
            assert "provisional" not in await page(room, path)


async def test_a_regrade_is_said(tmp_path: Path) -> None:
    """While it waits, the page shows the earlier grade as such; a stop leaves it there."""
    async with running(tmp_path) as room:
        await with_samples(room)
        task_id = await notebook(room)
        await room.grade(task_id, REPORT)
        await add(room, sample("notebook").model_copy(update={"title": "Rain, again"}))
        await posted(room, f"{PATH}/rain-notebook/regrade")
        text = await page(room, f"/s/{task_id}")
        assert "the grade below is the earlier one" in text
        assert "Under version 1 of the assignment; version 2 grades next." in text
        assert "version 1" in await page(room, HERE)
        await posted(room, f"/api/v1/submissions/{task_id}/cancel")
        text = await page(room, f"/s/{task_id}")
        assert "Your notebook has been graded." in text
        assert "A regrade under version 2 was stopped" in text
        assert "grades next" not in text


async def test_filters_of_the_session(tmp_path: Path) -> None:
    """By assignment and by state together, as plain links."""
    async with running(tmp_path) as room:
        await with_samples(room)
        await notebook(room, roll_number="NB-1")
        await room.accepted(roll_number="VID-1")
        text = await page(room, "/?assignment=rain-notebook")
        assert "NB-1" in text
        assert "VID-1" not in text
        assert 'href="/?current_phase=failed&amp;assignment=rain-notebook"' in text
        assert "Every assignment" in text


@pytest.mark.parametrize(("name", "shade"), [("a.png", 200), ("b.png", 90)])
async def test_pages_have_a_page(tmp_path: Path, name: str, shade: int) -> None:
    """What was handed in can be had again; nothing speaks of a video."""
    async with running(tmp_path) as room:
        await with_samples(room)
        answer = await hand_in(room, "short-test", [(name, picture(shade))])
        body: dict[str, Any] = await answer.json()
        text = await page(room, f"/s/{body['id']}")
        assert f'href="/api/v1/submissions/{body["id"]}/file">{name}</a>' in text
        assert "Your exam is here." in text
        assert "video" not in text.lower().replace("videos are being transcribed", "")
