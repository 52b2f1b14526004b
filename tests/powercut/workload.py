"""A lab's uploads and transitions, on a service whose disks are recorded; driven and observed from outside.

The rules:

1. A promise is noted when its answer has been read here, with the log's length read after that.
2. What is sent, and in which order, follows from the seed; how it interleaves does not.
3. In the middle the service is killed (SIGKILL) and started again; clients send again what was not answered, under the
   same idempotency key, as real ones do.
"""

import asyncio
import hashlib
import io
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import aiohttp

from tests.powercut.disks import Recording
from tests.powercut.ledger import Promise

REPOSITORY = Path(__file__).parents[2]
VIDEO = b"\x00\x00\x00\x20ftypisom"
_SIZES = (3_000, 20_000, 60_000, 200_000, 700_000)
_CLIENTS = 3
_BATCH = 4


@dataclass(frozen=True, slots=True)
class Plan:
    """``students``: uploads. ``images``: pages of an exam session. ``mutant``: which defect the service has.

    ``kill``: whether the service is killed and started again in the middle.
    """

    students: int = 16
    images: int = 4
    seed: int = 0
    mutant: str | None = None
    kill: bool = True


@dataclass
class Service:
    """The child process. ``serving``: set while it answers."""

    state: Path
    mutant: str | None
    process: asyncio.subprocess.Process | None = None
    url: str = ""
    serving: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(self) -> None:
        """Start it; returns when it serves."""
        arguments = [str(self.state), *([self.mutant] if self.mutant else [])]
        self.process = await asyncio.create_subprocess_exec(
            "setpriv", "--pdeathsig", "KILL", "--", sys.executable, "-m", "tests.powercut.child", *arguments,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, cwd=REPOSITORY,
        )  # fmt: skip
        self.url = f"http://127.0.0.1:{(await self._answer())['port']}"
        self.serving.set()

    async def order(self, **order: Any) -> dict[str, Any]:
        """Have a transition made; returns when its commit has returned."""
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order).encode() + b"\n")
        return await self._answer()

    async def _answer(self) -> dict[str, Any]:
        assert self.process is not None
        assert self.process.stdout is not None
        line = await self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the service has ended with status {await self.process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    async def kill(self) -> None:
        """SIGKILL."""
        assert self.process is not None
        self.serving.clear()
        with suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()

    async def stop(self) -> None:
        """End it in order; kill it if it does not."""
        if self.process is None or self.process.returncode is not None:
            return
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            await asyncio.wait_for(self.process.wait(), 30)
        finally:
            await self.kill()


class Lab:
    """Students who hand in, and a scheduler that works. ``promises``: what was acknowledged."""

    def __init__(self, recording: Recording, service: Service, plan: Plan) -> None:
        self.promises: list[Promise] = []
        self._recording = recording
        self._service = service
        self._plan = plan
        self._accepted: asyncio.Queue[str] = asyncio.Queue()
        self._random = Random(plan.seed)

    def _note(self, kind: str, of: str, value: str = "") -> None:
        self.promises.append(Promise(self._recording.size(), kind, of, value))

    async def run(self) -> None:
        """Everything, to its end."""
        sizes = [self._random.choice(_SIZES) for _ in range(self._plan.students)]
        waiting = list(enumerate(sizes))

        async def client() -> None:
            while waiting:
                await self._hand_in(*waiting.pop(0))

        async with asyncio.TaskGroup() as group:
            for _ in range(_CLIENTS):
                group.create_task(client())
            group.create_task(self._exam())
            group.create_task(self._schedule())

    async def _hand_in(self, number: int, size: int) -> None:
        content = VIDEO + Random(self._plan.seed * 1000 + number).randbytes(size)
        while True:
            form = aiohttp.FormData({"roll_number": f"R-{number}", "name": "Asha Rao"})
            form.add_field("file", io.BytesIO(content), filename="intro.mp4")
            answer = await self._post(
                "/api/v1/submissions", data=form, headers={"Idempotency-Key": f"key-{number}"}
            )
            if answer is not None:
                self._note("submission", answer["id"], hashlib.sha256(content).hexdigest())
                self._accepted.put_nowait(answer["id"])
                return

    async def _exam(self) -> None:
        session = None
        while session is None:
            session = await self._post("/sessions", json={"title": "Midterm"})
        self._note("session", session["session_id"])
        for number in range(self._plan.images):
            content = Random(self._plan.seed * 1000 + 500 + number).randbytes(30_000)
            form = {"session_id": session["session_id"], "role": "student", "order_index": str(number)}
            while True:
                data = aiohttp.FormData(form)
                data.add_field("file", io.BytesIO(b"p" + content), filename="p.jpg")
                answer = await self._post("/images/register", data=data, taken=409)
                if answer is not None:
                    break
            if "image_id" in answer:
                self._note("image", answer["image_id"], hashlib.sha256(b"p" + content).hexdigest())

    async def _post(self, path: str, taken: int = 0, **request: Any) -> dict[str, Any] | None:
        """The body of an answer that says yes (or ``taken``); ``None`` when the service died meanwhile."""
        await self._service.serving.wait()
        try:
            async with (
                aiohttp.ClientSession(self._service.url) as http,
                http.post(path, **request) as answer,
            ):
                body: dict[str, Any] = await answer.json()
                if answer.status not in (200, 201, taken):
                    raise RuntimeError(f"{path} was answered by {answer.status}: {body}")
                return body
        except aiohttp.ClientError:
            return None

    async def _schedule(self) -> None:
        left = self._plan.students
        while left:
            ids = [await self._accepted.get() for _ in range(min(_BATCH, left))]
            first = left == self._plan.students
            left -= len(ids)
            batch = await self._service.order(do="batch", ids=ids)
            self._note("batch", str(batch["batch"]), str(len(ids)))
            await self._transcribe(ids, killed=first and self._plan.kill)
            await self._evaluate(ids)

    async def _transcribe(self, ids: list[str], killed: bool) -> None:
        for task_id in ids:
            await self._do("started", task_id)
        if killed:
            await self._service.kill()
            await self._service.start()
            for task_id in ids:
                await self._do("started", task_id)
        for number, task_id in enumerate(ids):
            if number == 1:
                await self._do("attempt_failed", task_id)
                await self._do("started", task_id)
            await self._do("gave_up" if number == 2 else "transcribed", task_id)
        ids[2:3] = []

    async def _evaluate(self, ids: list[str]) -> None:
        for phase in ("switching", "llm"):
            await self._service.order(do="phase", to=phase)
        for task_id in ids:
            await self._do("started", task_id)
            await self._do("evaluated", task_id)
        for phase in ("switching", "stt"):
            await self._service.order(do="phase", to=phase)

    async def _do(self, event: str, task_id: str) -> None:
        await self._service.order(do=event, id=task_id, count=self._random.randint(5, 120))
        self._note("event", task_id, event)


@asynccontextmanager
async def serving(state: Path, mutant: str | None) -> AsyncIterator[Service]:
    """The service on ``state``; ended in the end, whatever happens."""
    service = Service(state, mutant)
    try:
        await service.start()
        yield service
        await service.stop()
    finally:
        if service.process is not None and service.process.returncode is None:
            await service.kill()


async def perform(recording: Recording, plan: Plan) -> tuple[Promise, ...]:
    """Run the workload; returns what was promised."""
    async with serving(recording.mounts[0] / "state", plan.mutant) as service:
        lab = Lab(recording, service, plan)
        await lab.run()
    return tuple(lab.promises)
