"""All questions of one submission are marked by one model, whichever servers come and go meanwhile."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import pytest

from db.intake import Intake
from db.pages import KeptPage
from introeval.assignments import Assignment
from introeval.graders.base import Work
from introeval.graders.pages import PagesGrader
from introeval.pages.prompt import Budget
from introeval.pages.texts import lines_to_json
from scheduler.errors import NoServerError
from scheduler.ports import Evaluation
from tests.db.test_store import new_task
from tests.graders.bench import Bench, bench
from tests.models.fake_ollama import FakeOllama, Mood
from tests.pages.benches import Exam
from tests.pages.exams import FULL, GOOD, exam, page, said

MISTRAL, LLAMA3 = "mistral:latest", "llama3:latest"
NOTHING = {number: (lines, [(cited, 0.0) for cited, _ in points]) for number, (lines, points) in FULL.items()}
OF_MISTRAL = next(f"t{n}" for n in range(99) if crc32(f"t{n}".encode()) % 2 == 0)
"""A submission whose turn is the first server's when both are up."""


@dataclass
class Marking:
    """One submission whose page was read already: three prompts, a question each. One server is strict, one mild."""

    rig: Bench
    exam: Exam
    strict: FakeOllama
    mild: FakeOllama

    def work(self, plan: str = "round_robin") -> Work:
        """An attempt that begins now, with the servers as they are."""
        return self.rig.work(exam(plan={"plan": plan}), id=OF_MISTRAL, video_path=self.exam.path)

    async def grade(self, work: Work) -> Evaluation:
        """Its pages are read, and now its questions are asked."""
        return await PagesGrader(self.exam.transcriber, not_linked, Budget(points=4)).grade(work)

    async def dies(self, server: FakeOllama) -> None:
        """And the pool notices."""
        await server.kill()
        await self.rig.pool.enter()

    async def is_back(self, server: FakeOllama) -> None:
        """And the pool notices."""
        await server.start()
        await self.rig.pool.enter()


async def not_linked(assignment: Assignment, task_id: str) -> bool:
    """One opinion is enough."""
    return False


@asynccontextmanager
async def marking(tmp_path: Path) -> AsyncIterator[Marking]:
    """Two servers, and one submission that was handed in."""
    async with bench(tmp_path / "state", "mistral", "llama3") as rig:
        one, read = Exam(rig, tmp_path), page(*GOOD)
        await Intake(rig.database).accept(new_task(OF_MISTRAL, kind="pages", assignment_id=exam().id), 1.0)
        kept = KeptPage(page=1, engine=read.engine, confidence=read.confidence, lines=lines_to_json(read))
        await one.texts.keep(OF_MISTRAL, (kept,), 1.0)
        for server, answers in zip(rig.servers, (NOTHING, FULL), strict=True):
            marks(server, answers)
        yield Marking(rig, one, *rig.servers)
        await one.sight.close()


def marks(server: FakeOllama, answers: dict[str, tuple[list[int], list[tuple[list[int], float]]]]) -> None:
    """The server marks the questions that it is asked about like this."""

    def reply(prompt: str) -> str:
        questions = prompt.split("</pages>")[1]
        return said({number: each for number, each in answers.items() if f"Question {number}" in questions})

    server.reply_to = reply


@pytest.mark.parametrize("plan", ["round_robin", "both"])
async def test_a_server_that_comes_back_meanwhile_marks_nothing_of_it(tmp_path: Path, plan: str) -> None:
    """One was away when the attempt began, and is back when the questions are asked."""
    async with marking(tmp_path) as it:
        await it.dies(it.mild)
        work = it.work(plan)
        await it.is_back(it.mild)
        result = await it.grade(work)
        assert it.rig.asked == [3, 0]
    assert [(rating.model, rating.score) for rating in result.ratings] == [(MISTRAL, 0.0)]


async def test_nobody_was_up_when_it_began(tmp_path: Path) -> None:
    """Then it is one of those that are set up."""
    async with marking(tmp_path) as it:
        await it.strict.kill()
        await it.dies(it.mild)
        work = it.work()
        assert work.models == ()
        await it.strict.start()
        await it.is_back(it.mild)
        (rating,) = (await it.grade(work)).ratings
        assert sorted(it.rig.asked) == [0, 3]
    assert (rating.model, rating.score) in {(MISTRAL, 0.0), (LLAMA3, 10.0)}


async def test_only_the_missing_question_is_asked_again(tmp_path: Path) -> None:
    """Two of three are answered when the request for the third is cut; by the next attempt the other server is away."""
    async with marking(tmp_path) as it:
        it.strict.script = [Mood.WELL, Mood.WELL, Mood.CUT]
        with pytest.raises(NoServerError):
            await it.grade(it.work())
        await it.dies(it.mild)
        await it.rig.pool.enter()
        result = await it.grade(it.work())
        assert it.rig.asked == [4, 0]
    assert result.model == MISTRAL


async def test_who_has_begun_goes_on(tmp_path: Path) -> None:
    """One model was up and has marked two of three questions. Both are up now, and it is the other one's turn."""
    async with marking(tmp_path) as it:
        await it.dies(it.strict)
        it.mild.script = [Mood.WELL, Mood.WELL, Mood.CUT]
        with pytest.raises(NoServerError):
            await it.grade(it.work())
        await it.is_back(it.strict)
        result = await it.grade(it.work())
        assert it.rig.asked == [0, 4]
    assert (result.model, result.score) == (LLAMA3, 10.0)


async def test_another_one_begins_when_it_is_away(tmp_path: Path) -> None:
    """The work does not wait for a server that may never come back; what both have said never meets."""
    async with marking(tmp_path) as it:
        it.strict.script = [Mood.WELL, Mood.WELL, Mood.CUT]
        with pytest.raises(NoServerError):
            await it.grade(it.work())
        await it.dies(it.strict)
        result = await it.grade(it.work())
        assert it.rig.asked == [3, 3]
    assert [(rating.model, rating.score) for rating in result.ratings] == [(LLAMA3, 10.0)]


async def test_marks_that_are_all_kept_need_no_server(tmp_path: Path) -> None:
    """The model has marked everything and is away: nothing is asked again, by whatever is up."""
    async with marking(tmp_path) as it:
        whole = await it.grade(it.work())
        await it.dies(it.strict)
        assert await it.grade(it.work()) == whole
        assert it.rig.asked == [3, 0]
