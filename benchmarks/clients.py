"""3,000 clients at once, on loopback: is everybody taken in or told when to come back, and with how much memory?

    python -m benchmarks.clients [--clients 3000] [--seed 1] [--whole] [--minutes 20]

The crowd is ``tests.web.crowd``: a tenth slow, a twentieth leaving in mid body, a twentieth slowloris, the rest half
writing all before they read, half asking first. Half of them share one address, as behind a lab's router.

Without ``--whole`` the server is the web with its tables, files and door in a process of its own, and a file is looked
into only as far as its first bytes: what is measured is the intake. With ``--whole`` it is the daemon as it is served
(``introeval serve``), which looks into each recording in a confined process; its model servers are absent, so nothing
is graded meanwhile. The exit code is 1 when an upload is lost, is there twice, or met a reset.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import aiohttp
import uvloop

from introeval import descriptors
from introeval.client import connect
from introeval.listening import listen
from introeval.settings import Settings
from introeval.web.context import UploadLimits
from tests.web.crowd import Crowd, Kind, Tally, mixed
from tests.web.running import running

SAMPLES = Path(__file__).parents[1] / "samples"
FILES = ("very_short.mkv", "full_marks.webm", "medium.webm", "off_topic.mp4", "rambling.mov")
SOURCES = ("127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4")
MIB = 1 << 20


@dataclass
class Watch:
    """Seen from outside. ``rss``: MiB, sampled; ``gets``: seconds that the status took, ``missed``: failures."""

    rss: list[float] = field(default_factory=list)
    gets: list[float] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    async def memory(self, pid: int) -> None:
        """Sample the process' resident memory until cancelled."""
        while True:
            self.rss.append(resident(pid))
            await asyncio.sleep(0.25)

    async def status(self, url: str) -> None:
        """Look at the status twice a second, as a page would, until cancelled."""
        async with aiohttp.ClientSession() as session:
            while True:
                began = time.monotonic()
                try:
                    async with session.get(f"{url}/api/v1/status") as response:
                        await response.read()
                    if response.status != 200:
                        self.missed.append(str(response.status))
                except aiohttp.ClientError as error:
                    self.missed.append(repr(error))
                self.gets.append(time.monotonic() - began)
                await asyncio.sleep(0.5)


def resident(pid: int) -> float:
    """Resident memory of a process, in MiB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / MIB


def busy(pid: int) -> float:
    """CPU seconds that a process has used, without its children."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@asynccontextmanager
async def serving(home: Path, whole: bool) -> AsyncIterator[tuple[str, int]]:
    """A server in a process of its own; its URL and process id."""
    port_file = home / "port.json"
    state = str(home / "state")
    if whole:
        command = ["-m", "introeval", "serve", "--port", "0", "--models", "ollama", "--state-dir", state]
        command += ["--port-file", str(port_file)]
    else:
        command = ["-m", "benchmarks.clients", "--serve", state, str(port_file)]
    environment = os.environ | {
        "INTROEVAL_UPLOAD_MAX_QUEUE": "100000",
        "INTROEVAL_BATCH_SIZE": "1000000",
        "INTROEVAL_BATCH_AGE_SECONDS": "1000000",
        "INTROEVAL_STT_MODEL": "whisper-tiny.en",
    }
    with (home / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, *command, env=environment, stdout=log, stderr=log
        )
    try:
        while not port_file.exists():
            if process.returncode is not None:
                raise RuntimeError((home / "log").read_text()[-3000:])
            await asyncio.sleep(0.05)
        yield json.loads(port_file.read_text())["url"], process.pid
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def serve(state: Path, port_file: Path) -> None:
    """The web alone, until SIGTERM ends the process."""
    await asyncio.to_thread(state.mkdir, parents=True)
    async with running(state, UploadLimits(max_queue=100_000), look) as room, AsyncExitStack() as stack:
        url = await listen(stack, Settings(port=0), room.context)
        part = port_file.with_suffix(".part")
        await asyncio.to_thread(part.write_text, json.dumps({"url": url}))
        await asyncio.to_thread(part.rename, port_file)
        await asyncio.Event().wait()


async def look(path: Path, name: str) -> float:
    """Stands for the probe: the file is there and begins as a recording may."""
    with path.open("rb") as file:
        return float(len(file.read(16)))


async def attend(arguments: argparse.Namespace) -> int:
    """One crowd."""
    descriptors.raise_limit(arguments.clients * 2 + 512)
    files = tuple((name, (SAMPLES / name).read_bytes()) for name in FILES)
    kinds = mixed(arguments.clients, Random(arguments.seed))
    with TemporaryDirectory() as home:
        async with serving(Path(home), arguments.whole) as (url, pid):
            host, _, port = url.removeprefix("http://").rpartition(":")
            watch, before, began, worked = Watch(), resident(pid), time.monotonic(), busy(pid)
            watching = [
                asyncio.create_task(watch.memory(pid)),
                asyncio.create_task(watch.status(url)),
            ]
            crowd = Crowd(
                host=host, port=int(port), files=files, seed=arguments.seed, sources=SOURCES, most_rounds=1000
            )
            async with asyncio.timeout(arguments.minutes * 60):
                tally = await crowd.come(kinds, lambda now: progress(now, began))
            seconds = time.monotonic() - began
            for task in watching:
                task.cancel()
            async with connect(url) as api:
                kept = await api.submissions()
            after, worked = resident(pid), busy(pid) - worked
            left = [path.name for path in (Path(home) / "state" / "videos").glob("*.part")]
    students = {f"R-{at:05d}" for at, kind in enumerate(kinds) if kind is not Kind.SLOTH}
    twice = len(kept) - len({line.roll_number for line in kept})
    lost = students - {line.roll_number for line in kept if tally.ids.get(line.roll_number) == line.id}
    print(f"CPU of the server without its children: {worked:.0f} s")
    report(tally, watch, seconds, f"{before:.0f} MiB before, {max(watch.rss):.0f} at most, {after:.0f} after")
    print(f"students {len(students)}, lost {len(lost)}, twice {twice}, parts left behind {len(left)}")
    return int(bool(lost or twice or tally.resets or left or watch.missed))


def progress(tally: Tally, began: float) -> None:
    """One line now and then."""
    print(
        f"{time.monotonic() - began:5.0f} s: {len(tally.ids)} in, {dict(tally.answers)}, resets {len(tally.resets)}",
        flush=True,
    )


def report(tally: Tally, watch: Watch, seconds: float, memory: str) -> None:
    """What there was to see."""
    gets = sorted(watch.gets)
    print(f"accepted {len(tally.ids)} in {seconds:.0f} s; resident memory: {memory}")
    print(f"answers {dict(tally.answers)}; resets {len(tally.resets)} {tally.resets[:3]}")
    if tally.waits:
        print(f"told to wait: {len(tally.waits)} times, longest {max(tally.waits)} s")
    print(f"attempts a student: at most {max(tally.rounds)}; sloths cut {tally.cut_sloths} times")
    print(
        f"status page meanwhile: {len(gets)} times, median {gets[len(gets) // 2]:.2f} s, longest {gets[-1]:.2f} s,"
        f" missed {len(watch.missed)} {watch.missed[:3]}"
    )


def main() -> int:
    """Parse and run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.clients")
    parser.add_argument("--clients", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--whole", action="store_true", help="the daemon as it is served")
    parser.add_argument("--serve", nargs=2, type=Path, metavar=("STATE", "PORT_FILE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        uvloop.run(serve(*arguments.serve))
        return 0
    return int(uvloop.run(attend(arguments)))


if __name__ == "__main__":
    raise SystemExit(main())
