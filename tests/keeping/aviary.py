"""The whole daemon that swallows the canaries: every kind of work, over HTTP.

Everything is the daemon's own but Whisper, whose part writes a transcript with canaries in it, and the model servers,
which are the tests' Ollama: they put canaries into every text of every reply.
"""

import base64
import io
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from introeval.assignments import Kind
from introeval.inspecting import inspectors
from introeval.sd_notify import Notifier
from introeval.service import daemon
from introeval.settings import load
from stt.limits import MediaLimits
from tests.exams.papers import RUBRIC, STUDENT
from tests.keeping.canaries import CANARIES, EXAM, Hears, LaterClock, reply
from tests.models.fake_ollama import FakeOllama, fake_ollama
from tests.web.homework import NOTEBOOK, picture


@dataclass
class Aviary:
    """A running daemon. ``submissions``: their ids; ``sessions``: theirs."""

    state: Path
    http: aiohttp.ClientSession
    clock: LaterClock
    submissions: list[str] = field(default_factory=list)
    sessions: list[str] = field(default_factory=list)
    _student: int = 0

    async def hand_in(self, assignment: str, content: bytes) -> None:
        """As a student with a canary for a name, a roll number, a file name and, for some, a key."""
        number, self._student = self._student, self._student + 1
        form = aiohttp.FormData(
            {
                "roll_number": CANARIES[f"roll {number}"],
                "name": f"Asha {CANARIES[f'name {number}']}",
                "assignment": assignment,
            }
        )
        form.add_field("file", io.BytesIO(content), filename=f"{CANARIES[f'file name {number}']}.bin")
        key = CANARIES.get(f"key {number}")
        headers = {"Idempotency-Key": key} if key else {}
        async with self.http.post("/api/v1/submissions", data=form, headers=headers) as answer:
            assert answer.status == 201, await answer.text()
            self.submissions.append((await answer.json())["id"])

    async def in_pieces(self, *, whole: bool) -> None:
        """The same over tus; ``whole``: or only its first piece."""
        number, self._student = self._student, self._student + 1
        content = f"a video of student {number}".encode() * 40
        fields = {
            "roll_number": CANARIES[f"roll {number}"],
            "name": CANARIES[f"name {number}"],
            "filename": CANARIES[f"file name {number}"],
        }
        told = ",".join(f"{name} {base64.b64encode(text.encode()).decode()}" for name, text in fields.items())
        headers = {
            "Tus-Resumable": "1.0.0",
            "Upload-Length": str(len(content)),
            "Upload-Metadata": told,
            "Content-Type": "application/offset+octet-stream",
        }
        data = content if whole else content[:100]
        async with self.http.post("/files/", data=data, headers=headers) as answer:
            assert answer.status == 201, await answer.text()

    async def session(self, number: int) -> None:
        """A session with canaries in its title, its question and its pages' names; graded."""
        title, question = CANARIES[f"session title {number}"], CANARIES[f"question {number}"]
        made = await self.sent("POST", "/sessions", {"title": title})
        session = made["session_id"]
        asked = [{"question_number": 1, "max_mark": 5, "text": f"What does {question} mean?"}]
        await self.sent("POST", "/questions/config", {"session_id": session, "questions": asked})
        for role, lines in (("student", STUDENT), ("grading_rubric", RUBRIC)):
            form = aiohttp.FormData({"session_id": session, "role": role, "order_index": "0"})
            name = f"{CANARIES[f'page image name {number}']}.png"
            form.add_field("file", picture(100 + len(lines)), filename=name)
            async with self.http.post("/images/register", data=form) as answer:
                assert answer.status == 201, await answer.text()
        pair = {"rubric_model": {"name": "llava"}, "assessment_model": {"name": "llava"}}
        task = await self.sent("POST", "/grade/single", {"session_id": session, "model_pairs": [pair]})
        self.sessions.append(session)
        self.submissions.append(task["task_id"])

    async def sent(self, method: str, path: str, body: Any = None) -> Any:
        """A JSON answer that is no refusal."""
        async with self.http.request(method, path, json=body) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json()

    async def ended(self) -> None:
        """Follow the events until nothing waits and nothing runs."""
        endless = aiohttp.ClientTimeout(total=None)
        async with self.http.get("/api/v1/events?after=0", timeout=endless) as stream:
            async for line in stream.content:
                if line.startswith(b"data:"):
                    totals = (await self.sent("GET", "/api/v1/status"))["totals"]
                    if totals["stt"] == totals["llm"] == 0:
                        return

    async def everything(self) -> None:
        """All kinds of work with all canaries, graded; the last student's upload is never ended."""
        for definition in (
            {"id": "rain", "kind": "notebook", "title": "Rain", "instructions": "Add up."},
            EXAM,
        ):
            await self.sent("POST", "/api/v1/assignments", definition | {"retention_days": 30})
        for number in range(3):
            await self.hand_in("introductions", f"{CANARIES[f'video {number % 2}']} {number}".encode() * 40)
        for number in range(2):
            cell = CANARIES[f"notebook {number}"]
            await self.hand_in("rain", NOTEBOOK.replace(b"total", cell.encode()))
        for number in range(2):
            await self.hand_in(EXAM["id"], picture(60 + number))
        await self.in_pieces(whole=True)
        await self.in_pieces(whole=False)
        for number in range(2):
            await self.session(number)
        await self.ended()


@asynccontextmanager
async def aviary(root: Path) -> AsyncIterator[Aviary]:
    """The daemon, with two model servers of which one sees."""
    clock = LaterClock()
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(fake_ollama(name)) for name in ("llava", "mistral")]
        for server in servers:
            _teach(server)
        given: dict[str, Any] = {
            "state_dir": root / "state",
            "port": 0,
            "models": "ollama",
            "ollama": {
                "servers": [
                    {"name": s.model.partition(":")[0], "url": s.url, "model": s.model} for s in servers
                ]
            },
            "embedded": {"stt": "whisper-tiny.en"},
            "retention": {"days": 30},
            "backup": {"dir": root / "backups"},
            "drain_seconds": 1.0,
        }
        (root / "state" / "transcripts").mkdir(parents=True)
        hears = Hears(root / "state" / "transcripts")

        async def probed(path: Path, name: str) -> float:
            return 20.0

        looks = {**inspectors(MediaLimits()), Kind.INTRO_VIDEO: probed}
        running = await stack.enter_async_context(
            daemon(load(given), Notifier({}), clock, transcriber=hears, inspect=looks)
        )
        http = await stack.enter_async_context(aiohttp.ClientSession(running.url))
        yield Aviary(root / "state", http, clock)


def _teach(server: FakeOllama) -> None:
    server.reply_for = reply
    if server.model.startswith("llava"):
        server.shown = {"capabilities": ["completion", "vision"]}
