"""Long computations: one at a time, and none that nobody waits for."""

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from introeval.agreement.bootstrap import Resampling
from introeval.agreement.comparison import Options
from introeval.agreement.raters import Rater, Scale, Sheet
from introeval.agreement.report import report
from introeval.web.measuring import Heed, Measuring
from introeval.web.problems import ProblemError, body_of, headers_of, response
from tests.web.serving import Client, Served

GRADES = {f"w{at}": float(at % 7) for at in range(30)}
ENDLESS = Options(resampling=Resampling(resamples=100_000))


class Course:
    """Serves a comparison that takes minutes, and knows when its thread begins and ends."""

    def __init__(self) -> None:
        self.stop = asyncio.Event()
        self.begun, self.ended = threading.Semaphore(0), threading.Semaphore(0)
        self.endless = True
        measuring = Measuring(self.stop)

        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                return web.Response(text=await measuring.run(request, self._compute))
            except ProblemError as error:
                return response(body_of(error), headers_of(error))

        app = web.Application()
        app.router.add_get("/", handle)
        self.client = Client(Served(app))

    def _compute(self, heed: Heed) -> str:
        sheets = [
            Sheet(Rater(kind="model", name=name), totals={work: grade + at for work, grade in GRADES.items()})
            for at, name in enumerate("ab")
        ]
        self.begun.release()
        try:
            how = ENDLESS if self.endless else Options(resampling=Resampling(resamples=100))
            report(Scale(total=10.0), sheets, options=how, heed=heed)
            return "measured"
        finally:
            self.ended.release()


@pytest.fixture
async def course() -> AsyncIterator[Course]:
    """A running one."""
    made = Course()
    async with made.client:
        yield made
        made.stop.set()


async def begin(course: Course) -> "asyncio.Task[tuple[int, str]]":
    """A request whose computation has begun."""

    async def ask() -> tuple[int, str]:
        answer = await course.client.get("/")
        return answer.status, await answer.text()

    asked = asyncio.create_task(ask())
    assert await asyncio.to_thread(course.begun.acquire, timeout=60)
    return asked


async def test_who_comes_meanwhile_is_told_to_come_back(course: Course) -> None:
    """With a time; the one under way goes on."""
    first = await begin(course)
    answer = await course.client.get("/")
    assert (answer.status, (await answer.json())["code"]) == (503, "unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert not first.done()
    course.stop.set()
    assert (await first)[0] == 503


async def test_a_computation_ends_when_its_client_leaves(course: Course) -> None:
    """Its thread too, and then the next one is served."""
    first = await begin(course)
    first.cancel()
    assert await asyncio.to_thread(course.ended.acquire, timeout=60)
    course.endless = False
    # Until the loop has heard of the thread's end.
    while (answer := await course.client.get("/")).status == 503:
        await answer.read()
    assert await answer.text() == "measured"


async def test_a_computation_ends_when_the_service_stops(course: Course) -> None:
    """Who waits hears so, and so does who comes then."""
    first = await begin(course)
    course.stop.set()
    status, text = await first
    assert (status, "stopping" in text) == (503, True)
    assert await asyncio.to_thread(course.ended.acquire, timeout=60)
    assert (await course.client.get("/")).status == 503
