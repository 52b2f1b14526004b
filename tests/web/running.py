"""A web application on a real port with real tables, for tests: everything but speech and models."""

import asyncio
import io
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from db.assignments import Assignments
from db.calls import SqliteCalls
from db.database import Database
from db.intake import Intake
from db.keeping import Keeping
from db.pages import PageTexts
from db.ratings import Ratings
from db.requests import Requests
from db.session_results import SessionResults
from db.sessions import Sessions
from db.store import SqliteStore
from db.uploads import Uploads
from db.views import Views
from introeval import wiring
from introeval.assignments import Kind
from introeval.clock import SystemClock
from introeval.fairness import Fairness
from introeval.inspecting import inspectors, picture
from introeval.library import AssignmentLibrary
from introeval.pages.documents import bundle
from introeval.preview import Previewer
from introeval.web.app import build_app
from introeval.web.context import Inspect, UploadLimits, WebContext
from introeval.web.keeping_context import Expire, KeepingPorts
from introeval.web.session_context import Picture, SessionPorts
from models.config import ServerConfig
from models.executor import Executor
from models.pool import ModelPool
from models.sight import Sight
from scheduler.errors import RejectedWorkError
from scheduler.ports import Clock, Evaluation, Transcription
from scheduler.task import Task
from stt.limits import MediaLimits
from tests.web.serving import Client, Served
from tests.web.status_board import status

VIDEO = b"\x00\x00\x00\x20ftypisom" + b"speech" * 500
SERVERS = (ServerConfig(name="mistral", url="http://localhost:11434", model="mistral:7b"),)


class NotAVideoError(RejectedWorkError):
    """As ``stt`` says it."""

    code = "not_a_video"


@dataclass(frozen=True)
class Piece:
    """A segment."""

    start: float
    end: float
    text: str


async def probe(path: Path, name: str) -> float:
    """Takes what begins like a video; its seconds are its length in KiB."""
    content = await asyncio.to_thread(path.read_bytes)
    if b"ftyp" not in content[:12]:
        raise NotAVideoError("This file is not a video.")
    return len(content) / 1024


async def until(condition: Callable[[], bool]) -> None:
    """Give way to the loop until something outside of it (a disk, a socket) has come about."""
    while not condition():  # noqa: ASYNC110 - a folder has no event to wait for
        await asyncio.sleep(0)


@dataclass
class Room:
    """The running application and its surroundings."""

    client: Client
    context: WebContext
    database: Database
    store: SqliteStore
    woken: list[float]
    cancelled: list[str]
    transcripts: dict[str, list[Piece]]
    shown: dict[str, Any] = field(default_factory=dict)
    expirers: list[Expire] = field(default_factory=list)

    @property
    def files(self) -> list[str]:
        """What lies in the folder of the videos."""
        return sorted(path.name for path in self.context.videos.iterdir())

    async def hand_in(
        self, content: bytes = VIDEO, key: str | None = None, accept: str = "*/*", **fields: str
    ) -> aiohttp.ClientResponse:
        """Send a video as a program does."""
        form = aiohttp.FormData()
        for name, value in ({"roll_number": "R-17", "name": "Asha Rao"} | fields).items():
            form.add_field(name, value)
        form.add_field("file", io.BytesIO(content), filename="intro.mp4", content_type="video/mp4")
        headers = {"Accept": accept} | ({"Idempotency-Key": key} if key else {})
        return await self.client.post(
            "/api/v1/submissions", data=form, headers=headers, allow_redirects=False
        )

    async def accepted(self, **fields: Any) -> str:
        """Hand a video in; returns its id."""
        answer = await self.hand_in(**fields)
        assert answer.status == 201, await answer.text()
        return str((await answer.json())["id"])

    async def task(self, task_id: str) -> Task:
        """The task as it is now."""
        found = await self.context.views.submission(task_id)
        assert found is not None
        return found.task

    async def transcribe(self, task_id: str, pieces: list[Piece]) -> None:
        """Do what STT would."""
        path = str(self.context.state_dir / "transcripts" / f"{task_id}.jsonl")
        self.transcripts[path] = pieces
        started = await self.store.start(await self.task(task_id), time.time())
        result = Transcription(
            transcript_path=path,
            media_seconds=40.0,
            compute_seconds=4.0,
            segments=len(pieces),
            language="en",
            model="whisper-tiny.en",
        )
        await self.store.transcribed(started, result, time.time())

    async def grade(self, task_id: str, report: dict[str, Any], server: str | None = "mistral") -> None:
        """Do what a language model would."""
        started = await self.store.start(await self.task(task_id), time.time())
        result = Evaluation(
            score=report.get("score", 0.0),
            max_score=report.get("max_score", 40.0),
            report=report,
            model=server and "mistral:7b",
            server=server,
            prompt_hash="0" * 64,
            tokens_in=700,
            tokens_out=200,
            latency_ms=5200,
            raw_reply=None,
        )
        await self.store.evaluated(started, result, time.time())


@asynccontextmanager
async def running(
    state_dir: Path,
    limits: UploadLimits | None = None,
    probe: Inspect = probe,
    heartbeat_seconds: float = 15.0,
    picture: Callable[[Path, Path, str], Awaitable[Picture]] = picture,
    clock: Clock | None = None,
    models: Sequence[str] | None = None,
) -> AsyncIterator[Room]:
    """Open the tables and serve."""
    async with Database.open(state_dir) as database:
        views, woken = Views(database), list[float]()
        transcripts: dict[str, list[Piece]] = {}
        expirers = list[Expire]()
        shown: dict[str, Any] = {}
        library = AssignmentLibrary(Assignments(database), SystemClock(), models)
        await library.introductions(None)
        cancelled: list[str] = []
        clock = clock or SystemClock()
        pool = ModelPool((), clock)
        executor = Executor(pool, SqliteCalls(database), clock)
        sight = Sight(SERVERS)
        graders = wiring.graders(database, sight, clock, wiring.page_transcriber(database, sight, clock))
        context = WebContext(
            intake=Intake(database),
            uploads=Uploads(database),
            views=views,
            library=library,
            tallies=Assignments(database),
            requests=Requests(database),
            unread=PageTexts(database).unread,
            fairness=Fairness(Assignments(database), Ratings(database)),
            cancel=cancelled.append,
            state_dir=state_dir,
            wake=lambda: woken.append(time.time()),
            status=status(views, shown),
            inspect={**inspectors(MediaLimits()), Kind.INTRO_VIDEO: probe},
            bundle=bundle,
            preview=Previewer(executor, graders, lambda: ("mistral:7b",), SERVERS),
            read_segments=lambda path: transcripts[path],
            keeping=_keeping(database, woken, expirers),
            limits=limits or UploadLimits(reserve_bytes=0),
            clock=clock,
            sessions=SessionPorts(
                sessions=Sessions(database), results=SessionResults(database), picture=picture
            ),
            heartbeat_seconds=heartbeat_seconds,
        )
        database.on_commit(context.commits.notify)
        async with Client(Served(build_app(context))) as client:
            store = SqliteStore(database)
            yield Room(client, context, database, store, woken, cancelled, transcripts, shown, expirers)
        await pool.close()


def _keeping(database: Database, woken: list[float], expirers: list[Expire]) -> KeepingPorts:
    def wake() -> None:
        woken.append(time.time())

    return KeepingPorts(dates=Keeping(database), days=None, wake=wake, expire_by=expirers.append)
