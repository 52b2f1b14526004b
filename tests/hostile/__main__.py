"""``python -m tests.hostile --fuzz 10000 [--seed N]``: try that many broken recordings; ``--replay N``: only that one.

A replay prints the verdict and keeps the file (``--keep PATH``). Ends with 1 when there was a fault.
"""

import argparse
import asyncio
import secrets
import sys
import tempfile
from pathlib import Path

from tests.hostile.fuzzing import Report, fuzz, try_seed
from tests.hostile.mutations import good_files, mutant


def main() -> int:
    """Run what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile", description=__doc__)
    parser.add_argument("--fuzz", type=int, default=10_000, help="how many files")
    parser.add_argument("--seed", type=int, help="the first number (a fresh one each time)")
    parser.add_argument("--replay", type=int, help="only the file of this number")
    parser.add_argument("--keep", type=Path, help="where to put that file")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="introeval-fuzz-") as folder:
        room = Path(folder)
        good = list(good_files(room).values())
        if chosen.replay is not None:
            return _replay(chosen.replay, good, room, chosen.keep)
        first = secrets.randbelow(1 << 40) if chosen.seed is None else chosen.seed
        print(f"seeds {first} to {first + chosen.fuzz - 1}, of {len(good)} kinds of recording", flush=True)
        report: Report = asyncio.run(fuzz(range(first, first + chosen.fuzz), good, room, progress=500))
    print(report)
    for seed, fault in report.faults.items():
        print(f"python -m tests.hostile --replay {seed}   # {fault}")
    return 1 if report.faults else 0


def _replay(seed: int, good: list[bytes], room: Path, keep: Path | None) -> int:
    if keep is not None:
        keep.write_bytes(mutant(seed, good))
    verdict, fault = asyncio.run(try_seed(seed, good, room))
    print(verdict, fault or "no fault", sep="\n")
    return 1 if fault else 0


if __name__ == "__main__":
    sys.exit(main())
