"""``python -m tests.simulator``: play seeds, and say what broke.

``--seed N``: one seed, with its shortest script if it breaks a law. ``--seeds K``: so many fresh ones on all cores;
``--start N``: from this one on. ``--keep WHY``, with ``--seed``: put the shortest script into the corpus. The exit
status is 1 when a law was broken.
"""

import argparse
import sys

from tests.simulator.script import script_of
from tests.simulator.seeds import Failure, Tally, explained, fresh_start, keep, many, one, tables, together
from tests.simulator.shrink import shortest, text

SHOWN = 5


def main() -> int:
    """See the module's text."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulator", description="Play seeds of the simulator."
    )
    parser.add_argument("--seed", type=int, help="play this one and show it")
    parser.add_argument("--seeds", type=int, default=1000, help="how many to play")
    parser.add_argument("--start", type=int, help="the first one; else one that nobody has chosen")
    parser.add_argument(
        "--keep", metavar="WHY", help="with --seed: remember it in corpus.json, and why it broke a law"
    )
    parser.add_argument("--workers", type=int, help="processes; else one for each core")
    chosen = parser.parse_args()
    if chosen.seed is not None:
        return _show(chosen.seed, chosen.keep)
    start = fresh_start() if chosen.start is None else chosen.start
    print(f"{chosen.seeds} seeds from {start} on; again: --seeds {chosen.seeds} --start {start}", flush=True)
    tallies: list[Tally] = []
    for tally in many(start, chosen.seeds, chosen.workers):
        tallies.append(tally)
        for failure in tally.failures:
            print(f"seed {failure.seed}: {failure.wrong}", flush=True)
    return _report(together(tallies))


def _show(seed: int, why: str | None) -> int:
    outcome, script = one(seed), script_of(seed)
    print(text(script))
    print(f"trace {outcome.hash}, {outcome.turns} turns, {outcome.seconds:.0f} simulated seconds")
    if outcome.wrong is None:
        print("no law is broken")
        return 0
    if why:
        keep(why, shortest(script, outcome, tables())[0])
    print(explained(Failure(seed, outcome.wrong, outcome.hash)))
    return 1


def _report(tally: Tally) -> int:
    rate = tally.seeds / tally.cpu if tally.cpu else 0.0
    print(
        f"{tally.seeds} seeds, {tally.seconds / 3600:.0f} simulated hours, {tally.turns} turns, "
        f"{tally.cpu:.1f} s of CPU: {rate:.0f} seeds for each of them; {len(tally.failures)} broke a law"
    )
    for failure in tally.failures[:SHOWN]:
        print(explained(failure))
    return 1 if tally.failures else 0


if __name__ == "__main__":
    sys.exit(main())
