"""The policy, as stories: what is known, and what is to be done."""

from scheduler.errors import NoServerError
from scheduler.outcome import event_for
from scheduler.pauses import pause_seconds
from scheduler.policy import (
    CloseBatch,
    Command,
    Evaluate,
    PhaseLimits,
    Prepare,
    SwitchTo,
    Transcribe,
    WakeAt,
    decide,
)
from scheduler.snapshot import Machine, QueueSnapshot
from scheduler.task import BatchState, Phase
from scheduler.transitions import (
    LLM_PENDING,
    LLM_PROCESSING,
    LLM_RETRY,
    STT_PENDING,
    STT_PROCESSING,
    STT_RETRY,
    TaskEvent,
)
from tests.scheduler.values import BATCHES, LIMITS, batch, machine, snapshot, task


def at(now: float, known: QueueSnapshot, on: Machine | None = None) -> list[Command]:
    """What the policy says at ``now``."""
    return decide(known, on or machine(), BATCHES, LIMITS, now)


def test_a_lone_task_waits_for_company_and_then_goes_alone() -> None:
    """A batch closes at its age, not only when it is full."""
    known = snapshot(Phase.STT, task("a", batch_id=None, created_at=5.0))
    assert at(10.0, known) == [WakeAt(25.0)]
    assert at(25.0, known) == [CloseBatch(known.unbatched)]


def test_a_full_batch_closes_at_once() -> None:
    """The third task of three does not wait."""
    known = snapshot(Phase.STT, *(task(name, batch_id=None) for name in "abc"))
    assert at(0.0, known) == [CloseBatch(known.unbatched)]


def test_no_second_batch_closes_while_one_waits() -> None:
    """It could not begin, only stay small; the late ones stay together instead."""
    late = task("z", batch_id=None)
    known = snapshot(Phase.LLM, late, task("a"), batches=(batch(state=BatchState.WAITING),))
    assert not any(isinstance(command, CloseBatch) for command in at(99.0, known))


def test_priority_takes_its_turn_first() -> None:
    """Among those who wait, priority goes before age."""
    waiting = [
        task(name, batch_id=None, created_at=created)
        for name, created in (("a", 1.0), ("b", 2.0), ("c", 3.0))
    ]
    urgent = task("u", batch_id=None, created_at=9.0, priority=1)
    assert at(9.0, snapshot(Phase.STT, *waiting, urgent)) == [CloseBatch((urgent, waiting[0], waiting[1]))]


def test_stt_fills_its_slot_and_prepares_the_rest() -> None:
    """One file is transcribed, the others' audio is extracted meanwhile."""
    a, b = task("a"), task("b")
    assert at(1.0, snapshot(Phase.STT, a, b)) == [Transcribe(a), Prepare(b)]


def test_a_batch_is_not_evaluated_before_its_stt_is_done() -> None:
    """A finished transcript waits for the slowest file of its batch, a retried one included."""
    done, running, retried = task("a", LLM_PENDING), task("b", STT_PROCESSING), task("c", STT_RETRY)
    assert at(1.0, snapshot(Phase.STT, done, running), machine(stt_slots=0)) == []
    assert at(1.0, snapshot(Phase.STT, done, retried)) == [Transcribe(retried)]


def test_the_machine_is_handed_over_when_stt_is_done() -> None:
    """With nothing left in STT the readers get the machine."""
    assert at(1.0, snapshot(Phase.STT, task("a", LLM_PENDING))) == [SwitchTo(Phase.LLM)]


def test_two_servers_get_two_students() -> None:
    """Every free slot is filled, in turn."""
    tasks = [task(name, LLM_PENDING, created_at=index) for index, name in enumerate("abc")]
    assert at(1.0, snapshot(Phase.LLM, *tasks)) == [Evaluate(tasks[0]), Evaluate(tasks[1])]


def test_the_next_batch_waits_and_is_prepared() -> None:
    """While the readers work on batch 1, batch 2's audio is prepared but not transcribed."""
    reading, waiting = task("a", LLM_PROCESSING), task("b", batch_id=2)
    both = (batch(1, BatchState.EVALUATING), batch(2, BatchState.WAITING))
    known = snapshot(Phase.LLM, reading, waiting, batches=both)
    assert at(1.0, known) == [Prepare(waiting), WakeAt(100.0)]


