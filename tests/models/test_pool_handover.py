"""Entering and leaving the language-model phase: in order, timed and verified."""

import asyncio

import pytest

from models.pool import ModelPool
from models.task import ask
from scheduler.errors import HandoverError, NoServerError
from scheduler.ports import Side, unwatched
from tests.models.clocks import EagerClock
from tests.models.fake_ollama import FakeOllama, Mood, fake_ollama
from tests.models.test_pool import REQUEST, configs, rig


def pool_is_a_side(pool: ModelPool) -> Side:
    """Checked by the type checker: the controller can drive a pool."""
    return pool


async def test_enter_loads_and_leave_unloads() -> None:
    """After ``enter`` every server holds its model, after ``leave`` none does, and each part was timed."""
    async with rig() as it:
        assert [it.first.in_memory, it.second.in_memory] == [True, True]
        assert [(s.server, s.loading, s.error) for s in it.pool.switches] == [
            ("mistral", True, None),
            ("llama3", True, None),
        ]
        await it.pool.leave()
        assert [it.first.in_memory, it.second.in_memory] == [False, False]
        assert [(s.server, s.loading, s.error) for s in it.pool.switches] == [
            ("mistral", False, None),
            ("llama3", False, None),
        ]
        assert not any(status.loaded for status in it.pool.statuses())


async def test_unload_that_never_finishes_is_an_error() -> None:
    """The phase is not left while the model's row stays in ``/api/ps``; a later try may succeed."""
    async with rig() as it:
        it.second.unloads = False
        with pytest.raises(HandoverError, match=r"llama3 did not free its memory in 120 s"):
            await it.pool.leave()
        assert it.pool.statuses()[1].loaded
        it.second.unloads = True
        await it.pool.leave()


async def test_dead_server_counts_as_gone() -> None:
    """Nothing listens any more: the process and its memory are gone."""
    async with rig() as it:
        await it.first.kill()
        await it.pool.leave()


async def test_silent_server_does_not_count_as_gone() -> None:
    """A server that hangs may hold its model still."""
    async with fake_ollama() as fake:
        [config] = configs([fake])
        clock = EagerClock()
        pool = ModelPool([config], clock)
        await pool.enter()
        fake.silent = True
        leaving = asyncio.create_task(pool.leave())
        await clock.reached(1)
        clock.time += config.unload_seconds
        with pytest.raises(HandoverError, match="did not give an answer"):
            await leaving
        await pool.close()


async def test_leave_works_on_a_pool_that_was_never_entered() -> None:
    """After a crash nobody knows what is loaded: leaving finds out and unloads it."""
    async with fake_ollama() as fake:
        fake.in_memory = True
        pool = ModelPool(configs([fake]), EagerClock())
        await pool.leave()
        await pool.leave()
        assert not fake.in_memory
        await pool.close()


async def test_leave_unloads_what_another_configuration_loaded() -> None:
    """A model that was configured before a restart is on the GPU still: it makes room for STT too."""
    async with rig() as it:
        it.first.leftovers = {"mixtral:latest", "llava:13b"}
        await it.pool.leave()
        assert (it.first.in_memory, it.first.leftovers) == (False, set())


async def test_other_model_that_stays_is_an_error_that_names_it() -> None:
    """STT gets the machine only once every row has left ``/api/ps``."""
    async with rig() as it:
        it.second.unloads, it.second.leftovers = False, {"mixtral:latest"}
        it.second.in_memory = False
        with pytest.raises(HandoverError, match="llama3 did not free its memory in 120 s: mixtral:latest"):
            await it.pool.leave()


async def test_a_stop_unloads() -> None:
    """A daemon that ends in its language-model phase leaves the GPU free, in one request to each server."""
    async with rig() as it:
        it.second.unloads = False
        await it.pool.close()
        await it.pool.close()
        assert [fake.calls for fake in (it.first, it.second)] == [["load", "unload"]] * 2


async def test_a_stop_outside_the_phase_asks_nobody() -> None:
    """Nothing is loaded then; and in shared residency the models stay."""
    async with fake_ollama() as fake:
        shared = ModelPool(configs([fake]), EagerClock(), residency="shared")
        await shared.enter()
        await shared.close()
        await ModelPool(configs([fake]), EagerClock()).close()
        assert fake.calls == ["load"]


async def test_shared_residency_keeps_the_models() -> None:
    """In shared residency leaving only makes sure that nothing runs."""
    async with fake_ollama() as fake:
        pool = ModelPool(configs([fake]), EagerClock(), residency="shared")
        await pool.enter()
        await pool.leave()
        assert fake.in_memory
        assert "unload" not in fake.calls
        await pool.close()


async def test_leave_refuses_while_a_request_runs() -> None:
    """The machine is not given away under a running request."""
    async with rig() as it:
        it.first.mood = Mood.HELD
        task = it.ask()
        await it.first.asked.wait()
        with pytest.raises(HandoverError, match="still running: 1"):
            await it.pool.leave()
        it.first.gate.set()
        await task


async def test_nothing_is_sent_outside_the_phase() -> None:
    """A request outside of the phase would load a model beside STT: it is not sent."""
    async with rig() as it:
        await it.pool.leave()
        with pytest.raises(NoServerError, match="do not have the machine"):
            await it.pool.generate(REQUEST, unwatched)
        assert it.first.prompts == []


async def test_return_during_the_other_phase_loads_nothing() -> None:
    """A server that comes back while STT works is seen, and not loaded."""
    async with rig() as it:
        await it.first.kill()
        await it.pool.leave()
        await it.probe_all()
        assert it.pool.servers_up == 1
        await it.first.start()
        await it.probe_all()
        assert it.pool.servers_up == 2
        assert not it.first.in_memory
        assert it.first.calls.count("load") == 1


async def test_enter_without_any_server_is_no_error() -> None:
    """Nobody home: the phase begins, and tasks wait until a server is back."""
    fake = FakeOllama()
    await fake.start()
    await fake.kill()
    pool = ModelPool(configs([fake]), EagerClock())
    await pool.enter()
    assert pool.servers_up == 0
    assert [type(switch.error).__name__ for switch in pool.switches] == ["ServerUnreachableError"]
    await pool.close()


async def test_server_that_cannot_load_is_left_out() -> None:
    """One server without memory does not keep the other from working."""
    async with rig() as it:
        await it.pool.leave()
        it.first.loads = False
        await it.pool.enter()
        assert [status.healthy for status in it.pool.statuses()] == [False, True]
        result = await it.pool.generate(ask("p", {}, str), unwatched)
        assert result.server == "llama3"
