"""``Lab``: one state folder, the daemon on it (started, killed, watched), and the model server that it asks."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from tests.crash.watch import Rule, Watcher
from tests.grading.speeches import raw
from tests.models.fake_ollama import FakeOllama, fake_ollama

REPOSITORY = Path(__file__).parents[2]
FACTS = [{"segment": 1, "fact": "says a name"}]
MESSAGE = 1 << 16


class DiedError(Exception):
    """The daemon has ended while it was started; the text is its log's end."""


class Nursery:
    """The process that forks daemons (``tests.crash.nursery``). ``prefix``: a command that it is run under."""

    def __init__(self, process: asyncio.subprocess.Process, channel: socket.socket) -> None:
        self._process = process
        self._channel = channel
        self._turn = asyncio.Lock()

    @property
    def pid(self) -> int:
        return self._process.pid

    @classmethod
    @asynccontextmanager
    async def open(cls, prefix: Sequence[str] = ()) -> AsyncIterator["Nursery"]:
        """A running one; ended with all its daemons dead."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours:
            ours.setblocking(False)
            with theirs:
                process = await asyncio.create_subprocess_exec(
                    *prefix,
                    sys.executable,
                    "-m",
                    "tests.crash.nursery",
                    stdin=theirs.fileno(),
                    cwd=REPOSITORY,
                )
            try:
                yield cls(process, ours)
            finally:
                ours.close()
                await process.wait()

    async def fork(self, command: Mapping[str, Any], answers: socket.socket, log: int) -> int:
        """Start a daemon; returns its process id."""
        async with self._turn:
            data = json.dumps(command).encode()
            socket.send_fds(self._channel, [data], [answers.fileno(), log])
            return int((await self._receive())["pid"])

    async def wait(self, pid: int) -> int:
        """The exit code of a daemon that has ended, or ends now."""
        async with self._turn:
            self._channel.send(json.dumps({"wait": pid}).encode())
            return int((await self._receive())["code"])

    async def _receive(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(
            await asyncio.get_running_loop().sock_recv(self._channel, MESSAGE)
        )
        return answer


@dataclass
class Lab:
    """``environment``: settings beyond the usual. ``pid``: the daemon, if it runs. ``watcher``: if it is watched.

    ``serving`` and ``ended``: set while that is so. ``seen``: the state folder, where others see it elsewhere.
    """

    nursery: Nursery
    root: Path
    fake: FakeOllama
    environment: dict[str, str] = field(default_factory=dict)
    pid: int | None = None
    url: str = ""
    watcher: Watcher | None = None
    seen: Path | None = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    serving: asyncio.Event = field(default_factory=asyncio.Event)
    _following: asyncio.Task[None] | None = None

    @property
    def state(self) -> Path:
        return self.root / "state"

    @property
    def folder(self) -> Path:
        """The state folder as this process sees it."""
        return self.seen or self.state

    @property
    def database(self) -> Path:
        return self.folder / "introeval.sqlite3"

    @property
    def log(self) -> str:
        """What the daemons have logged."""
        return (self.root / "log").read_text()

    async def start(self, rule: Rule | None = None, port: int = 0) -> None:
        """Start it; returns when it serves. ``rule``: watched under this rule. Raises ``DiedError``."""
        self.root.mkdir(parents=True, exist_ok=True)
        self.ended.clear()
        command = {"state_dir": str(self.state), "environment": self._settings(), "watched": rule is not None}
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        with (self.root / "log").open("ab") as log, theirs:
            self.pid = await self.nursery.fork(command | {"port": port}, theirs, log.fileno())
        if rule is not None:
            await _readable(ours)
            _, descriptors, _, _ = socket.recv_fds(ours, 64, 1)
            self.watcher = Watcher(self.pid, descriptors[0], self.state, rule)
        said = await asyncio.get_running_loop().sock_recv(ours, MESSAGE)
        self._following = asyncio.create_task(self._follow(ours))
        if not said:
            await self.gone()
            raise DiedError(self.log[-3000:])
        self.url = json.loads(said)["url"]
        self.serving.set()

    async def _follow(self, channel: socket.socket) -> None:
        with channel:
            await asyncio.get_running_loop().sock_recv(channel, 1)
        self.serving.clear()
        self.ended.set()

    async def gone(self) -> int:
        """Wait until the process has ended; returns its exit code (negative: by a signal)."""
        assert self.pid is not None
        await self.ended.wait()
        code = await self.nursery.wait(self.pid)
        self.pid = None
        if self.watcher is not None:
            await asyncio.to_thread(self.watcher.close)
        return code

    async def kill(self) -> None:
        """SIGKILL, unless it is dead already."""
        if self.pid is not None:
            os.kill(self.pid, signal.SIGKILL)
            await self.gone()

    async def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        assert self.pid is not None
        os.kill(self.pid, signal.SIGTERM)
        return await self.gone()

    @asynccontextmanager
    async def http(self) -> AsyncIterator[aiohttp.ClientSession]:
        """A client of the daemon."""
        async with aiohttp.ClientSession(self.url) as session:
            yield session

    def _settings(self) -> dict[str, str]:
        server = {"name": "mistral", "url": self.fake.url, "model": "mistral"}
        return {
            "INTROEVAL_MODELS": "ollama",
            "INTROEVAL_OLLAMA_SERVERS": json.dumps([server]),
            "INTROEVAL_BATCH_SIZE": "3",
            "INTROEVAL_BATCH_AGE_SECONDS": "0.2",
            "INTROEVAL_PHASES_RETRY_SECONDS": "0.1",
            "INTROEVAL_DRAIN_SECONDS": "1",
        } | self.environment


@asynccontextmanager
async def lab(nursery: Nursery, root: Path, **environment: str) -> AsyncIterator[Lab]:
    """A lab whose daemon is not started yet; killed at the end if it runs."""
    async with AsyncExitStack() as stack:
        fake = await stack.enter_async_context(fake_ollama("mistral"))
        fake.reply_to = lambda prompt: raw(8, facts=FACTS)
        made = Lab(nursery, root, fake, environment)
        stack.push_async_callback(made.kill)
        yield made


async def _readable(channel: socket.socket) -> None:
    ready = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(channel, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(channel)
