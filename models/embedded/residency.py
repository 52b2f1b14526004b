"""When the weights are in memory.

One runner at most; requests borrow it, and time or a request sends it away.

Rules:

* A request that wants another ``num_ctx`` waits until the runner is idle, then the runner is replaced (so
  does Ollama).
* Unloading is killing the runner and waiting for its end: when ``loaded`` says so, the memory is free.
* A runner that died by itself is replaced on the next request.
"""

import asyncio
import json
import os
import sys
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from models.embedded.errors import RunnerError
from models.embedded.llama import LlamaClient
from models.embedded.wire import DEFAULT_KEEP_ALIVE, FOREVER

LAST_WORDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerSpec:
    """What a runner is started with."""

    gguf: Path
    threads: int
    slots: int

    def command(self, num_ctx: int) -> tuple[str, ...]:
        """The child's command line."""
        numbers = ("--threads", self.threads, "--slots", self.slots, "--num-ctx", num_ctx)
        module = (sys.executable, "-P", "-m", "models.embedded.runner", "--gguf", str(self.gguf))
        return (*module, *(str(part) for part in numbers))


@dataclass(slots=True, kw_only=True)
class Runner:
    """A running child. ``client`` is there once the weights are loaded."""

    process: asyncio.subprocess.Process
    num_ctx: int
    words: deque[str] = field(default_factory=lambda: deque(maxlen=LAST_WORDS))
    client: LlamaClient | None = None
    reader: asyncio.Task[None] | None = None

    @property
    def alive(self) -> bool:
        """Asks the kernel: asyncio hears of a death a moment later, and a request may come in between."""
        if self.process.returncode is not None:
            return False
        try:
            return os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
        except ChildProcessError:
            return False

    async def listen(self) -> None:
        """Keep the last lines that the child wrote, for messages about its end."""
        assert self.process.stderr
        async for line in self.process.stderr:
            self.words.append(line.decode(errors="replace").strip())

    async def stop(self) -> None:
        """Kill the child and wait until it is gone."""
        if self.client:
            await self.client.close()
        with suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()
        if self.reader:
            await self.reader


@dataclass(frozen=True, slots=True, kw_only=True)
class Loan:
    """A request's use of the loaded model. ``load_ns``: how long it waited for the weights."""

    client: LlamaClient
    load_ns: int


class Residency:
    """The one place that starts and ends runners."""

    def __init__(self, spec: RunnerSpec) -> None:
        self._spec = spec
        self._runner: Runner | None = None
        self._lock = asyncio.Lock()
        self._idle = asyncio.Event()
        self._idle.set()
        self._loans = 0
        self._keep_alive = DEFAULT_KEEP_ALIVE
        self._timer: asyncio.TimerHandle | None = None
        self._unloading: set[asyncio.Task[None]] = set()
        self.expires_at = 0.0

    @property
    def loaded(self) -> bool:
        """Whether a runner's process exists, also one that is still loading or already ending."""
        return self._runner is not None and self._runner.alive

    @property
    def num_ctx(self) -> int:
        return self._runner.num_ctx if self._runner else 0

    @property
    def pid(self) -> int | None:
        return self._runner.process.pid if self._runner and self._runner.alive else None

    @asynccontextmanager
    async def borrow(self, num_ctx: int, keep_alive: float) -> AsyncIterator[Loan]:
        """Use the model, loading it first if need be; ``keep_alive`` counts from the end.

        Raises ``RunnerError``.
        """
        began = time.perf_counter_ns()
        async with self._lock:
            self._cancel_timer()
            client = await self._ready(num_ctx)
            self._loans += 1
            self._idle.clear()
        self.keep(keep_alive)
        try:
            yield Loan(client=client, load_ns=time.perf_counter_ns() - began)
        finally:
            self._loans -= 1
            if self._loans == 0:
                self._idle.set()
                self._start_timer()

    def keep(self, seconds: float) -> None:
        """From now on stay loaded for that long after the last request."""
        self._keep_alive = seconds
        self.expires_at = time.time() + seconds

    async def unload(self) -> None:
        """Let go of the weights: now when idle, else when the last open request ends."""
        self.keep(0.0)
        if self._loans == 0:
            await self._unload_idle()

    async def close(self) -> None:
        """End the runner, whatever it does."""
        self._cancel_timer()
        if self._runner:
            await self._runner.stop()
        for task in tuple(self._unloading):
            await task

    async def _ready(self, num_ctx: int) -> LlamaClient:
        runner = self._runner
        if runner and runner.alive and runner.client and runner.num_ctx == num_ctx:
            return runner.client
        await self._idle.wait()
        await self._stop()
        return await self._start(num_ctx)

    async def _start(self, num_ctx: int) -> LlamaClient:
        pipe = asyncio.subprocess.PIPE
        command = self._spec.command(num_ctx)
        process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=pipe)
        runner = self._runner = Runner(process=process, num_ctx=num_ctx)
        runner.reader = asyncio.create_task(runner.listen())
        assert process.stdout
        try:
            address = json.loads(await process.stdout.readline())
            runner.client = LlamaClient(address["url"], address["key"])
        except asyncio.CancelledError:
            await self._stop()
            raise
        except (ValueError, TypeError, KeyError):
            # No line, or one that tells of llama.cpp's end.
            await self._stop()
            message = f"llama runner process has terminated: {' '.join(runner.words) or process.returncode}"
            raise RunnerError(message) from None
        return runner.client

    async def _stop(self) -> None:
        if self._runner:
            await self._runner.stop()
            self._runner = None

    async def _unload_idle(self) -> None:
        async with self._lock:
            if self._loans == 0:
                self._cancel_timer()
                await self._stop()

    def _start_timer(self) -> None:
        self._cancel_timer()
        self.expires_at = time.time() + self._keep_alive
        if self._keep_alive != FOREVER:
            self._timer = asyncio.get_running_loop().call_later(self._keep_alive, self._expire)

    def _cancel_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _expire(self) -> None:
        task = asyncio.create_task(self._unload_idle())
        self._unloading.add(task)
        task.add_done_callback(self._unloading.discard)
