"""Deliberate defects: would the simulator see them? ``python -m tests.simulator.mutants`` makes the table of the docs.

A mutant is a change of the production code, in memory and for a while: a few words of a function, a statement of
``queries.sql``, a trigger, or a method as somebody might have written it.
"""

import sys
from collections.abc import Iterator

from db.store import SqliteStore
from scheduler import batches, policy
from scheduler.batches import BatchCoordinator
from scheduler.controller import SemaphoreController
from scheduler.jobs import JobRunner
from scheduler.leases import Lease
from scheduler.lock import PhaseLock
from scheduler.queues import ReaderWriterQueueManager
from tests.simulator import sketches
from tests.simulator.edits import Mutant, edit, happens, put, replaced, statement, streams, without_trigger
from tests.simulator.regrade_mutants import REGRADES
from tests.simulator.script import script_of
from tests.simulator.seeds import one

MOST = 3000
STARTS = (0, 1_000_000, 2_000_000)


_SWAPS = ("start_task", "finish_stt", "finish_llm", "put_back", "keep_grade", "regrade_task")
_SWAP = " AND current_phase = :old_phase AND status = :old_status AND lease = :lease"

MUTANTS = (
    Mutant(
        "the source's two semaphores: each side starts its own work, nothing ties them",
        "controller",
        (put(policy, "_commands", sketches.two_semaphores), put(PhaseLock, "work", sketches.own_semaphore)),
    ),
    Mutant("no compare-and-swap", "store", (statement(_SWAPS, _SWAP, ""),)),
    Mutant("the lease is not checked", "store", (statement(_SWAPS[:5], " AND lease = :lease", ""),)),
    Mutant(
        "a lost wake-up: the flag is cleared after the tables were read",
        "loop",
        (
            edit(
                ReaderWriterQueueManager,
                "run",
                "await self._clock.wait(",
                "self._wake.clear(); await self._clock.wait(",
            ),
        ),
    ),
    Mutant(
        "the queue is cleared after the gather, with those who came meanwhile",
        "batches",
        (
            put(SqliteStore, "close_batch", sketches.clearing(SqliteStore.close_batch)),
            put(SqliteStore, "snapshot", sketches.cleared(SqliteStore.snapshot)),
        ),
    ),
    Mutant(
        "recovery forgets `switching`: the machine is taken for what the table says",
        "recovery",
        (edit(ReaderWriterQueueManager, "run", "recovered = True", sketches.TRUSTING),),
    ),
    Mutant(
        "recovery gives nothing back",
        "recovery",
        (edit(SqliteStore, "recover", 'await transaction.all("processing_tasks")', "[]"),),
        needs=happens("kill"),
    ),
    Mutant(
        "the lock is not released in a hand-over",
        "controller",
        (edit(PhaseLock, "release", "self.owner = Phase.SWITCHING", "pass"),),
    ),
    Mutant(
        "a piece of work does not let go of the lock",
        "controller",
        (edit(PhaseLock, "work", "self.held -= 1", "pass"),),
    ),
    Mutant(
        "the other side is not made to leave",
        "controller",
        (edit(SemaphoreController, "switch_to", "await leaving.leave()", "pass"),),
    ),
    Mutant(
        "the lock is taken before the side has entered",
        "controller",
        (edit(SemaphoreController, "switch_to", "await entering.enter()", sketches.EARLY),),
        needs=happens("side"),
    ),
    Mutant(
        "the phase is not committed before the hand-over",
        "controller",
        (
            edit(
                SemaphoreController,
                "switch_to",
                "await self._store.set_phase(Phase.SWITCHING, began)",
                "pass",
            ),
        ),
    ),
    Mutant(
        "work is handed out before its commit",
        "store",
        (put(SqliteStore, "start", sketches.start_before_commit),),
    ),
    Mutant(
        "result and state in two transactions",
        "store",
        (put(SqliteStore, "evaluated", sketches.evaluated_in_two),),
    ),
    Mutant(
        "a transition without its event",
        "transitions",
        (
            edit(
                SqliteStore,
                "_put_back",
                'await record_transition(transaction, task, event, target, now, {"error": code})',
                "pass",
            ),
        ),
    ),
    Mutant(
        "a retry is counted twice", "transitions", (statement(("put_back",), "+ :retries", "+ 2 * :retries"),)
    ),
    Mutant(
        "one retry too many",
        "transitions",
        (put(JobRunner, "_failed", sketches.one_more_retry(JobRunner._failed)),),
    ),
    *REGRADES,
    Mutant("the counters' trigger is gone", "store", (lambda: without_trigger("count_updated"),)),
    Mutant(
        "the batch barrier is off by one",
        "batches",
        (put(BatchCoordinator, "evaluable", staticmethod(sketches.barrier_off_by_one)),),
    ),
    Mutant(
        "batches overtake each other in STT",
        "batches",
        (put(BatchCoordinator, "in_stt", staticmethod(sketches.newest_in_stt)),),
    ),
    Mutant(
        "no alternation: the models keep the machine while they have work",
        "policy",
        (
            edit(
                policy,
                "_holder",
                "yields = view.stt_wants and (capped or not view.llm_wants)",
                "yields = view.stt_wants and not view.llm_wants",
            ),
        ),
        needs=streams,
    ),
    Mutant(
        "no alternation: STT keeps the machine while it has work",
        "policy",
        (edit(policy, "_holder", "(capped or view.turn_over or not view.stt_wants)", "not view.stt_wants"),),
        needs=streams,
    ),
    Mutant(
        "a retry waits for the next phase",
        "policy",
        (put(policy, "_View", sketches.retries_later(policy._View)),),
        needs=happens("work"),
    ),
    Mutant(
        "an outcome is given up when the disk refuses it",
        "jobs",
        (edit(JobRunner, "_commit", "if self._stopping:", "if True:"),),
        needs=happens("disk"),
    ),
    Mutant(
        "no lease ends",
        "jobs",
        (edit(Lease, "until_over", "left = ", "left = 1e9 + "),),
        needs=happens("work"),
    ),
    Mutant(
        "lost work's slot and hold are given to others",
        "jobs",
        (
            edit(
                JobRunner,
                "_watch",
                "await asyncio.wait([job.lease.work])",
                "self._controller._lock.held -= 1",
            ),
            edit(PhaseLock, "work", "self.held -= 1", "self.held = max(0, self.held - 1)"),
        ),
        needs=happens("lost"),
    ),
    Mutant(
        "a cancelled task's work is forgotten before it has ended",
        "jobs",
        (edit(ReaderWriterQueueManager, "machine", "in_hand=self._jobs.in_hand()", "in_hand=frozenset()"),),
        needs=happens("cancel"),
    ),
    Mutant(
        "a clock that is set back makes all wait for it",
        "policy",
        (
            edit(batches, "is_over", " or now < began", ""),
            lambda: replaced(policy, "is_over", batches.is_over),
        ),
        needs=happens("clock"),
    ),
)


def seeds_to_catch(mutant: Mutant, start: int = 0, most: int = MOST) -> tuple[int, str] | None:
    """How many seeds it lives, and the law that ends it; ``None``: it outlives ``most``."""
    with mutant.alive():
        for count in range(1, most + 1):
            if not mutant.needs(script_of(start + count - 1)):
                continue
            outcome = one(start + count - 1)
            if outcome.wrong is not None:
                return count, outcome.law
    return None


def table(starts: tuple[int, ...] = STARTS) -> Iterator[str]:
    """The lines of the table in ``docs/reliability.md``."""
    yield "| Defect | Where | Law that broke first | Seeds to catch it |"
    yield "|---|---|---|---|"
    for mutant in MUTANTS:
        found = [seeds_to_catch(mutant, start) for start in starts]
        laws = list(dict.fromkeys(law for _, law in filter(None, found)))
        counts = ", ".join("never" if caught is None else str(caught[0]) for caught in found)
        yield f"| {mutant.name} | {mutant.where} | {'; '.join(laws)} | {counts} |"


if __name__ == "__main__":
    for line in table():
        print(line, flush=True)
    sys.exit(0)
