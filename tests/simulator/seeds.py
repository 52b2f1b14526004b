"""Many seeds, on all cores: each process has its own tables, and says only which seeds broke a law."""

import gc
import json
import os
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from tests.simulator.script import Happens, Item, Script, script_of
from tests.simulator.session import Outcome, play, quiet
from tests.simulator.shrink import shortest, text
from tests.simulator.tables import Tables

CORPUS = Path(__file__).with_name("corpus.json")
_BLOCK = 250
_COLLECT = 4


@dataclass(frozen=True, slots=True)
class Failure:
    """A seed that broke a law."""

    seed: int
    wrong: str
    hash: str


@dataclass(frozen=True, slots=True)
class Tally:
    """What many seeds came to. ``cpu``: seconds of processor time. ``seconds``: that were simulated."""

    seeds: int
    cpu: float
    seconds: float
    turns: int
    failures: tuple[Failure, ...]


@cache
def tables() -> Tables:
    """This process's."""
    return Tables()


def one(seed: int) -> Outcome:
    """Play one seed."""
    return play(script_of(seed), tables())


@cache
def _settle() -> None:
    """A session leaves a heap of cycles. They are collected soon, while their memory is in the processor's cache;
    what was there before is not looked at each time.
    """
    tables()
    gc.collect()
    gc.freeze()


def block(seeds: Iterable[int]) -> Tally:
    """Play some, in this process."""
    began, count, turns, seconds = time.process_time(), 0, 0, 0.0
    failures = []
    _settle()
    gc.disable()
    try:
        with quiet():
            for seed in seeds:
                outcome = one(seed)
                count, turns, seconds = count + 1, turns + outcome.turns, seconds + outcome.seconds
                if outcome.wrong:
                    failures.append(Failure(seed, outcome.wrong, outcome.hash))
                if count % _COLLECT == 0:
                    gc.collect()
    finally:
        gc.enable()
    return Tally(count, time.process_time() - began, seconds, turns, tuple(failures))


def many(start: int, count: int, workers: int | None = None) -> Iterator[Tally]:
    """Play ``count`` seeds from ``start`` on; a tally for each block as it ends."""
    blocks = [range(at, min(at + _BLOCK, start + count)) for at in range(start, start + count, _BLOCK)]
    workers = workers or os.cpu_count() or 1
    if workers == 1 or len(blocks) == 1:
        yield from map(block, blocks)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(block, blocks)


def together(tallies: Iterable[Tally]) -> Tally:
    """The sum."""
    found = list(tallies)
    return Tally(
        sum(tally.seeds for tally in found),
        sum(tally.cpu for tally in found),
        sum(tally.seconds for tally in found),
        sum(tally.turns for tally in found),
        tuple(failure for tally in found for failure in tally.failures),
    )


def fresh_start() -> int:
    """Where to begin, so that every run plays other seeds."""
    return int.from_bytes(os.urandom(6), "big")


def corpus() -> list[tuple[str, Script]]:
    """What once broke a law: why, and the shortest script, which stays what it is when seeds come to mean others."""
    entries = json.loads(CORPUS.read_text(encoding="utf-8"))
    return [(entry["why"], _script(entry["script"])) for entry in entries]


def keep(why: str, script: Script) -> None:
    """Add a script to the corpus."""
    entries = json.loads(CORPUS.read_text(encoding="utf-8"))
    entries.append({"why": why, "script": asdict(script)})
    CORPUS.write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")


def _script(fields: dict[str, Any]) -> Script:
    items = tuple(Item(**item | {"what": Happens(item["what"])}) for item in fields["items"])
    return Script(**fields | {"caps": tuple(fields["caps"]), "items": items})


def explained(failure: Failure) -> str:
    """Everything a person needs: the seed, the law, how to see it again, the trace's hash, the shortest script."""
    script = script_of(failure.seed)
    shorter, outcome = shortest(script, play(script, tables()), tables())
    return "\n".join(
        (
            f"seed {failure.seed} breaks a law: {failure.wrong}",
            f"  trace {failure.hash}; again: python -m tests.simulator --seed {failure.seed}",
            f"the shortest script found ({len(shorter.items)} of {len(script.items)} items): {outcome.wrong}",
            text(shorter),
        )
    )
