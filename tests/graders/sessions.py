"""Sessions on the graders' bench: real tables, pictures on disk, and a reader of "pictures" that are text files."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from db.intake import Intake, NewTask
from db.session_results import SessionResults
from db.sessions import NewImage, Sessions
from introeval.assignments import Assignment, Kind
from introeval.exams.request import SESSION, GradePlan, GradeRequest, Templates, plan_pairs
from introeval.exams.templates import ASSESSMENT_TEMPLATE, RUBRIC_TEMPLATE
from introeval.graders.base import Work
from introeval.graders.session_pages import SessionPages, TextReader
from introeval.graders.sessions import SessionGrader
from introeval.pages.documents import PageImage
from introeval.pages.errors import PageReaderError
from introeval.pages.texts import PageText, TextLine
from models.sight import Sight
from scheduler.ports import Evaluation
from tests.exams.papers import GOOD_ANSWER, GOOD_RUBRIC, QUESTIONS, RUBRIC, STUDENT
from tests.graders.bench import Bench, bench
from tests.models.clocks import EagerClock
from tests.models.fake_ollama import FakeOllama
from tests.models.test_pool import configs

ANY = Assignment(id="introductions", kind=Kind.INTRO_VIDEO, title="any")
PAIR = {"rubric_model": {"name": "llava"}, "assessment_model": {"name": "mistral"}}


@dataclass
class TextFiles:
    """A ``TextReader`` for pictures that are text files. ``read_pages``: pages it was given. ``broken``: it fails."""

    read_pages: int = 0
    broken: bool = False

    async def read(self, pages: Sequence[PageImage]) -> AsyncGenerator[PageText, None]:
        """Each file's lines."""
        for page in pages:
            if self.broken:
                raise PageReaderError("the text recognition could not be started")
            self.read_pages += 1
            text = (await asyncio.to_thread(page.path.read_bytes)).decode(errors="ignore")
            lines = tuple(TextLine(line, 0.9) for line in text.splitlines())
            yield PageText(
                page=page.number, engine="text files", confidence=0.9, lines=lines, inked=bool(text)
            )


@dataclass
class Desk:
    """``server``: of each model by name. ``grade``: what the scheduler would have done."""

    bench: Bench
    root: Path
    grader: SessionGrader
    sessions: Sessions
    results: SessionResults
    reader: TextFiles
    _tasks: int = field(default=0)

    def server(self, model: str) -> FakeOllama:
        """The server of a model."""
        return next(server for server in self.bench.servers if server.model == f"{model}:latest")

    async def session(self, name: str, **pages: Sequence[str]) -> None:
        """A session with the usual questions and these pages, by role; a page is its lines."""
        await self.sessions.create(name, name, 0.0)
        await self.sessions.write_questions(
            name, [question.model_dump(mode="json") for question in QUESTIONS], 0.0
        )
        for role, given in pages.items():
            for at, text in enumerate(given):
                path = self.root / "images" / f"{name}-{role}-{at}.bin"
                path.parent.mkdir(exist_ok=True)
                path.write_text(text)
                new = NewImage(
                    id=f"{name}-{role}-{at}",
                    session_id=name,
                    role=role,
                    order_index=at,
                    file_name="page.jpg",
                    path=str(path.relative_to(self.root)),
                    media_type="image/jpeg",
                    width=10,
                    height=10,
                    size_bytes=len(text),
                    sha256="0" * 64,
                )
                assert await self.sessions.add_image(new, 40, 0.0) == "added"

    async def usual(self, name: str = "s") -> None:
        """A session with one page of a student and one of a rubric."""
        await self.session(name, student=["\n".join(STUDENT)], grading_rubric=["\n".join(RUBRIC)])

    async def work(self, session: str = "s", **request: Any) -> Work:
        """A task in the table, in somebody's hands."""
        form = GradeRequest.model_validate({"session_id": session} | request)
        images = await self.sessions.images(session)
        plan = GradePlan(
            session_id=session,
            questions=QUESTIONS,
            images=tuple(image.id for image in images),
            pairs=plan_pairs(form, [server.model for server in self.bench.servers]),
            templates=Templates(rubric=RUBRIC_TEMPLATE, assessment=ASSESSMENT_TEMPLATE),
        )
        self._tasks += 1
        task_id = f"{session}-{self._tasks}"
        new = NewTask(
            id=task_id,
            user_id=session,
            roll_number=session,
            student_name=session,
            file_name=session,
            video_path=f"images/{session}",
            size_bytes=0,
            sha256="0" * 64,
            media_seconds=None,
            idempotency_key=None,
            kind=SESSION,
            request=plan.model_dump_json(),
        )
        await Intake(self.bench.database).accept(new, 0.0)
        return self.bench.work(ANY, id=task_id, kind=SESSION, request=new.request)

    async def grade(self, session: str = "s", **request: Any) -> Evaluation:
        """Grade a session."""
        return await self.grader.grade(await self.work(session, **request))

    def again(self, work: Work) -> Work:
        """The same task in the hands of another process."""
        return self.bench.work(ANY, id=work.task.id, kind=SESSION, request=work.task.request)

    async def states(self, task_id: str) -> list[tuple[int, int, str]]:
        """Pair, try and state of each try that has ended."""
        rows = await self.results.assessments(task_id)
        return [(row.pair_index, row.attempt, row.state) for row in rows]


def reply_to(prompt: str) -> str:
    """A good reply of either stage."""
    return GOOD_RUBRIC if prompt.startswith("You prepare the marking") else GOOD_ANSWER


@asynccontextmanager
async def desk(
    root: Path, *models: str, sees: Sequence[str] = (), recognition: TextReader | None = None
) -> AsyncIterator[Desk]:
    """A bench whose servers give good replies; ``sees``: the models that look at pictures.

    ``recognition``: who reads the pages instead of ``TextFiles``.
    """
    async with bench(root, *models) as it:
        for server in it.servers:
            server.reply_to = reply_to
            if server.model.removesuffix(":latest") in sees:
                server.shown = {"capabilities": ["completion", "vision"]}
        sessions, results = Sessions(it.database), SessionResults(it.database)
        reader, sight = TextFiles(), Sight(configs(it.servers))
        grader = SessionGrader(
            SessionPages(sessions, recognition or reader), results, sight.sees, EagerClock()
        )
        try:
            yield Desk(it, root, grader, sessions, results, reader)
        finally:
            await sight.close()
