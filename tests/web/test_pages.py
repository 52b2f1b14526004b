"""The pages: complete without JavaScript, escaped, and under a policy that runs nothing inline."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from introeval.grading import default_rubric, precheck
from introeval.web import words
from introeval.web.present import status_body, submission_body
from scheduler.errors import RejectedWorkError
from scheduler.snapshot import CallStatus
from scheduler.task import Phase
from scheduler.transitions import TaskEvent
from tests.web.running import Piece, Room, running
from tests.web.status_board import server

HOSTILE = "<script>alert('x')</script>\"'><img src=x onerror=alert(1)>"


class Tags(HTMLParser):
    """Collects what a browser would make of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def hostile_report() -> dict[str, Any]:
    """A report in which everything is an attack."""
    evidence = [{"start": 12.3, "end": 14.0, "quote": HOSTILE}]
    criterion = {"name": HOSTILE, "score": 3, "max_score": 10, "reason": HOSTILE, "evidence": evidence}
    return {
        "score": 3,
        "max_score": 10,
        "criteria": [criterion],
        "flags": [{"code": HOSTILE, "message": HOSTILE}],
        "facts": [{"text": HOSTILE, "start": 0, "end": 1}],
        "guards": [
            {"code": HOSTILE, "reason": HOSTILE, "cap": 2},
            {"code": "fillers", "reason": HOSTILE, "cap": 10},
        ],
    }


async def page(room: Room, path: str) -> str:
    """A page's text."""
    answer = await room.client.get(path, headers={"Accept": "text/html"})
    assert (answer.status, answer.content_type) == (200, "text/html")
    return await answer.text()


async def test_nothing_hostile_gets_through(tmp_path: Path) -> None:
    """Names, speech, reasons, quotes, flags and errors are text, on every page."""
    async with running(tmp_path) as room:
        task_id = await room.accepted(name=HOSTILE)
        await room.transcribe(task_id, [Piece(0.0, 1.0, HOSTILE)])
        await room.grade(task_id, hostile_report())
        failed = await room.accepted(name=HOSTILE)
        started = await room.store.start(await room.task(failed), 1.0)
        await room.store.unfinished(started, TaskEvent.GAVE_UP, RejectedWorkError(HOSTILE), 2.0)
        room.shown.update(why=HOSTILE, last_error=HOSTILE, stt_model=HOSTILE)
        for path in ("/", f"/s/{task_id}", f"/s/{failed}"):
            text = await page(room, path)
            assert "&lt;script&gt;alert" in text
            assert "<script>alert" not in text
            tags = Tags(text).found
            assert [tag for tag, _ in tags if tag == "img"] == []
            assert [attrs for tag, attrs in tags if tag == "script" and not attrs.get("src")] == []
            assert [
                name for _, attrs in tags for name in attrs if name.startswith("on") or name == "style"
            ] == []


async def test_student_page(tmp_path: Path) -> None:
    """Place and reason while waiting; transcript, scores, reasons and quotes that seek when graded."""
    async with running(tmp_path) as room:
        first, second = await room.accepted(), await room.accepted()
        waiting = await page(room, f"/s/{second}")
        assert "Place in the queue: <strong>2</strong>" in waiting
        assert "Videos are being transcribed now" in waiting
        await room.transcribe(first, [Piece(12.3, 14.0, "My name is Asha.")])
        report = hostile_report() | {"flags": [{"code": "addressed_to_grader", "message": "cheater"}]}
        report["criteria"][0] |= {"name": "clarity", "reason": "Easy to follow."}
        report["guards"] = [
            {"code": "brief", "reason": "The speech has 40 words.", "cap": 6},
            {"code": "off_topic", "reason": "The speech is about something else than the speaker.", "cap": 2},
        ]
        await room.grade(first, report)
        done = await page(room, f"/s/{first}")
        assert 'href="#t=12.3" data-seek="12.3"' in done
        assert "Easy to follow." in done
        assert "cheater" not in done
        assert "Why not more" in done
        assert "The speech has 40 words. At most 6 of 10." in done
        assert "something else than what was asked for. At most 2 of 10." in done
        assert "Your teacher will look at this result as well." in done


async def test_teacher_page(tmp_path: Path) -> None:
    """Phase and why, servers, students with reasons; it filters and pages without JavaScript."""
    async with running(tmp_path) as room:
        ids = [await room.accepted(roll_number=f"R-{number}") for number in range(3)]
        started = await room.store.start(await room.task(ids[0]), 1.0)
        await room.store.unfinished(started, TaskEvent.GAVE_UP, RejectedWorkError("There is no sound."), 2.0)
        text = await page(room, "/")
        for wanted in (
            "Transcribing",
            "Transcribing batch 1.",
            "connection refused",
            "There is no sound.",
            "R-2",
        ):
            assert wanted in text
        assert "R-2" not in await page(room, "/?current_phase=failed")
        assert 'href="/?limit=1&amp;offset=2"' in await page(room, "/?limit=1&offset=1")


