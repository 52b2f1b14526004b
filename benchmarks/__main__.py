"""``python -m benchmarks``: all that docs/benchmarks.md shows, in one run; about 35 minutes on 2 cores.

Skips, and says so, where the recordings of lab30 are not beside the repository.
"""

import subprocess
import sys
from pathlib import Path

LAB30 = Path(__file__).parents[1].parent / "shared" / "data" / "lab30"


def main() -> int:
    """Run each benchmark in a process of its own; the worst exit code."""
    if not LAB30.is_dir():
        print(f"skipped: {LAB30} is not there (see README.md, Where things are)")
        return 0
    worst = 0
    for name in ("phases", "wer", "failover", "ladder"):
        print(f"\n== {name}", flush=True)
        worst = max(
            worst, subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode
        )
    return worst


if __name__ == "__main__":
    raise SystemExit(main())
