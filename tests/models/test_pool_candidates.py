"""Requests that not every server may answer: by the model they name, or by the servers that are allowed."""

import asyncio

import pytest

from models.task import ask
from scheduler.errors import NoServerError
from scheduler.ports import unwatched
from tests.models.fake_ollama import Mood
from tests.models.test_pool import REQUEST, rig


async def test_each_set_of_candidates_has_a_turn_of_its_own() -> None:
    """Requests for one model do not shift the turn of those that any server may answer."""
    named = ask("Grade this.", {}, str, model="mistral")
    async with rig() as it:
        servers = []
        for task in (REQUEST, named, REQUEST, named, named, REQUEST, REQUEST):
            servers.append((await it.pool.generate(task, unwatched)).server)
        assert servers == ["mistral", "mistral", "llama3", "mistral", "mistral", "mistral", "llama3"]


async def test_model_without_its_tag_is_the_same_model() -> None:
    """``mistral`` and ``mistral:latest`` are one; who is served by nobody is told who is."""
    async with rig() as it:
        for name in ("mistral", "mistral:latest"):
            result = await it.pool.generate(ask("p", None, str, model=name), unwatched)
            assert result.server == "mistral"
        with pytest.raises(
            NoServerError, match=r"serves mistral:7b. Served are: llama3:latest, mistral:latest"
        ):
            await it.pool.generate(ask("p", None, str, model="mistral:7b"), unwatched)


async def test_named_model_whose_server_died_does_not_go_elsewhere() -> None:
    """Another model would give another grade: the task waits for its own."""
    async with rig() as it:
        await it.first.kill()
        with pytest.raises(NoServerError, match="mistral"):
            await it.pool.generate(ask("p", {}, str, model="mistral"), unwatched)
        assert it.second.prompts == []


async def test_who_waits_for_a_full_server_leaves_the_other_ones_slots_free() -> None:
    """A request that only one server may answer does not count against the other one's slots."""
    async with rig(slots=1) as it:
        it.first.mood = Mood.HELD
        named = ask("p", {}, str, model="mistral")
        tasks = [asyncio.create_task(it.pool.generate(named, unwatched)) for _ in range(2)]
        await it.first.asked.wait()
        assert it.pool.free_slots == 1
        assert (await it.pool.generate(REQUEST, unwatched)).server == "llama3"
        it.first.gate.set()
        await asyncio.gather(*tasks)