def test_batches_alternate() -> None:
    """After batch 1's STT the readers come before batch 2's STT."""
    known = snapshot(
        Phase.STT,
        task("a", LLM_PENDING),
        task("b", batch_id=2),
        batches=(batch(1, BatchState.EVALUATING), batch(2, BatchState.WAITING)),
    )
    assert SwitchTo(Phase.LLM) in at(1.0, known)


def test_work_without_stt_takes_no_batch_its_turn() -> None:
    """Homework that comes in at each hand-over goes on after the batch that waited before it, not before."""
    waiting, homework = task("a", batch_id=1), task("b", LLM_PENDING, batch_id=2, updated_at=5.0)
    both = (batch(1, BatchState.WAITING), batch(2, BatchState.EVALUATING))
    known = snapshot(Phase.STT, waiting, homework, batches=both)
    assert at(6.0, known) == [Transcribe(waiting), WakeAt(100.0)]


def test_a_capped_phase_drains_and_yields() -> None:
    """Past its cap the readers' phase starts nothing more, ends what runs, then yields."""
    both = (batch(1, BatchState.EVALUATING), batch(2, BatchState.WAITING))
    rest, waiting = task("a", LLM_PENDING), task("b", batch_id=2)
    running = task("c", LLM_PROCESSING)
    assert at(100.0, snapshot(Phase.LLM, rest, running, waiting, batches=both)) == []
    assert at(100.0, snapshot(Phase.LLM, rest, waiting, batches=both)) == [SwitchTo(Phase.STT)]


def test_after_a_capped_phase_the_waiting_batch_begins() -> None:
    """Transcripts that an earlier phase left over do not take the machine back before the batch has begun."""
    both = (batch(1, BatchState.EVALUATING), batch(2, BatchState.WAITING))
    rest, waiting = task("a", LLM_PENDING, updated_at=50.0), task("b", batch_id=2)
    known = snapshot(Phase.STT, rest, waiting, batches=both, phase_since=100.0)
    assert at(101.0, known) == [Transcribe(waiting), WakeAt(200.0)]


def test_a_retry_waits_a_moment() -> None:
    """A server that answers nonsense for some seconds does not use up all attempts at once."""
    limits = PhaseLimits(retry_seconds=5.0)
    retried = task("a", LLM_RETRY, updated_at=10.0)
    known = snapshot(Phase.LLM, retried)
    due = 10.0 + pause_seconds(retried, 5.0)
    assert decide(known, machine(), BATCHES, limits, 12.0) == [WakeAt(due)]
    assert decide(known, machine(), BATCHES, limits, due) == [Evaluate(retried)]


def test_a_suspect_is_evaluated_alone() -> None:
    """What failed before takes no neighbour along when it takes the server down."""
    good, bad, often = task("a", LLM_PENDING), task("b", LLM_RETRY), task("c", LLM_PENDING, lease=9)
    assert at(1.0, snapshot(Phase.LLM, good, bad, often)) == [Evaluate(good)]
    assert at(1.0, snapshot(Phase.LLM, task("a", LLM_PROCESSING), bad, often), machine(llm_slots=1)) == []
    assert at(1.0, snapshot(Phase.LLM, bad, often)) == [Evaluate(often)]


def test_a_regraded_class_is_no_suspect() -> None:
    """Hand-outs count since the last regrade: the fifth version of an assignment goes to all servers at once."""
    again = [task(name, LLM_PENDING, lease=4_000) for name in "abc"]
    assert at(1.0, snapshot(Phase.LLM, *again)) == [Evaluate(again[0]), Evaluate(again[1])]
    often = task("a", LLM_PENDING, lease=4_005)
    assert at(1.0, snapshot(Phase.LLM, often, *again[1:])) == [Evaluate(again[1]), Evaluate(again[2])]
    assert at(1.0, snapshot(Phase.LLM, often)) == [Evaluate(often)]


