"""How much of the possible speed the executor reaches, against a server that answers each request after the same time.

    python -m benchmarks.executor [--latency 0.5] [--repeats 3] [--autorubric-python PATH]

efficiency = sequential time / (parallel time x min(workers, rate x latency)), with the sequential time of a client that
costs nothing (tasks x latency), so that nobody can gain by being slow alone. Without a limit the bound is the number of
workers; one row has a limit of 10 requests a second.

Side by side, in turn, in the same run, each on the same server process: the executor as the daemon uses it (uvloop, the
pool, each reply committed to SQLite on disk before it counts), a plain ``ThreadPoolExecutor`` with ``http.client`` that
keeps nothing, and autorubric's runner, where an interpreter that has it is named. The aim is a median of 95 % or more.
"""

import argparse
import http.client
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import uvloop

from db.calls import SqliteCalls
from db.database import Database
from introeval.clock import SystemClock
from models.config import ServerConfig
from models.executor import Executor
from models.limits import RateLimits
from models.pool import ModelPool
from models.task import ask

AIM = 0.95
CASES = ((20, 5), (20, 10), (100, 5), (100, 10))
LIMITED = (100, 10, 10.0)
SCHEMA = {"type": "object", "properties": {"score": {"type": "integer"}}, "required": ["score"]}
SIDE = Path(__file__).with_name("autorubric_side.py")


@dataclass(frozen=True, slots=True)
class Server:
    """The running server."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def asked(self) -> int:
        """How many requests it has answered."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.request("GET", "/asked")
        answer = int(json.loads(connection.getresponse().read())["asked"])
        connection.close()
        return answer


@contextmanager
def server(latency: float) -> Iterator[Server]:
    """The server in a process of its own; it ends with the block."""
    command = [sys.executable, "-m", "benchmarks.fixed_latency", "--latency", str(latency)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the server has no pipes")
        try:
            yield Server(int(process.stdout.readline()))
        finally:
            process.stdin.close()
            process.wait()


async def executed(url: str, tasks: int, workers: int, folder: Path, rate: float | None) -> float:
    """Seconds of one stream through the executor. Raises ``RuntimeError`` when a task has no reply."""
    clock = SystemClock()
    async with Database.open(folder) as database:
        config = ServerConfig(name="fixed", url=url, model="fixed", max_concurrent=workers)
        pool = ModelPool([config], clock)
        limits = None if rate is None else RateLimits(requests_per_second=rate)
        executor = Executor(pool, SqliteCalls(database), clock, rate=limits)
        try:
            await pool.enter()
            await executor.run(ask("Warm up.", SCHEMA, json.loads), task_id="warm")
            questions = [ask(f"Grade submission number {n}.", SCHEMA, json.loads) for n in range(tasks)]
            began = time.perf_counter()
            outcomes = [outcome async for outcome in executor.stream(questions, task_id="t", workers=workers)]
            seconds = time.perf_counter() - began
        finally:
            await pool.close()
    if any(outcome.generation is None or outcome.generation.cached for outcome in outcomes):
        raise RuntimeError("a task was not answered by the server")
    return seconds


def by_executor(server: Server, tasks: int, workers: int, rate: float | None = None) -> float:
    """Seconds, on a new state file on disk."""
    with tempfile.TemporaryDirectory() as folder:
        return uvloop.run(executed(server.url, tasks, workers, Path(folder), rate))


def by_threads(server: Server, tasks: int, workers: int) -> float:
    """Seconds with the standard library alone: a connection per request, nothing checked, nothing kept."""

    def one(number: int) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        body = {"model": "fixed", "prompt": f"Grade submission number {number}.", "stream": False}
        connection.request("POST", "/api/generate", json.dumps(body), {"Content-Type": "application/json"})
        reply = json.loads(json.loads(connection.getresponse().read())["response"])
        connection.close()
        return reply["score"]

    with ThreadPoolExecutor(workers) as threads:
        list(threads.map(one, range(workers)))
        began = time.perf_counter()
        list(threads.map(one, range(tasks)))
        return time.perf_counter() - began


def by_autorubric(python: str, server: Server, tasks: int, workers: int) -> float:
    """Seconds that autorubric's runner says it took. Raises ``RuntimeError`` when it did not grade all."""
    command = [python, str(SIDE), "--url", server.url, "--tasks", str(tasks), "--workers", str(workers)]
    # Without it litellm spends the first seconds of the run on looking for prices on the web.
    environment = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "PATH": ""}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    result = json.loads(done.stdout.splitlines()[-1])
    if result["graded"] != tasks:
        raise RuntimeError(f"autorubric graded {result['graded']} of {tasks}: {result['error']}")
    return float(result["seconds"])


def show(name: str, tasks: int, workers: int, bound: float, latency: float, times: list[float]) -> float:
    """Print a row; returns the median efficiency."""
    shares = sorted(tasks * latency / (seconds * bound) for seconds in times)
    spread = f"{shares[0]:7.1%} to {shares[-1]:6.1%}"
    print(
        f"{tasks:>5} {workers:>7}  {name:<22}{median(times):>8.2f} s {median(shares):>9.1%}   ({spread})",
        flush=True,
    )
    return median(shares)


def measure(server: Server, latency: float, repeats: int, python: str | None) -> list[float]:
    """All rows; the executor's median efficiencies without a limit."""
    contestants: dict[str, Callable[[int, int], float]] = {
        "executor": lambda tasks, workers: by_executor(server, tasks, workers),
        "threads": lambda tasks, workers: by_threads(server, tasks, workers),
    }
    if python is not None:
        contestants["autorubric"] = lambda tasks, workers: by_autorubric(python, server, tasks, workers)
    reached = []
    for tasks, workers in CASES:
        times: dict[str, list[float]] = {name: [] for name in contestants}
        for _ in range(repeats):
            for name, run in contestants.items():
                times[name].append(run(tasks, workers))
        shares = {name: show(name, tasks, workers, workers, latency, times[name]) for name in contestants}
        reached.append(shares["executor"])
    tasks, workers, rate = LIMITED
    limited = [by_executor(server, tasks, workers, rate) for _ in range(repeats)]
    show(f"executor at {rate:g}/s", tasks, workers, min(workers, rate * latency), latency, limited)
    best = (tasks - 1) / rate + latency
    print(f"      (the last of {tasks} requests at {rate:g} a second cannot end before {best:.2f} s)")
    return reached


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--latency", type=float, default=0.5, help="seconds")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--autorubric-python", help="an interpreter that has autorubric (group bench)")
    return parser.parse_args()


def main() -> int:
    """Measure; 1 when the executor's median is below the aim anywhere."""
    given = arguments()
    print(f"{'tasks':>5} {'workers':>7}  {'':<22}{'median':>10} {'efficiency':>10}")
    with server(given.latency) as running:
        reached = measure(running, given.latency, given.repeats, given.autorubric_python)
        print(f"requests that the server answered: {running.asked()}")
    if given.autorubric_python is None:
        print("autorubric: skipped, no --autorubric-python")
    return 0 if min(reached) >= AIM else 1


if __name__ == "__main__":
    raise SystemExit(main())
