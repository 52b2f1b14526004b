"""States on disk as labs leave them: rows written by the daemon's own code, and the files that they name."""

import hashlib
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from db.calls import SqliteCalls
from db.database import FILE_NAME, Database
from db.intake import Intake, NewTask
from db.pages import KeptPage, PageTexts
from db.session_results import AssessmentResult, RubricResult, SessionResults
from db.sessions import NewImage, Sessions
from db.store import SqliteStore
from db.views import Views
from scheduler.calls import ModelCall
from scheduler.ports import Evaluation, Transcription
from scheduler.ratings import Failure, Rating
from scheduler.task import Stage

THEN = 1_700_000_000.0
"""When everything was handed in. Seconds since the epoch."""

DAY = 86400.0


@dataclass(frozen=True, slots=True)
class Lab:
    """An open state, and its writers. ``keep_days``: the setting."""

    database: Database
    keep_days: float | None = None

    @property
    def root(self) -> Path:
        return self.database.root

    async def hand_in(self, number: int, kind: str = "intro_video", **fields: Any) -> str:
        """An accepted submission with its file; returns its id."""
        task_id = f"{number:024x}"
        content = f"the work of student {number}".encode() * 50
        path = self.root / "videos" / f"{task_id}.bin"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        path.chmod(0o600)
        values: dict[str, Any] = {
            "id": task_id,
            "user_id": f"R-{number}",
            "roll_number": f"R-{number}",
            "student_name": f"Student {number}",
            "file_name": f"work-{number}.bin",
            "video_path": f"videos/{task_id}.bin",
            "size_bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "media_seconds": 30.0,
            "idempotency_key": f"key-of-{number}",
            "kind": kind,
        }
        await Intake(self.database, self.keep_days).accept(NewTask(**values | fields), THEN)
        return task_id

    async def graded(self, number: int, kind: str = "intro_video", **fields: Any) -> str:
        """A submission that has all that a submission can have."""
        task_id = await self.hand_in(number, kind, **fields)
        if kind == "intro_video":
            await self.transcribe(task_id)
        if kind == "pages":
            page = KeptPage(page=1, engine="fake", confidence=0.9, lines='[["what student wrote", 0.9]]')
            await PageTexts(self.database).keep(task_id, (page,), THEN)
        await self.grade(task_id)
        return task_id

    async def transcribe(self, task_id: str) -> None:
        """What STT leaves."""
        task = await SqliteStore(self.database).start(await self.task(task_id), THEN)
        path = self.root / "transcripts" / f"{task_id}.jsonl"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f'{{"text": "what {task_id} said"}}\n')
        path.chmod(0o600)
        result = Transcription(
            transcript_path=str(path),
            media_seconds=30,
            compute_seconds=3,
            segments=1,
            language="en",
            model="tiny",
        )
        await SqliteStore(self.database).transcribed(task, result, THEN)

    async def grade(self, task_id: str) -> None:
        """What a grader leaves."""
        store = SqliteStore(self.database)
        task = await store.start(await self.task(task_id), THEN)
        call = ModelCall(
            key=f"key of {task_id}", task_id=task_id, stage="grade", model="mistral", server="a", prompt_hash="h",
            tokens_in=7, tokens_out=3, latency_ms=5, load_ms=0, attempts=1, raw_reply=f"the model on {task_id}",
        )  # fmt: skip
        await SqliteCalls(self.database).keep(call, THEN)
        failure = Failure(code="c", stage="feedback", place="p", message=f"about {task_id}", advice="")
        result = Evaluation(
            score=3.0, max_score=4.0, report={"summary": f"the report on {task_id}"}, model="mistral", server="a",
            prompt_hash="h", tokens_in=7, tokens_out=3, latency_ms=5, raw_reply=f"the model on {task_id}",
            ratings=(Rating(model="mistral", attempt=1, server="a", score=3.0, max_score=4.0, marks={"a": 3.0}),),
            failures=(failure,),
        )  # fmt: skip
        await store.evaluated(task, result, THEN)

    async def session(self, number: int) -> str:
        """A session with a page; returns its id."""
        session_id = f"session-{number}"
        await Sessions(self.database).create(session_id, f"Exam of {number}", THEN)
        image_id = f"{number:016x}image"
        path = self.root / "images" / f"{image_id}.bin"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"a picture")
        path.chmod(0o600)
        image = NewImage(
            id=image_id, session_id=session_id, role="student", order_index=0, file_name=f"page of {number}",
            path=f"images/{image_id}.bin", media_type="image/jpeg", width=1, height=1, size_bytes=9, sha256="0" * 64,
        )  # fmt: skip
        await Sessions(self.database).add_image(image, 5, THEN)
        return session_id

    async def page(self, number: int, session_id: str, at: float) -> str:
        """Another page of a session, handed in at ``at``; returns its file."""
        path = f"images/{number:016x}page.bin"
        (self.root / path).write_bytes(b"another picture")
        image = NewImage(
            id=f"{number:016x}page", session_id=session_id, role="student", order_index=number,
            file_name=f"page of {number}", path=path, media_type="image/jpeg", width=1, height=1, size_bytes=15,
            sha256="0" * 64,
        )  # fmt: skip
        await Sessions(self.database).add_image(image, 5, at)
        return path

    async def session_graded(self, number: int, session_id: str) -> str:
        """A grading of a session that has ended."""
        task_id = await self.hand_in(
            number, "session", request=f'{{"session_id": "{session_id}"}}', video_path=f"images/{session_id}"
        )
        results = SessionResults(self.database)
        rubric = RubricResult(session_id=session_id, model="m", attempt=1, raw_output=f"rubric {session_id}")
        await results.keep_rubric(rubric, THEN)
        tried = AssessmentResult(
            session_id=session_id, task_id=task_id, pair_index=0, attempt=1, instance_id=None, rubric_model="m",
            assessment_model="m", state="done", raw_output=f"assessment {task_id}",
        )  # fmt: skip
        await results.keep_assessment(tried, THEN)
        await self.grade(task_id)
        return task_id

    async def task(self, task_id: str) -> Any:
        """The task as it is."""
        found = await Views(self.database).submission(task_id)
        assert found is not None
        return found.task

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Look as another process would."""
        return rows(self.root, sql, *values)


def rows(root: Path, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """Look into a state as another process would."""
    with closing(sqlite3.connect(root / FILE_NAME)) as connection:
        return connection.execute(sql, values).fetchall()


def files_of(root: Path) -> list[str]:
    """The files of submissions in a state or a backup."""
    found = (path for folder in ("videos", "transcripts", "images") for path in (root / folder).glob("*"))
    return sorted(str(path.relative_to(root)) for path in found)


def holds(root: Path, *words: str) -> dict[str, list[str]]:
    """Which of these words are in which files below ``root``, by every byte of them."""
    found: dict[str, list[str]] = {}
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        content = path.read_bytes()
        for word in words:
            if word.encode() in content:
                found.setdefault(word, []).append(str(path.relative_to(root)))
    return found


ENDED = (Stage.COMPLETED, Stage.FAILED)
