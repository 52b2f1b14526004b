"""What a model server does to a lab on a bad day. Two servers, the real daemon, students' notebooks."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.faults.lab import FaultLab, fault_lab, fitting
from tests.models.fake_ollama import FakeOllama, fake_ollama
from tests.models.moods import Mood

pytestmark = [pytest.mark.timeout(240), pytest.mark.usefixtures("tiny_stt_dir")]
STUDENTS = (1, 2, 3, 4)

SERVER_FAULTS = {
    "hung": Mood.HANG_FIRST,
    "hung in the middle": Mood.HANG_BETWEEN,
    "500 runner stopped": Mood.ERROR,
    "error in the stream": Mood.ERROR_LINE,
    "cut stream": Mood.CUT,
    "wrong service": Mood.WRONG_SERVICE,
    "too many requests": Mood.LIMITED,
}
"""What speaks against the server, which is then left alone for a while."""

REPLY_FAULTS = {
    "empty but done": Mood.EMPTY,
    "endless whitespace": Mood.WHITESPACE,
    "endless text": Mood.ENDLESS,
    "cut by num_predict": Mood.LENGTH,
    "prompt front dropped": Mood.CUT_PROMPT,
    "giant line": Mood.GIANT_LINE,
    "gzip body": Mood.GZIP,
    "redirect": Mood.REDIRECT,
    "broken JSON": Mood.BAD_JSON,
}
"""What speaks against the reply, which counts as a failed attempt."""


def off_schema(body: dict[str, Any]) -> str:
    """What the model was not asked for."""
    return '{"grade": "10 of 10"}'


@pytest.fixture
async def first() -> AsyncIterator[FakeOllama]:
    """The server that will fail."""
    async with fake_ollama("mistral") as server:
        yield server


@pytest.fixture
async def second() -> AsyncIterator[FakeOllama]:
    """The server that mostly stays well."""
    async with fake_ollama("mistral") as server:
        yield server


@pytest.fixture
async def lab(tmp_path: Path, first: FakeOllama, second: FakeOllama) -> AsyncIterator[FaultLab]:
    """A daemon with both."""
    async with fault_lab(tmp_path, first, second) as running:
        yield running


@pytest.mark.parametrize("fault", SERVER_FAULTS | REPLY_FAULTS)
async def test_one_bad_answer_costs_nobody_a_grade(lab: FaultLab, first: FakeOllama, fault: str) -> None:
    """Whatever one answer is like, all four students have one grade each, and the server's page counts it."""
    first.script = [(SERVER_FAULTS | REPLY_FAULTS)[fault]]
    await lab.hand_in(*STUDENTS)
    await lab.nothing_lost()
    assert first.script == []
    if fault in SERVER_FAULTS:
        assert (await lab.until("server-1"))["failures"] == 1


@pytest.mark.parametrize("fault", SERVER_FAULTS)
async def test_a_server_that_always_fails(lab: FaultLab, first: FakeOllama, fault: str) -> None:
    """The other one grades everybody; the failures of the first are counted, and no retry of anybody's work."""
    first.mood = SERVER_FAULTS[fault]
    await lab.hand_in(*STUDENTS)
    await lab.nothing_lost()
    assert lab.rows("SELECT DISTINCT server FROM results") == [("server-2",)]
    assert lab.rows("SELECT sum(retry_count) FROM processing_tasks") == [(0,)]
    assert (await lab.until("server-1"))["failures"] > 0
    assert (await lab.until("server-2"))["failures"] == 0


@pytest.mark.parametrize("fault", ["off schema", *REPLY_FAULTS])
async def test_a_reply_that_never_can_be_used(
    lab: FaultLab, first: FakeOllama, second: FakeOllama, fault: str
) -> None:
    """When both servers' every reply is unusable, each student's work ends as failed with the reason, none is lost."""
    for server in (first, second):
        if fault in REPLY_FAULTS:
            server.mood = REPLY_FAULTS[fault]
        else:
            server.reply_for = off_schema
    ids = await lab.hand_in(1, 2)
    await lab.nothing_lost(failed=ids)
    assert lab.rows("SELECT DISTINCT retry_count FROM processing_tasks") == [(2,)]


@pytest.mark.parametrize("fault", ["hung", "500 runner stopped", "cut stream", "wrong service"])
async def test_the_only_server_of_a_model_always_fails(tmp_path: Path, first: FakeOllama, fault: str) -> None:
    """Its probes are answered, its requests never: nobody's work is used up on it, the other model grades."""
    async with fake_ollama("llama3") as other, fault_lab(tmp_path, first, other) as lab:
        first.mood = SERVER_FAULTS[fault]
        await lab.hand_in(*STUDENTS)
        await lab.nothing_lost()
        assert lab.rows("SELECT DISTINCT model FROM results") == [("llama3:latest",)]
        assert lab.rows("SELECT max(retry_count) <= 1 FROM processing_tasks") == [(1,)]
        assert (await lab.until("server-1"))["breaker"] != "closed"


