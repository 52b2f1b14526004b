"""The token buckets, in virtual time: never faster than the limits, in turn, and settled with what was used."""

import asyncio
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.limits import RateLimiter, RateLimits
from tests.models.loops import run

SLACK = 1e-6


@dataclass(frozen=True)
class Request:
    """One caller: when it comes (seconds), what it reserves, what it uses, how long that takes."""

    at: float
    tokens: int
    used: int
    takes: float


REQUESTS = st.lists(
    st.builds(
        Request,
        at=st.floats(0, 5),
        tokens=st.integers(0, 300),
        used=st.integers(0, 600),
        takes=st.floats(0, 3),
    ),
    min_size=1,
    max_size=25,
)


async def send(limiter: RateLimiter, request: Request, admitted: list[tuple[float, Request]]) -> None:
    """Come, wait for the limits, use, settle."""
    await asyncio.sleep(request.at)
    await limiter.admit(request.tokens)
    admitted.append((asyncio.get_running_loop().time(), request))
    await asyncio.sleep(request.takes)
    limiter.settle(request.tokens, request.used)


async def send_all(limits: RateLimits, requests: list[Request]) -> tuple[list[tuple[float, Request]], float]:
    """When each was admitted, and what is owed at the end."""
    limiter, admitted = RateLimiter(limits), list[tuple[float, Request]]()
    await asyncio.gather(*(send(limiter, request, admitted) for request in requests))
    return admitted, limiter.owed


@given(requests=REQUESTS, rate=st.floats(0.5, 20), burst=st.integers(1, 10))
def test_requests_keep_to_rate_and_burst(requests: list[Request], rate: float, burst: int) -> None:
    """In every span of time no more than the burst and what flowed since; all are served."""
    limits = RateLimits(requests_per_second=rate, request_burst=burst)
    admitted, _ = run(send_all(limits, requests))
    assert len(admitted) == len(requests)
    times = [at for at, _ in admitted]
    for first in range(len(times)):
        for last in range(first, len(times)):
            assert last - first + 1 <= burst + rate * (times[last] - times[first]) + SLACK


@given(requests=REQUESTS, rate=st.floats(20, 500), burst=st.integers(50, 500))
def test_tokens_keep_to_rate_and_burst(requests: list[Request], rate: float, burst: int) -> None:
    """What was paid for until the last one was let through never exceeds burst and flow, whatever was estimated."""
    admitted, owed = run(send_all(RateLimits(tokens_per_second=rate, token_burst=burst), requests))
    last, _ = admitted[-1]
    paid = sum(request.used for _, request in admitted) - owed
    assert paid <= burst + rate * last + SLACK * (1 + paid)


@given(tokens=st.lists(st.integers(0, 900), min_size=2, max_size=20))
def test_nobody_is_overtaken(tokens: list[int]) -> None:
    """Who comes first is first, also with the largest prompt, also with more than a burst."""
    requests = [Request(at=n / 1000, tokens=count, used=count, takes=0) for n, count in enumerate(tokens)]
    limits = RateLimits(requests_per_second=5, tokens_per_second=100, token_burst=300)
    admitted, owed = run(send_all(limits, requests))
    assert [request for _, request in admitted] == requests
    assert owed == pytest.approx(0, abs=SLACK)


def test_long_run_has_the_rate() -> None:
    """50 requests at 5 a second with a burst of 1 take 49 fifths of a second."""
    admitted, _ = run(send_all(RateLimits(requests_per_second=5), [Request(0, 0, 0, 0)] * 50))
    assert admitted[-1][0] == pytest.approx(49 / 5)


def test_what_was_used_beyond_the_estimate_delays_the_next() -> None:
    """100 reserved, 500 used: the next one waits for the 400, and a modest one gives its rest back."""

    async def times() -> list[float]:
        limiter, now = (
            RateLimiter(RateLimits(tokens_per_second=100, token_burst=100)),
            asyncio.get_running_loop().time,
        )
        seen = []
        for reserved, used in ((100, 500), (100, 0), (100, 100)):
            await limiter.admit(reserved)
            seen.append(now())
            limiter.settle(reserved, used)
        return seen

    assert run(times()) == pytest.approx([0, 5, 5], abs=SLACK)


def test_cancelled_waiter_costs_nothing() -> None:
    """Who gives up while waiting leaves the account as it was, less what flowed to it already."""

    async def owed() -> float:
        limiter = RateLimiter(RateLimits(tokens_per_second=100, token_burst=100))
        await limiter.admit(100)
        waiter = asyncio.create_task(limiter.admit(1000))
        await asyncio.sleep(2.5)
        waiter.cancel()
        await asyncio.gather(waiter, return_exceptions=True)
        return limiter.owed

    assert run(owed()) == pytest.approx(-200, abs=0.01)


@pytest.mark.parametrize(
    "wrong",
    [{"requests_per_second": 0}, {"tokens_per_second": -1}, {"request_burst": 0.5}, {"token_burst": -1}],
)
def test_limits_that_let_nothing_through_are_refused(wrong: dict[str, float]) -> None:
    """A rate of nothing would wait for ever."""
    with pytest.raises(ValueError, match="must be"):
        RateLimits(**wrong)


def test_no_limits_are_no_wait() -> None:
    """Without limits nothing is counted."""
    admitted, owed = run(send_all(RateLimits(), [Request(0, 10**9, 10**9, 0)] * 3))
    assert [at for at, _ in admitted] == pytest.approx([0, 0, 0], abs=SLACK)
    assert owed == 0
