"""The breaker of one server: every state and event, its times, and what a server asks for itself."""

from datetime import UTC, datetime
from random import Random

import pytest

from models.breaker import Breaker, BreakerState, backoff, retry_after_seconds
from models.pool import ModelPool
from models.task import ask
from scheduler.errors import NoServerError
from scheduler.ports import unwatched
from tests.models.clocks import EagerClock
from tests.models.fake_ollama import Mood, fake_ollama
from tests.models.test_pool import Rig, configs, rig

CLOSED, OPEN, HALF_OPEN = BreakerState
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "state,event,after,strikes",
    [
        (CLOSED, "failed", OPEN, 3),
        (CLOSED, "trial_passed", CLOSED, 0),
        (CLOSED, "proven", CLOSED, 0),
        (OPEN, "failed", OPEN, 3),
        (OPEN, "trial_passed", HALF_OPEN, 2),
        (OPEN, "proven", OPEN, 2),
        (HALF_OPEN, "failed", OPEN, 3),
        (HALF_OPEN, "trial_passed", CLOSED, 0),
        (HALF_OPEN, "proven", CLOSED, 0),
    ],
)
def test_every_state_and_event(state: BreakerState, event: str, after: BreakerState, strikes: int) -> None:
    """The whole table; ``strikes`` began at 2."""
    breaker = Breaker(first=1, most=30, state=state, strikes=2)
    match event:
        case "failed":
            breaker.failed(100.0)
        case "trial_passed":
            breaker.trial_passed()
        case _:
            breaker.proven()
    assert (breaker.state, breaker.strikes) == (after, strikes)


def test_probes_do_not_clear_a_server_of_a_failed_request() -> None:
    """Only an answered request does; so the times go on growing for one that answers probes and nothing else."""
    breaker = Breaker(first=1, most=30)
    delays = []
    for _ in range(4):
        breaker.failed(0.0, request=True)
        delays.append(breaker.opened_until)
        breaker.trial_passed()
        breaker.trial_passed()
        assert breaker.state is HALF_OPEN
    assert delays == [1, 2, 4, 8]
    breaker.proven()
    assert (breaker.state, breaker.strikes) == (CLOSED, 0)
    breaker.failed(0.0)
    breaker.trial_passed()
    breaker.trial_passed()
    assert breaker.state is CLOSED


def test_times_grow_and_jitter_only_shortens_them() -> None:
    """The same seed gives the same times; each is between half of the exact one and all of it."""
    times = []
    for _ in range(2):
        breaker, seen = Breaker(first=1, most=30, jitter=Random(7)), []
        for _ in range(8):
            breaker.failed(0.0)
            seen.append(breaker.opened_until)
        times.append(seen)
    assert times[0] == times[1]
    exact = [backoff(strikes, 1, 30) for strikes in range(1, 9)]
    assert all(whole / 2 <= with_jitter <= whole for with_jitter, whole in zip(times[0], exact, strict=True))
    assert times[0] != exact


@pytest.mark.parametrize(
    "header,seconds",
    [
        (None, None),
        ("7", 7.0),
        (" 0 ", 0.0),
        ("999999999999", 3600.0),
        ("Thu, 01 Jan 2026 00:01:30 GMT", 90.0),
        ("Wed, 31 Dec 2025 23:00:00 GMT", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 -2359", 3600.0),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", None),
        ("Mon, 01 Jan 2030 00:00:00 +99999999999999999999", None),
        ("soon", None),
        ("-5", None),
        ("٣", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    """Both forms of the header, and nothing else."""
    assert retry_after_seconds(header, NOW) == seconds


async def test_when_an_open_one_is_tried_again_is_shown() -> None:
    """Strikes and the seconds that are left count with the clock; a server in use has none to show."""
    async with rig() as it:
        seen = []
        it.first.script = [Mood.ERROR]
        await it.ask()
        for step in (0.0, 0.75, 0.75):
            it.clock.time += step
            first, second = it.pool.statuses()
            seen.append((first.breaker, first.strikes, first.next_try_seconds))
            assert (second.breaker, second.strikes, second.next_try_seconds) == ("closed", 0, None)
        assert seen == [("open", 1, 1.0), ("open", 1, 0.25), ("open", 1, 0.0)]
        await it.probe_all()
        first = it.pool.statuses()[0]
        assert (first.breaker, first.strikes, first.next_try_seconds) == ("half_open", 1, None)


def breakers(it: Rig) -> list[str]:
    """The state of each server's breaker, as people see it."""
    return [status.breaker for status in it.pool.statuses()]


async def test_server_is_on_trial_until_it_answers() -> None:
    """Closed, open after a failure, half open after a probe, closed after a reply."""
    async with rig() as it:
        assert breakers(it) == ["closed", "closed"]
        it.first.script = [Mood.ERROR]
        await it.ask()
        assert breakers(it) == ["open", "closed"]
        await it.probe_all()
        assert breakers(it) == ["half_open", "closed"]
        await it.ask()
        await it.ask()
        assert breakers(it) == ["closed", "closed"]


async def test_server_that_fails_on_trial_is_left_alone_for_longer() -> None:
    """One that probes well and fails each request is not asked once a second for ever."""
    clock = EagerClock()
    async with fake_ollama() as fake:
        pool, waits = ModelPool(configs([fake]), clock), []
        await pool.enter()
        fake.mood = Mood.BUSY
        for _ in range(6):
            with pytest.raises(NoServerError):
                await pool.generate(ask("p", {}, str), unwatched)
            waits.append(until_probed(pool) - clock.time)
            clock.time = until_probed(pool)
            await pool.probe()
        await pool.close()
    assert waits == [1, 2, 4, 8, 16, 30]


def until_probed(pool: ModelPool) -> float:
    """When the only server is asked again."""
    return pool._members[0].probe_at


@pytest.mark.parametrize("mood", [Mood.LIMITED, Mood.BUSY_FOR])
async def test_server_that_asks_to_be_left_alone_is(mood: Mood) -> None:
    """429 or 503 with a time: not probed, not loaded before it, also in a new phase; then used again."""
    async with rig() as it:
        it.first.script = [mood]
        assert (await it.ask()).server == "llama3"
        assert breakers(it) == ["open", "closed"]
        assert "too many concurrent requests" in (it.pool.statuses()[0].last_error or "")
        calls = len(it.first.calls)
        it.clock.time += 69
        await it.pool.probe()
        await it.pool.leave()
        await it.pool.enter()
        assert "load" not in it.first.calls[calls:]
        assert it.pool.servers_up == 1
        it.clock.time += 2
        await it.pool.probe()
        assert (it.pool.servers_up, breakers(it)) == (2, ["half_open", "closed"])


async def test_limit_of_every_server_is_no_attempt() -> None:
    """Nobody may be asked now: the task waits, and no retry is counted."""
    async with rig() as it:
        it.first.mood = it.second.mood = Mood.LIMITED
        with pytest.raises(NoServerError, match="allows no more requests now"):
            await it.ask()
