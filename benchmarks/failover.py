"""One of two model servers is killed in mid phase, in a whole session of lab30.

    python -m benchmarks.failover [--students 30] [--model whisper-tiny.en --llm smollm2-135m-instruct]

What must hold: every student ends with a grade, the other server went on meanwhile, and the killed one was used again
after its restart. With the small default models it takes some minutes; its grades mean nothing.
"""

import argparse
import asyncio
import os
import signal
import sqlite3
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.phases import lab30_line
from benchmarks.session import POLL_SECONDS, run
from db.database import FILE_NAME
from introeval.client.api import Api

VICTIM = "embedded-1"


def command_line(pid: str) -> list[str]:
    """The words that a process was started with; none when it has ended."""
    try:
        return (Path("/proc") / pid / "cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []


def parent(pid: str) -> str:
    """The parent's process id; "0" when the process has ended."""
    try:
        status = (Path("/proc") / pid / "status").read_text()
    except OSError:
        return "0"
    return next((line.split()[1] for line in status.splitlines() if line.startswith("PPid:")), "0")


def pid_of(name: str, home: Path) -> int:
    """The embedded server of this name whose daemon keeps its state in ``home``: never somebody else's."""
    for folder in Path("/proc").glob("[0-9]*"):
        words = command_line(folder.name)
        ours = str(home / "state") in command_line(parent(folder.name))
        if ours and "models.embedded.server" in words and name in words:
            return int(folder.name)
    raise LookupError(name)


class Killer:
    """Kills the victim once both servers have graded. ``killed_at``: seconds since the epoch."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self.killed_at = 0.0

    async def __call__(self, api: Api) -> None:
        """Wait for the moment, then SIGKILL."""
        while True:
            status = await api.status()
            if len(status.servers) == 2 and all(server.graded >= 2 for server in status.servers):
                break
            await asyncio.sleep(POLL_SECONDS)
        os.kill(pid_of(VICTIM, self._home), signal.SIGKILL)
        self.killed_at = time.time()


def after(database: Path, moment: float) -> dict[str, int]:
    """Results per server after ``moment``."""
    connection = sqlite3.connect(database)
    try:
        query = "SELECT server, count(*) FROM results WHERE created_at > ? GROUP BY server"
        return dict(connection.execute(query, (moment,)))
    finally:
        connection.close()


def arguments() -> argparse.Namespace:
    """The command line."""
    here = Path(__file__).parents[1]
    cache = Path(os.environ.get("INTROEVAL_CACHE_DIR") or Path.home() / ".cache" / "introeval")
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--students", type=int, default=30)
    parser.add_argument("--model", default="whisper-tiny.en")
    parser.add_argument("--llm", default="smollm2-135m-instruct")
    parser.add_argument("--lab30", type=Path, default=here.parent / "shared" / "data" / "lab30")
    parser.add_argument("--cache", type=Path, default=cache)
    return parser.parse_args()


def main() -> int:
    """Run the session; 1 when something was lost or the victim was not used again."""
    given = arguments()
    environment = {
        "INTROEVAL_BATCH_SIZE": str(given.students),
        "INTROEVAL_BATCH_AGE_SECONDS": "600",
        "INTROEVAL_EMBEDDED_STT": given.model,
        "INTROEVAL_EMBEDDED_LLM": given.llm,
        "INTROEVAL_LOG_FORMAT": "json",
    }
    with TemporaryDirectory() as folder:
        home = Path(folder) / "failover"
        killer = Killer(home)
        session = asyncio.run(run(home, given.lab30, given.students, environment, given.cache, killer))
        later = after(home / "state" / FILE_NAME, killer.killed_at)
    print(lab30_line(session))
    print(f"after the kill of {VICTIM}: results per server {later}")
    whole = session.ended["completed"] == given.students and not session.violations and not session.overlap
    return 0 if whole and len(later) == 2 else 1


if __name__ == "__main__":
    raise SystemExit(main())
