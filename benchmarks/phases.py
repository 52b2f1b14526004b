"""The phases against one student at a time, side by side in one run on lab30, with the lower bound.

    python -m benchmarks.phases [--students 30] [--lab30 FOLDER]

(a) one at a time: batches of one, STT then grading, one model server with all cores: the best that one request at a
    time can have. (b) the phases: one batch of all, two servers that share the cores. Both in exclusive residency, as
    on a GPU: whoever does not have the machine has no weights in memory.

The lower bound is (b)'s own work without any waiting: its STT seconds, its language-model seconds shared by the two
servers, and one hand-over. Ratios are of one run on one machine; the seconds are only that machine's.
"""

import argparse
import asyncio
import os
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.session import Session, run

SERVERS = 2
PROMISED = 25 / 15


def bound(phases: Session) -> float:
    """Seconds that nothing on this machine could beat with the same parts."""
    return phases.stt + phases.llm / SERVERS + sum(phases.hand_overs) / max(1, len(phases.hand_overs))


def table(alone: Session, phases: Session) -> str:
    """The result, as docs/benchmarks.md shows it."""
    rows = [
        ("makespan", alone.makespan, phases.makespan),
        ("mean time per student", alone.mean_flow, phases.mean_flow),
        ("STT work", alone.stt, phases.stt),
        ("language-model work (sum over requests)", alone.llm, phases.llm),
        (f"hand-overs ({len(alone.hand_overs)} and {len(phases.hand_overs)})",
         sum(alone.hand_overs), sum(phases.hand_overs)),
    ]  # fmt: skip
    lines = ["| seconds | (a) one at a time | (b) phases | a / b |", "|---|---|---|---|"]
    lines += [f"| {name} | {a:.1f} | {b:.1f} | {a / b:.2f} |" for name, a, b in rows]
    lower = bound(phases)
    return "\n".join(
        [
            *lines,
            "",
            f"lower bound {lower:.1f} s: the phases take {phases.makespan / lower:.2f} x that;",
            f"gain {alone.makespan / phases.makespan:.2f} x (the promise was {PROMISED:.2f} x)",
        ]
    )


def lab30_line(session: Session) -> str:
    """What the issue asks of the lab: nothing lost, nothing at once, both servers used."""
    return (
        f"ended: {dict(session.ended)}; violations {session.violations}; STT and language models at once "
        f"{session.overlap:.1f} s; graded per server: {dict(session.graded)}"
    )


def fairly_shared(session: Session) -> bool:
    """Each of the two servers graded half of the students, give or take 2."""
    return all(abs(count - sum(session.graded.values()) / SERVERS) <= 2 for count in session.graded.values())


def arguments() -> argparse.Namespace:
    """The command line."""
    here = Path(__file__).parents[1]
    cache = Path(os.environ.get("INTROEVAL_CACHE_DIR") or Path.home() / ".cache" / "introeval")
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--students", type=int, default=30)
    parser.add_argument("--lab30", type=Path, default=here.parent / "shared" / "data" / "lab30")
    parser.add_argument("--cache", type=Path, default=cache)
    return parser.parse_args()


def main() -> int:
    """Run (b), then (a); 1 when anything was lost or met."""
    given = arguments()
    common = {"INTROEVAL_STT_RESIDENCY": "exclusive", "INTROEVAL_LOG_FORMAT": "json"}
    batch = common | {"INTROEVAL_BATCH_SIZE": str(given.students), "INTROEVAL_BATCH_AGE_SECONDS": "600"}
    single = common | {
        "INTROEVAL_BATCH_SIZE": "1",
        "INTROEVAL_BATCH_AGE_SECONDS": "0",
        "INTROEVAL_EMBEDDED_SERVERS": "1",
    }
    with TemporaryDirectory() as folder:
        sessions = []
        for name, environment in (("phases", batch), ("one", single)):
            home = Path(folder) / name
            session = asyncio.run(run(home, given.lab30, given.students, environment, given.cache))
            print(f"{name}: {lab30_line(session)}", flush=True)
            sessions.append(session)
    phases, alone = sessions
    print(table(alone, phases))
    lost = any(s.violations or s.overlap or s.ended["completed"] < given.students for s in sessions)
    return int(lost or not fairly_shared(phases))


if __name__ == "__main__":
    raise SystemExit(main())
