"""The lock: a claim that does not fit changes nothing, is counted and raises."""

import pytest

from scheduler.errors import ConcurrencyViolationError
from scheduler.lock import PhaseLock
from scheduler.task import Phase


def test_readers_share_and_the_writer_is_kept_out() -> None:
    """Two pieces of language-model work may be held; STT work meanwhile is a breach."""
    lock = PhaseLock(owner=Phase.LLM)
    with lock.work(Phase.LLM), lock.work(Phase.LLM):
        assert lock.held == 2
        with (
            pytest.raises(ConcurrencyViolationError, match="stt work was started while llm"),
            lock.work(Phase.STT),
        ):
            pytest.fail("the guard let STT in")
    assert lock == PhaseLock(owner=Phase.LLM, held=0, violations=1)


def test_nobody_works_during_a_hand_over() -> None:
    """While the machine is nobody's, both sides are refused."""
    lock = PhaseLock()
    for side in (Phase.STT, Phase.LLM):
        with pytest.raises(ConcurrencyViolationError), lock.work(side):
            pytest.fail("the guard let work in")
    assert lock == PhaseLock(violations=2)


def test_the_machine_is_not_left_with_work_running() -> None:
    """Releasing with work in progress is a breach and leaves the owner as it was."""
    lock = PhaseLock(owner=Phase.STT)
    with lock.work(Phase.STT), pytest.raises(ConcurrencyViolationError):
        lock.release()
    assert lock == PhaseLock(owner=Phase.STT, violations=1)


def test_the_machine_is_not_taken_from_an_owner() -> None:
    """Acquiring without a release before is a breach."""
    lock = PhaseLock(owner=Phase.STT)
    with pytest.raises(ConcurrencyViolationError):
        lock.acquire(Phase.LLM)
    assert lock == PhaseLock(owner=Phase.STT, violations=1)


def test_work_is_given_back_when_it_raises() -> None:
    """A failing piece of work does not stay held."""
    lock = PhaseLock(owner=Phase.STT)
    with pytest.raises(RuntimeError), lock.work(Phase.STT):
        raise RuntimeError
    lock.release()
    assert lock == PhaseLock(owner=Phase.SWITCHING)
