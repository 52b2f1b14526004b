"""Servers come and go between the attempts at one submission: what was answered is not paid for again."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from introeval.assignments import Assignment
from introeval.graders.notebooks import NotebookGrader
from scheduler.errors import NoServerError
from scheduler.ports import Evaluation
from tests.graders.bench import Bench, bench
from tests.graders.test_introductions import ORDER, assignment, grader, transcript
from tests.grading.speeches import raw
from tests.models.fake_ollama import FakeOllama, Mood
from tests.notebooks.books import ASSIGNMENT, SAMPLES, feedback, technical

MISTRAL, LLAMA3 = "mistral:latest", "llama3:latest"


def in_both_roles(server: FakeOllama) -> None:
    """From now on the server answers as either role."""
    server.reply_to = lambda prompt: feedback(6, cell=1) if "<review>" in prompt else technical(8, cell=2)


async def notebook(rig: Bench, sample: str = "good", given: Assignment = ASSIGNMENT) -> Evaluation:
    """One attempt at a notebook, with the servers as they are now."""
    work = rig.work(given, video_path=str(SAMPLES / f"{sample}.ipynb"))
    return await NotebookGrader().grade(work)


async def spoken(rig: Bench, path: str, *, linked: bool = False, **plan: Any) -> Evaluation:
    """One attempt at an introduction."""
    return await grader(linked).grade(rig.work(assignment(**plan), transcript_path=path))


async def dies_once_the_other_has_answered(rig: Bench, dying: FakeOllama) -> None:
    """A held server is killed as soon as a reply is kept: nothing else is written here."""
    kept = asyncio.Event()
    rig.database.on_commit(kept.set)
    await kept.wait()
    await dying.kill()


async def test_the_analysis_outlives_the_server_of_the_feedback(tmp_path: Path) -> None:
    """It dies before it has answered: the other one gives the feedback, and its analysis is the kept one."""
    async with bench(tmp_path, "mistral", "llama3") as rig:
        in_both_roles(rig.servers[0])
        await rig.servers[1].kill()
        with pytest.raises(NoServerError):
            await notebook(rig)
        result = await notebook(rig)
        assert len(rig.servers[0].prompts) == len(set(rig.servers[0].prompts)) == 2
    assert (result.score, result.model) == (7.4, MISTRAL)


async def test_the_analysis_outlives_its_own_server(tmp_path: Path) -> None:
    """Who has read the code is away when the feedback is asked again: what it found stays, as what it is."""
    async with bench(tmp_path, "mistral", "llama3") as rig:
        for server in rig.servers:
            in_both_roles(server)
        rig.servers[1].mood = Mood.ERROR
        with pytest.raises(Exception, match="llama3"):
            await notebook(rig)
        rig.servers[1].mood = Mood.WELL
        await rig.servers[0].kill()
        await rig.pool.enter()
        result = await notebook(rig)
        assert rig.asked == [1, 2]
    assert (result.model, result.ratings[0].model) == (f"{MISTRAL} + {LLAMA3}", MISTRAL)


async def test_the_only_model_dies_and_another_comes_back(tmp_path: Path) -> None:
    """The work goes on: the name was that of this attempt."""
    async with bench(tmp_path, "mistral", "llama3") as rig:
        for server in rig.servers:
            in_both_roles(server)
        await rig.servers[1].kill()
        await rig.pool.enter()
        work = rig.work(ASSIGNMENT, video_path=str(SAMPLES / "good.ipynb"))
        assert work.models == (MISTRAL,)
        await rig.servers[0].kill()
        with pytest.raises(NoServerError):
            await NotebookGrader().grade(work)
        await rig.servers[1].start()
        await rig.pool.enter()
        assert (await notebook(rig)).model == LLAMA3


async def test_a_second_analysis_is_not_made_twice(tmp_path: Path) -> None:
    """A second draw was made while one model was up; that another one is back now is no reason for a third."""
    async with bench(tmp_path, "mistral", "llama3") as rig:
        first, second = rig.servers
        first.reply_to = lambda prompt: "no" if "<review>" in prompt else technical(6, cell=2)
        second.reply_to = lambda prompt: feedback(4, cell=4)
        await second.kill()
        await rig.pool.enter()
        with pytest.raises(Exception, match="reply"):
            await notebook(rig, "full_marks")
        await second.start()
        await rig.pool.enter()
        result = await notebook(rig, "full_marks")
        assert len(second.prompts) == 1
    assert [(rating.model, rating.attempt) for rating in result.ratings] == [(MISTRAL, 1), (MISTRAL, 2)]


@pytest.mark.parametrize("plan", [{"plan": "both"}, {"plan": "round_robin"}], ids=str)
async def test_half_of_two_opinions_outlives_the_other_server(tmp_path: Path, plan: dict[str, Any]) -> None:
    """One of two models dies after the other's reply was kept: that reply is the grade, and is not asked again."""
    path = transcript(tmp_path)
    async with bench(tmp_path, "mistral", "llama3") as rig:
        rig.servers[0].reply, rig.servers[1].mood = raw(8), Mood.HELD
        dying = asyncio.create_task(dies_once_the_other_has_answered(rig, rig.servers[1]))
        with pytest.raises(NoServerError):
            await spoken(rig, path, linked=True, **plan)
        await dying
        result = await spoken(rig, path, linked=True, **plan)
        assert rig.asked == [1, 1]
    assert [rating.model for rating in result.ratings] == [MISTRAL]


async def test_a_kept_opinion_counts_though_its_server_is_away(tmp_path: Path) -> None:
    """The server that has answered dies, the one that died is back: two opinions, each paid for once."""
    path = transcript(tmp_path)
    async with bench(tmp_path, "mistral", "llama3") as rig:
        rig.servers[0].reply, rig.servers[1].reply = raw(8), raw(6)
        rig.servers[1].mood = Mood.HELD
        dying = asyncio.create_task(dies_once_the_other_has_answered(rig, rig.servers[1]))
        with pytest.raises(NoServerError):
            await spoken(rig, path, plan="both")
        await dying
        await rig.servers[0].kill()
        rig.servers[1].mood = Mood.WELL
        await rig.servers[1].start()
        await rig.pool.enter()
        result = await spoken(rig, path, plan="both")
        assert rig.asked == [1, 2]
    assert [(rating.model, rating.score) for rating in result.ratings] == [(MISTRAL, 8.0), (LLAMA3, 6.0)]


async def test_two_opinions_wait_for_both_when_none_is_up(tmp_path: Path) -> None:
    """Nobody is up when the attempt begins and both are when they are asked: both are asked."""
    async with bench(tmp_path, "mistral", "llama3") as rig:
        rig.servers[0].reply = rig.servers[1].reply = raw(8)
        for server in rig.servers:
            await server.kill()
        await rig.pool.enter()
        work = rig.work(assignment(plan="both"), transcript_path=transcript(tmp_path))
        assert work.models == ()
        for server in rig.servers:
            await server.start()
        await rig.pool.enter()
        assert len((await grader().grade(work)).ratings) == 2


async def test_whoever_answered_in_turn_stays(tmp_path: Path) -> None:
    """A round robin's single opinion has no name in its key: it is found whoever is up, and the second one too."""
    path = transcript(tmp_path, ORDER)
    async with bench(tmp_path, "mistral", "llama3") as rig:
        rig.servers[0].reply = rig.servers[1].reply = raw(8)
        whole = await spoken(rig, path)
        asked = rig.asked
        await rig.servers[0].kill()
        await rig.pool.enter()
        assert (await spoken(rig, path), rig.asked) == (whole, asked)