def test_a_suspect_does_not_wait_for_later_batches() -> None:
    """A stream of homework, each a batch of its own, would else keep a retry waiting for ever."""
    bad, later = task("a", LLM_RETRY), task("b", LLM_PENDING, batch_id=2)
    both = (batch(1, BatchState.EVALUATING), batch(2, BatchState.EVALUATING))
    running = task("c", LLM_PROCESSING, batch_id=2)
    assert at(1.0, snapshot(Phase.LLM, bad, later, batches=both)) == [Evaluate(bad)]
    assert at(1.0, snapshot(Phase.LLM, bad, later, running, batches=both), machine(llm_slots=1)) == []


def test_a_cap_means_nothing_when_nobody_waits() -> None:
    """Without other work a phase goes on for as long as it has its own."""
    rest = task("a", LLM_PENDING)
    assert at(9999.0, snapshot(Phase.LLM, rest)) == [Evaluate(rest)]


def test_no_server_no_phase() -> None:
    """With both servers down the transcripts wait where they are, and new videos are still transcribed."""
    down = machine(llm_slots=0, servers_up=0)
    done, new = task("a", LLM_PENDING), task("b", batch_id=2)
    both = (batch(1, BatchState.EVALUATING), batch(2, BatchState.WAITING))
    assert at(1.0, snapshot(Phase.STT, done), down) == []
    assert at(1.0, snapshot(Phase.LLM, done), down) == []
    assert at(1.0, snapshot(Phase.LLM, done, new, batches=both), down)[0] == SwitchTo(Phase.STT)


def test_nothing_starts_before_the_side_is_ready() -> None:
    """After a restart the table says STT, but nobody has entered: the hand-over comes first."""
    for phase in Phase:
        assert at(1.0, snapshot(phase, task("a")), machine(ready=False)) == [SwitchTo(Phase.STT)]


def test_nothing_starts_while_held() -> None:
    """During a hand-over, a pause after an error or a shutdown the policy is silent."""
    assert at(1.0, snapshot(Phase.STT, task("a")), machine(held=True)) == []


def test_an_idle_machine_stays_where_it_is() -> None:
    """Nobody loads weights for nothing."""
    for phase in Phase:
        assert at(1.0, snapshot(phase), machine(ready=False)) == []


def test_first_attempts_go_before_retries() -> None:
    """A file that failed once is tried again after the others."""
    bad, good = task("a", STT_RETRY, created_at=0.0), task("b", STT_PENDING, created_at=5.0)
    assert at(6.0, snapshot(Phase.STT, bad, good)) == [Transcribe(good), Prepare(bad)]


def test_work_for_an_absent_server_holds_nobody_up() -> None:
    """It waits, ever longer; the other side gets the machine, and in time it is tried again."""
    limits = PhaseLimits(retry_seconds=5.0)
    away = task("a", LLM_PENDING, updated_at=10.0, error_code="no_server", lease=3)
    due = 10.0 + pause_seconds(away, 5.0)
    waiting = task("b", STT_PENDING, batch_id=2)
    both = (batch(1, BatchState.EVALUATING), batch(2, BatchState.WAITING))
    known = snapshot(Phase.LLM, away, waiting, batches=both)
    assert decide(known, machine(), BATCHES, limits, 12.0) == [SwitchTo(Phase.STT), WakeAt(due)]
    alone = snapshot(Phase.LLM, away, batches=both[:1])
    assert decide(alone, machine(), BATCHES, limits, 12.0) == [WakeAt(due)]
    assert decide(alone, machine(), BATCHES, limits, due) == [Evaluate(away)]
    later = pause_seconds(task("a", LLM_PENDING, error_code="no_server", lease=9), 5.0)
    assert due - 10.0 < later <= 120.0


def test_absence_is_never_a_failed_attempt() -> None:
    """However often it was handed out; only a request that servers failed on is suspected."""
    often = task("a", LLM_PROCESSING, lease=500)
    assert event_for(often, NoServerError("away", asked=False), 2) is TaskEvent.RELEASED
    assert event_for(often, NoServerError("all failed"), 2) is TaskEvent.ATTEMPT_FAILED
