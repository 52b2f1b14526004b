"""Sessions over HTTP: pages sent as programs send them, and gradings by the real grader on scripted servers."""

import asyncio
import io
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from db.calls import SqliteCalls
from db.session_results import SessionResults
from db.sessions import Sessions
from introeval.assignments import Assignment, Kind
from introeval.clock import SystemClock
from introeval.graders.base import Work
from introeval.graders.session_pages import SessionPages
from introeval.graders.sessions import SessionGrader
from introeval.web.session_context import Picture
from models.executor import Executor
from models.pool import ModelPool
from models.sight import Sight
from scheduler.errors import RejectedWorkError
from scheduler.ports import unwatched
from tests.exams.papers import RUBRIC, STUDENT
from tests.graders.sessions import TextFiles, reply_to
from tests.models.fake_ollama import FakeOllama, fake_ollama
from tests.models.test_pool import configs
from tests.web.running import Room, running

PAGE = b"a page\n"
QUESTIONS = [
    {"question_number": 1, "max_mark": 5, "text": "What is a stack?"},
    {"question_number": "2a", "max_mark": 2.5},
]
PAIR = {"rubric_model": {"name": "llama3"}, "assessment_model": {"name": "mistral"}}
ANY = Assignment(id="introductions", kind=Kind.INTRO_VIDEO, title="any")


class NotAPageError(RejectedWorkError):
    """As the confined process says it."""

    code = "unknown_pages"


async def as_it_is(source: Path, target: Path, name: str) -> Picture:
    """Keeps what was sent, which must not begin with a zero byte: decoding has tests of its own."""
    content = await asyncio.to_thread(source.read_bytes)
    if content.startswith(b"\0"):
        raise NotAPageError("This is no picture.")
    await asyncio.to_thread(target.write_bytes, content)
    return Picture("image/jpeg", 20, 10)


@dataclass
class Hall:
    """A running application with two model servers, mistral and llama3."""

    room: Room
    servers: tuple[FakeOllama, ...]
    executor: Executor
    grader: SessionGrader

    @property
    def files(self) -> list[str]:
        """What lies in the folder of the images."""
        return sorted(path.name for path in self.room.context.images.iterdir())

    async def post(self, path: str, body: Any, **headers: str) -> aiohttp.ClientResponse:
        """A JSON body."""
        return await self.room.client.post(path, json=body, headers=headers)

    async def register(
        self, session: str, role: str = "student", at: object = 0, content: bytes = PAGE, name: str = "p.jpg"
    ) -> aiohttp.ClientResponse:
        """Send a page as a program does."""
        form = aiohttp.FormData({"session_id": session, "role": role, "order_index": str(at)})
        form.add_field("file", io.BytesIO(content), filename=name)
        return await self.room.client.post("/images/register", data=form)

    async def made(self) -> str:
        """An empty session; returns its id."""
        answer = await self.post("/sessions", {"title": "Algorithms, midterm"})
        assert answer.status == 201, await answer.text()
        return str((await answer.json())["session_id"])

    async def ready(self) -> str:
        """A session with questions, a rubric and a student's page; returns its id."""
        session = await self.made()
        answer = await self.post("/questions/config", {"session_id": session, "questions": QUESTIONS})
        assert answer.status == 200, await answer.text()
        for role, lines in (("student", STUDENT), ("grading_rubric", RUBRIC)):
            answer = await self.register(session, role, content="\n".join(lines).encode())
            assert answer.status == 201, await answer.text()
        return session

    async def asked(self, session: str, **request: Any) -> str:
        """Ask for a grading; returns its task."""
        answer = await self.post("/grade/single", {"session_id": session, "model_pairs": [PAIR]} | request)
        assert answer.status == 202, await answer.text()
        return str((await answer.json())["task_id"])

    async def graded(self, task_id: str) -> None:
        """Do what the scheduler would: hand the task out, have it graded, commit the outcome."""
        room = self.room
        task = await room.store.start(await room.task(task_id), time.time())
        work = Work(task=task, assignment=ANY, executor=self.executor, progress=unwatched, models=())
        await room.store.evaluated(task, await self.grader.grade(work), time.time())

    async def get(self, path: str, status: int = 200) -> Any:
        """A JSON answer."""
        answer = await self.room.client.get(path)
        assert answer.status == status, await answer.text()
        return await answer.json()


@asynccontextmanager
async def hall(root: Path, **settings: Any) -> AsyncIterator[Hall]:
    """Serve; the servers give good replies."""
    async with AsyncExitStack() as stack:
        room = await stack.enter_async_context(running(root, **{"picture": as_it_is} | settings))
        names = ("mistral", "llama3")
        servers = tuple([await stack.enter_async_context(fake_ollama(name)) for name in names])
        for server in servers:
            server.reply_to = reply_to
        clock, sight = SystemClock(), Sight(configs(servers))
        stack.push_async_callback(sight.close)
        pool = ModelPool(configs(servers), clock)
        stack.push_async_callback(pool.close)
        await pool.enter()
        pages = SessionPages(Sessions(room.database), TextFiles())
        grader = SessionGrader(pages, SessionResults(room.database), sight.sees, clock)
        yield Hall(room, servers, Executor(pool, SqliteCalls(room.database), clock), grader)


async def refused(answer: aiohttp.ClientResponse, field: str | None = None) -> tuple[int, str]:
    """Status and code of a refusal, which is whole problem+json and names the field if it speaks of one."""
    assert answer.content_type == "application/problem+json", await answer.text()
    body: dict[str, Any] = await answer.json()
    assert {"type", "title", "status", "detail", "code"} <= set(body)
    assert body["status"] == answer.status
    if field is not None:
        assert field in [error["field"] for error in body["errors"]], body
    return answer.status, str(body["code"])
