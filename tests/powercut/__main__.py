"""``python -m tests.powercut``: power cuts on recorded disks; ``--full`` for all, otherwise the slice that CI runs.

``--replay FOLDER STATE...`` looks again at states of a run that was kept: ``all@120``, ``none@120``, ``torn@120/7``.
The exit status is 0 when production code lost nothing and every deliberate defect was found.
"""

import argparse
import os
import secrets
import signal
import sys
import time
from pathlib import Path

from tests.powercut import kernel, requirements
from tests.powercut.campaign import Outcome, Part, carry_out, examiners
from tests.powercut.crash import Reader
from tests.powercut.ledger import Run
from tests.powercut.mutants import MUTANTS
from tests.powercut.states import State
from tests.powercut.workload import Plan


def full(seed: int) -> list[Part]:
    """Every prefix of three logs on ext4 and 500 torn states of each, some hundreds elsewhere, and every defect."""
    disks = (("ext4", 1), ("ext4-1k", 1), ("ext4", 2))
    parts = [
        Part(filesystem, Plan(24, 6, seed + number), None, 500, count)
        for number, (filesystem, count) in enumerate(disks)
    ]
    others = [name for name in ("xfs", "btrfs") if requirements.has(f"mkfs.{name}")]
    parts += [Part(name, Plan(24, 6, seed + 10), 250, 150) for name in others]
    return parts + defects(seed, 12, 150, 50, False)


def a_slice(seed: int) -> list[Part]:
    """What CI has time for."""
    return [Part("ext4", Plan(10, 2, seed), 100, 60), *defects(seed, 3, None, 20, True)]


def defects(seed: int, students: int, plain: int | None, torn: int, until_found: bool) -> list[Part]:
    """Nobody kills the service here: a defect must be found by its power cuts alone."""
    return [
        Part("ext4", Plan(students, 1, seed, name, kill=False), plain, torn, mutant.disks, until_found)
        for name, mutant in MUTANTS.items()
    ]


def replay(folder: Path, texts: list[str]) -> int:
    """Examine the named states of a kept run; returns how many have a fault."""
    states = []
    for text in texts:
        kind, _, rest = text.partition("@")
        position, _, seed = rest.partition("/")
        states.append(State(int(position), kind, int(seed or 0)))
    findings = Reader(Run.load(folder)).examine(states)
    for finding in findings:
        print(finding.state, *finding.faults, sep="\n    ")
    return len(findings)


def show(outcome: Outcome) -> None:
    """Where to look further, if something was not as it should be."""
    if outcome.kept:
        again = f"python -m tests.powercut --replay {outcome.kept} STATE"
        print(f"    kept in {outcome.kept}; look again: {again}")
        for finding in outcome.findings[:10]:
            print(f"    {finding.state}: {'; '.join(finding.faults[:3])}", flush=True)


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(prog="python -m tests.powercut", description=__doc__)
    parser.add_argument("--full", action="store_true", help="5,000 states of ext4, and xfs and btrfs")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000), help="fresh if not given")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", default="", help="parts whose name has this text")
    parser.add_argument("--replay", nargs="+", metavar=("FOLDER", "STATE"))
    asked = parser.parse_args()
    reason = requirements.missing()
    if reason is not None:
        print(reason, file=sys.stderr)
        return 2
    # As Ctrl-C: what was opened is closed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    kernel.private_mounts()
    if asked.replay:
        return int(replay(Path(asked.replay[0]), asked.replay[1:]) > 0)
    parts = full(asked.seed) if asked.full else a_slice(asked.seed)
    print(f"seed {asked.seed}, {asked.jobs} jobs", flush=True)
    outcomes = []
    with examiners(asked.jobs) as pool:
        for part in parts:
            if asked.only in part.name:
                began = time.monotonic()
                outcomes.append(carry_out(part, pool))
                print(f"{outcomes[-1]}; {time.monotonic() - began:.0f} s", flush=True)
                show(outcomes[-1])
    total = sum(outcome.examined.total() for outcome in outcomes if outcome.part.plan.mutant is None)
    print(f"{total} states of production code", flush=True)
    return int(not all(outcome.passed for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
