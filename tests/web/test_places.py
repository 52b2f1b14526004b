"""Who is read now, who waits, who comes back when, and who is too slow: the rules, without HTTP and without time."""

import asyncio
from random import Random

import pytest

from introeval.clock import SystemClock
from introeval.web.comeback import Comeback
from introeval.web.pace import Pace
from introeval.web.places import Place, PlaceLimits, Places, client_of
from tests.models.clocks import EagerClock

ONE = PlaceLimits(places=1, per_client=1, line=100, line_per_client=100)


async def waiting(places: Places, client: str) -> asyncio.Task[Place | None]:
    """One more in the line."""
    before = places.waiting
    task = asyncio.create_task(places.take(client))
    while places.waiting == before:  # noqa: ASYNC110 - the line has no event to wait for
        await asyncio.sleep(0)
    return task


async def got(places: Places, client: str) -> Place:
    """A place that is free."""
    place = await places.take(client)
    assert place is not None
    return place


async def test_clients_take_turns() -> None:
    """One client's many uploads make another one wait for one turn, not for many."""
    places = Places(ONE, SystemClock())
    place = await got(places, "lab")
    tasks = [await waiting(places, client) for client in ("lab", "lab", "lab", "home", "home")]
    order = []
    while tasks:
        assert place.leave()
        await asyncio.sleep(0)
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        (task,) = done
        tasks.remove(task)
        next_place = task.result()
        assert next_place is not None
        place = next_place
        order.append(place.client)
        assert (places.reading, places.waiting) == (1, len(tasks))
    assert order == ["lab", "home", "lab", "home", "lab"]
    assert (place.leave(), place.leave(), places.reading) == (True, False, 0)


async def test_one_client_leaves_room_for_others() -> None:
    """It has at most its share of places, and waits while another one is let in."""
    places = Places(PlaceLimits(places=3, per_client=2, line=9, line_per_client=9), SystemClock())
    first, second = await got(places, "lab"), await got(places, "lab")
    third = await waiting(places, "lab")
    other = await got(places, "home")
    other.leave()
    await asyncio.sleep(0)
    assert not third.done()
    first.leave()
    place = await third
    assert place is not None
    assert (places.reading, places.waiting, second.client) == (2, 0, "lab")


async def test_the_line_is_bounded() -> None:
    """In all and per client; beyond it the answer comes at once."""
    places = Places(PlaceLimits(places=1, per_client=1, line=3, line_per_client=2), SystemClock())
    held = await got(places, "lab")
    tasks = [await waiting(places, "lab"), await waiting(places, "lab")]
    assert await places.take("lab") is None
    tasks.append(await waiting(places, "home"))
    assert await places.take("home") is None
    assert places.waiting == 3
    places.close()
    assert await asyncio.gather(*tasks) == [None] * 3
    assert (held.leave(), await places.take("lab"), places.waiting, places.reading) == (True, None, 0, 0)


async def test_nobody_waits_longer_than_said() -> None:
    """The time is over: no place, and the line is shorter by one."""
    clock = EagerClock()
    places = Places(ONE, clock)
    await got(places, "lab")
    assert await places.take("home") is None
    assert (clock.waits, places.waiting) == ([ONE.line_seconds], 0)


async def test_a_place_of_one_who_went_goes_on() -> None:
    """Cancelled in the very moment in which it was called: the next one gets the place."""
    places = Places(ONE, SystemClock())
    place = await got(places, "lab")
    first, second = await waiting(places, "lab"), await waiting(places, "home")
    place.leave()
    first.cancel()
    assert (await second) is not None
    assert (first.cancelled(), places.reading, places.waiting) == (True, 1, 0)


async def test_a_student_has_a_share_too() -> None:
    """Counted by client and roll number: what one lab's student does takes nothing from another's."""
    limits = PlaceLimits(places=9, per_client=9, per_student=2)
    places = Places(limits, SystemClock())
    one, two, three = [await got(places, "lab") for _ in range(3)]
    home = await got(places, "home")
    assert [places.claim(place, "R-1") for place in (one, two, two, three, home)] == [
        True,
        True,
        True,
        False,
        True,
    ]
    one.leave()
    assert places.claim(three, "R-1")


def test_a_crowd_is_spread_at_its_pace() -> None:
    """Ten uploads a second were seen: of 300 who are sent away, about ten come back in each second."""
    seen = []
    for _ in range(2):
        comeback, now = Comeback(Random(5)), 100.0
        for _ in range(200):
            now += 0.1
            comeback.served(now, crowded=True)
        assert comeback.gap == pytest.approx(0.1, rel=0.05)
        seen.append([comeback.seconds(now) for _ in range(300)])
    times = seen[0]
    assert times == seen[1]
    assert 1 <= min(times) <= 2
    assert 28 <= max(times) <= 38
    assert max(times.count(second) for second in set(times)) <= 20


def test_idle_time_says_nothing_about_the_pace() -> None:
    """Between two uploads of a quiet day there is nobody to be fast for."""
    comeback = Comeback(Random(5))
    for now in range(0, 100_000, 1000):
        comeback.served(float(now), crowded=False)
    assert (comeback.gap, comeback.seconds(200_000.0)) == (0.1, 1)


def test_nobody_is_sent_away_for_long() -> None:
    """However many there are and however slow it is: five minutes at most, and not all to the same moment."""
    comeback = Comeback(Random(5), gap=10.0)
    times = [comeback.seconds(50.0) for _ in range(3000)]
    assert max(times) <= 300
    late = times[1000:]
    assert min(late) >= 150
    assert max(late.count(second) for second in set(late)) < 40


@pytest.mark.parametrize(
    ("remote", "client"),
    [
        ("10.1.2.3", "10.1.2.3"),
        ("::ffff:10.1.2.3", "10.1.2.3"),
        ("2001:db8:1:2:3:4:5:6", "2001:0db8:0001:0002"),
        ("fe80::1%eth0", "fe80:0000:0000:0000"),
        (None, ""),
        ("a pipe", "a pipe"),
    ],
)
def test_who_a_quota_counts_for(remote: str | None, client: str) -> None:
    """An address; of IPv6 the network that one host has to itself."""
    assert client_of(remote) == client


def test_a_body_must_keep_its_pace() -> None:
    """A minute of waiting must have brought enough, each minute anew; time that nobody waited does not count."""
    pace = Pace(1000)
    assert not any(pace.too_slow(1.0, 2000 * second) for second in range(1, 121))
    assert [pace.too_slow(29.0, 240_000 + n) for n in range(1, 4)] == [False, False, True]
    assert not any(Pace(0).too_slow(60.0, 0) for _ in range(3))