async def test_teacher_sees_why(tmp_path: Path) -> None:
    """A reason and a quote that leads to its second, what bounded the grade, and the longest wait of a batch."""
    async with running(tmp_path) as room:
        task_id = await room.accepted()
        await room.transcribe(task_id, [Piece(12.3, 14.0, "My name is Asha.")])
        report = hostile_report() | {"flags": [{"code": "no_facts", "message": "No facts; please check."}]}
        report["criteria"][0] |= {"name": "clarity", "reason": "Easy to follow."}
        report["guards"] = [
            {"code": "brief", "reason": "The speech has 40 words.", "cap": 6},
            {"code": "no_facts", "reason": "Said twice.", "cap": 2},
        ]
        await room.grade(task_id, report)
        room.shown.update(max_wait_seconds=1230.0)
        text = await page(room, "/")
        for wanted in (
            "Easy to follow.",
            f'href="/s/{task_id}#t=12.3"',
            "The speech has 40 words. At most 6.",
            "No facts; please check.",
            "A closed batch gets its phase within 21 minutes.",
        ):
            assert wanted in text
        assert "Said twice." not in text


async def test_a_silent_video_has_its_reason(tmp_path: Path) -> None:
    """The teacher sees the flag; the student reads what to do, once."""
    async with running(tmp_path) as room:
        task_id = await room.accepted()
        await room.transcribe(task_id, [])
        report = precheck([], 40.0, default_rubric())
        assert report is not None
        await room.grade(task_id, report.model_dump(mode="json"), server=None)
        assert (await page(room, "/")).count("No speech was found in the 40 seconds of this video.") == 1
        student = await page(room, f"/s/{task_id}")
        assert student.count("No speech was heard in the recording.") == 1
        assert "No speech was found" not in student


async def test_headers_and_assets(tmp_path: Path) -> None:
    """A strict policy everywhere; what a page loads exists and may be cached for good."""
    async with running(tmp_path) as room:
        answer = await room.client.get("/submit")
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["Referrer-Policy"] == "same-origin"
        links = re.findall(r'(?:href|src)="(/static/[^"]+)"', await answer.text())
        assert len(links) == 4
        for link in links:
            asset = await room.client.get(link)
            assert (asset.status, "immutable" in asset.headers["Cache-Control"]) == (200, True)
        assert (await room.client.get("/static/../app.py")).status == 404


async def test_error_page(tmp_path: Path) -> None:
    """A person gets a page, not JSON."""
    async with running(tmp_path) as room:
        answer = await room.client.get("/s/none", headers={"Accept": "text/html"})
        assert (answer.status, answer.content_type) == (404, "text/html")
        assert "There is no submission with this id." in await answer.text()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (3, "less than a minute"),
        (59, "about a minute"),
        (61, "about 1 minute"),
        (600, "about 10 minutes"),
        (3600, "about 1 h"),
        (5400, "about 1 h 30 min"),
    ],
)
def test_duration(seconds: float, text: str) -> None:
    """Spans are rounded for people."""
    assert words.duration(seconds) == text


async def test_why_a_student_waits(tmp_path: Path) -> None:
    """Each combination of stage and phase has its reason."""
    async with running(tmp_path) as room:
        task_id = await room.accepted()
        said = []
        for stage in ("stt", "llm"):
            for phase in Phase:
                room.shown.update(phase=phase)
                found = await room.context.views.submission(task_id)
                assert found is not None
                status = status_body(await room.context.status())
                said.append(words.why(submission_body(found, None, None), status))
            if stage == "stt":
                await room.transcribe(task_id, [])
        assert len(set(said)) == 6
        room.shown.update(servers=(server("mistral", 1, healthy=False),))
        found = await room.context.views.submission(task_id)
        assert found is not None
        why = words.why(submission_body(found, None, None), status_body(await room.context.status()))
        assert "cannot be reached" in why


async def test_the_requests_of_a_phase_are_told(tmp_path: Path) -> None:
    """How many were answered, kept and failed, and how long most took; also in the API."""
    calls = CallStatus(
        answered=28,
        cached=2,
        failed=1,
        tokens_in=9,
        tokens_out=8,
        throughput=0.2,
        success=0.97,
        p50=4.0,
        p95=9.5,
        p99=9.9,
    )
    async with running(tmp_path) as room:
        room.shown.update(calls=calls)
        page = await (await room.client.get("/")).text()
        body = await (await room.client.get("/api/v1/status")).json()
    assert "28 answered, 2 kept from before, 1 failed; 95 % within 9.5 s" in page
    assert (body["calls"]["throughput"], body["servers"][0]["breaker"]) == (0.2, "closed")