async def test_off_schema_once(lab: FaultLab, first: FakeOllama) -> None:
    """A reply that the schema did not allow is told to the model, which is asked again."""
    told: list[str] = []

    def once(body: dict[str, Any]) -> str:
        told.append(body["prompt"])
        return off_schema(body) if len(told) == 1 else fitting(body)

    first.reply_for = once
    await lab.hand_in(*STUDENTS)
    await lab.nothing_lost()
    assert any(prompt.startswith(told[0]) and len(prompt) > len(told[0]) for prompt in told[1:])


async def test_refused_at_start(tmp_path: Path, first: FakeOllama, second: FakeOllama) -> None:
    """Nothing listens when the daemon starts: work is taken in and waits, and is done once a server is there."""
    await first.kill()
    await second.kill()
    async with fault_lab(tmp_path, first, second) as lab:
        await lab.hand_in(*STUDENTS)
        await lab.idle_because("No model server answers")
        assert "No model server answers" in await lab.page()
        assert lab.rows("SELECT DISTINCT status, retry_count FROM processing_tasks") == [("pending", 0)]
        await first.start()
        await lab.nothing_lost()


async def test_busy_at_thirty_at_once(tmp_path: Path, first: FakeOllama, second: FakeOllama) -> None:
    """A lab of 30, and servers that answer 503 above four requests although more slots are configured."""
    first.room = second.room = 4
    ollama = [
        {"name": f"server-{n}", "url": s.url, "model": s.model} for n, s in enumerate((first, second), 1)
    ]
    many = {"servers": ollama, "max_concurrent": 15, "timeout_seconds": 20.0}
    async with fault_lab(tmp_path, first, second, ollama=many) as lab:
        await lab.hand_in(*range(30))
        await lab.nothing_lost()
        assert lab.rows("SELECT sum(retry_count) FROM processing_tasks") == [(0,)]


async def test_load_that_never_ends(lab: FaultLab, first: FakeOllama) -> None:
    """A model that does not load in its time: the other server grades, and the page says why."""
    first.hangs_loading = True
    await lab.hand_in(*STUDENTS)
    await lab.nothing_lost()
    assert lab.rows("SELECT DISTINCT server FROM results") == [("server-2",)]
    assert (await lab.until("server-1", healthy=False))["last_error"]


async def test_unload_that_never_ends(tmp_path: Path, first: FakeOllama, second: FakeOllama) -> None:
    """Weights that stay in memory are shown and asked away again; nothing else goes on meanwhile, nothing is lost."""
    async with fault_lab(tmp_path, first, second) as lab:
        await lab.hand_in(1)
        await lab.ended()
        await lab.hand_in(2)
        first.unloads = False
        await lab.nothing_lost()


async def test_one_dead_all_session(lab: FaultLab, first: FakeOllama) -> None:
    """A server that dies and stays dead: everybody is graded by the other one."""
    await first.kill()
    await lab.hand_in(*STUDENTS)
    await lab.nothing_lost()
    assert lab.rows("SELECT DISTINCT server FROM results") == [("server-2",)]
    assert (await lab.until("server-1", healthy=False))["last_error"]


async def test_both_dead_in_mid_work(lab: FaultLab, first: FakeOllama, second: FakeOllama) -> None:
    """Both die with requests open: the work waits without a counted retry, is told so, and is done when one is back."""
    for server in (first, second):
        server.mood = Mood.HELD
    await lab.hand_in(*STUDENTS)
    await asyncio.gather(first.asked.wait(), second.asked.wait())
    for server in (first, second):
        await server.kill()
    await lab.idle_because("No model server answers")
    assert lab.rows("SELECT DISTINCT status, retry_count FROM processing_tasks") == [("pending", 0)]
    second.mood = Mood.WELL
    await second.start()
    await lab.nothing_lost()
    assert lab.rows("SELECT DISTINCT server FROM results") == [("server-2",)]


class OneDevice(FakeOllama):
    """Goes on computing for a client that has left, until ``finish``: the next request waits for the device."""

    def __init__(self) -> None:
        super().__init__("mistral")
        self.finish = asyncio.Event()
        self._device = asyncio.Lock()
        self._left: list[asyncio.Task[None]] = []

    async def _ask(self, request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        await self._device.acquire()
        try:
            answer = await super()._ask(request, body)
        except asyncio.CancelledError:
            self._left.append(asyncio.create_task(self._run_on()))
            raise
        self._device.release()
        return answer

    async def _run_on(self) -> None:
        await self.finish.wait()
        self._device.release()


async def test_cancelled_request_that_runs_on(tmp_path: Path) -> None:
    """A teacher cancels; the server computes on: the cancelled one stays so, and the others wait their turn."""
    server = OneDevice()
    await server.start()
    try:
        async with fault_lab(tmp_path, server) as lab:
            server.script = [Mood.HELD]
            (cancelled,) = await lab.hand_in(1)
            await server.asked.wait()
            async with lab.http.post(f"/api/v1/submissions/{cancelled}/cancel") as answer:
                assert answer.status == 200, await answer.text()
            await server.given_up.wait()
            await lab.hand_in(2, 3)
            server.gate.set()
            server.finish.set()
            await lab.nothing_lost(failed=[cancelled])
    finally:
        await server.kill()
