"""``python -m tests.powercut``: power cuts on recorded disks; ``--full`` for all, otherwise the slice that CI runs.

``--replay FOLDER STATE...`` looks again at states of a run that was kept: ``all@120``, ``none@120``, ``torn@120/7``.
The exit status is 0 when production code lost nothing and every deliberate defect was found.
"""

import argparse
import os
import secrets
import sys
import time
from pathlib import Path

from tests.powercut import kernel, requirements
from tests.powercut.campaign import Part, carry_out
from tests.powercut.crash import Reader
from tests.powercut.ledger import Run
from tests.powercut.mutants import MUTANTS
from tests.powercut.states import State
from tests.powercut.workload import Plan


def full(seed: int, share: float) -> list[Part]:
    """5,000 states of ext4, some hundreds of the others, and every defect."""
    ext4 = [("ext4", 1, 1100), ("ext4", 1, 1100), ("ext4-1k", 1, 1100), ("ext4-1k", 1, 850), ("ext4", 2, 850)]
    others = [("xfs", 1, 400), ("btrfs", 1, 400)]
    parts = [
        Part(filesystem, round(states * share), Plan(24, 6, seed + number), disks)
        for number, (filesystem, disks, states) in enumerate(ext4 + others)
        if filesystem.startswith("ext4") or requirements.has(f"mkfs.{filesystem}")
    ]
    return parts + defects(seed, 12, round(200 * share))


def a_slice(seed: int) -> list[Part]:
    """What CI has time for."""
    return [Part("ext4", 160, Plan(10, 2, seed)), *defects(seed, 3, 20)]


def defects(seed: int, students: int, states: int) -> list[Part]:
    """Nobody kills the service here: a defect must be found by its power cuts alone."""
    return [
        Part("ext4", states, Plan(students, 1, seed, name, kill=False), mutant.disks)
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


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(prog="python -m tests.powercut", description=__doc__)
    parser.add_argument("--full", action="store_true", help="5,000 states of ext4, and xfs and btrfs")
    parser.add_argument("--share", type=float, default=1.0, help="of the full run's states (0.1: a tenth)")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000), help="fresh if not given")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", default="", help="parts whose name has this text")
    parser.add_argument("--replay", nargs="+", metavar=("FOLDER", "STATE"))
    asked = parser.parse_args()
    reason = requirements.missing()
    if reason is not None:
        print(reason, file=sys.stderr)
        return 2
    kernel.private_mounts()
    if asked.replay:
        return int(replay(Path(asked.replay[0]), asked.replay[1:]) > 0)
    parts = full(asked.seed, asked.share) if asked.full else a_slice(asked.seed)
    print(f"seed {asked.seed}, {asked.jobs} jobs", flush=True)
    outcomes = []
    for part in parts:
        if asked.only not in part.name:
            continue
        began = time.monotonic()
        outcome = carry_out(part, asked.jobs)
        outcomes.append(outcome)
        print(f"{outcome}; {time.monotonic() - began:.0f} s", flush=True)
        if outcome.kept:
            print(
                f"    kept in {outcome.kept}; look again: python -m tests.powercut --replay {outcome.kept} STATE"
            )
            for finding in outcome.findings[:10]:
                print(f"    {finding.state}: {'; '.join(finding.faults[:3])}")
    total = sum(sum(outcome.examined.values()) for outcome in outcomes if outcome.part.plan.mutant is None)
    print(f"{total} states of production code", flush=True)
    return int(not all(outcome.passed for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
