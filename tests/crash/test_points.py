"""Kills at a sample of the state calls of one life, and at random under load. The long forms: ``make crash``."""

import random
from pathlib import Path

import pytest

from tests.crash.forgetting import finished, forget_killed
from tests.crash.lab import Nursery
from tests.crash.load import kills_under_load
from tests.crash.points import calls_of_a_life, kill_at_each, kill_twice, sample

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

EVERY = 25
KILLS = 6
FORGETTING = 270
"""State calls of a daemon that forgets one submission, about."""


@pytest.fixture
def seed() -> int:
    """A fresh one for each run; it is printed when a test fails."""
    chosen = random.SystemRandom().randrange(10**6)
    print(f"seed {chosen}")
    return chosen


async def test_a_life_with_a_kill_at_any_state_call(nursery: Nursery, tmp_path: Path, seed: int) -> None:
    """Every 25th call, from a random one on: nothing accepted is lost, nothing is done twice, nothing is left over."""
    calls = await calls_of_a_life(nursery, tmp_path / "watched", seed)
    numbers = sample(len(calls), EVERY, seed)
    outcome = await kill_at_each(nursery, tmp_path, seed, numbers, jobs=2)
    assert outcome.failures == []
    # The very last calls may come earlier in another life.
    assert len(outcome.killed) >= len(numbers) - 1


async def test_a_kill_in_the_recovery(nursery: Nursery, tmp_path: Path, seed: int) -> None:
    """A second crash, while what the first one left is put in order."""
    outcome = await kill_twice(nursery, tmp_path, seed, lives=3, calls=600)
    assert outcome.failures == []


async def test_a_kill_while_a_submission_is_forgotten(nursery: Nursery, tmp_path: Path, seed: int) -> None:
    """What was begun is ended by the next daemon; nothing names the student any more, and the others are untouched."""
    ledger = await finished(nursery, tmp_path / "template", seed)
    numbers = sample(FORGETTING, FORGETTING // 3, seed)
    outcome = await forget_killed(nursery, tmp_path / "template", tmp_path, ledger, numbers, jobs=2)
    assert outcome.failures == []
    assert outcome.killed


async def test_kills_under_load(nursery: Nursery, tmp_path: Path, seed: int) -> None:
    """Several clients upload without a pause meanwhile."""
    load, ledger, failures = await kills_under_load(nursery, tmp_path, seed, KILLS)
    assert failures == []
    assert load.kills == KILLS
    assert ledger.accepted
