"""The embedded servers of one daemon: started together, restarted one by one, ended together.

Rules:

* A server keeps its port over restarts, so clients find it again by themselves.
* A server that ends by itself is started again after a delay that doubles from ``FIRST_DELAY`` to ``LAST_DELAY``
  seconds; one that stood for ``STEADY_SECONDS`` begins again at the first delay.
* No server outlives this process: standard input is its lifeline (``lifeline``).
"""

import asyncio
import logging
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from models.embedded.errors import EmbeddedServerError
from scheduler.ports import Clock

log = logging.getLogger(__name__)

FIRST_DELAY = 0.5
LAST_DELAY = 30.0
STEADY_SECONDS = 60.0
# Half a second on an idle machine; generous for one that transcribes.
START_SECONDS = 60.0
STOP_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSpec:
    """One server. ``num_ctx``: tokens a slot, when a request names none. ``port`` 0: any free one."""

    name: str
    model_name: str
    gguf: Path
    threads: int
    slots: int = 2
    num_ctx: int = 4096
    digest: str = ""
    port: int = 0

    def command(self, port: int) -> tuple[str, ...]:
        """The child's command line."""
        options = {
            "--name": self.name,
            "--model-name": self.model_name,
            "--gguf": self.gguf,
            "--digest": self.digest,
            "--port": port,
            "--threads": self.threads,
            "--slots": self.slots,
            "--num-ctx": self.num_ctx,
        }
        pairs = (str(part) for pair in options.items() for part in pair)
        return (sys.executable, "-P", "-m", "models.embedded.server", *pairs)


def reserve_port(port: int) -> socket.socket:
    """Hold a loopback port without listening on it, so that a server's URL is known before it listens and stays its
    own between two lives. ``SO_REUSEPORT`` lets our own child listen on it, nobody else's sockets get it, and while no
    child listens a client is refused. ``port`` 0: any free one. Raises ``EmbeddedServerError``.
    """
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        held.bind(("127.0.0.1", port))
    except OSError as error:
        held.close()
        raise EmbeddedServerError(f"port {port} of an embedded server is taken: {error.strerror}") from error
    return held


class SupervisedServer:
    """One server, kept running until told to stop."""

    def __init__(self, spec: ServerSpec, clock: Clock, delays: tuple[float, float]) -> None:
        self.spec = spec
        self._reserved = reserve_port(spec.port)
        self.port: int = self._reserved.getsockname()[1]
        self.restarts = 0
        self._clock = clock
        self._delays = delays
        self._stop = asyncio.Event()
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The process id, or ``None`` between two lives."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def __aenter__(self) -> Self:
        try:
            await self._launch()
        except BaseException:
            self._reserved.close()
            raise
        self._keeper = asyncio.create_task(self._keep())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stop.set()
        if self._keeper:
            await self._keeper
        await self._end()
        self._reserved.close()

    async def _launch(self) -> None:
        """Start the process and wait for its port. Raises ``EmbeddedServerError``."""
        pipe = asyncio.subprocess.PIPE
        command = self.spec.command(self.port)
        # Its own session: Ctrl-C in a terminal is for the daemon, which drains before it ends its servers.
        self._process = process = await asyncio.create_subprocess_exec(
            *command, stdin=pipe, stdout=pipe, start_new_session=True
        )
        assert process.stdout
        try:
            async with asyncio.timeout(START_SECONDS):
                line = await process.stdout.readline()
        except TimeoutError:
            line = b""
        except asyncio.CancelledError:
            await self._end()
            raise
        if not line:
            await self._end()
            message = f"the embedded server {self.spec.name} did not start (exit status {process.returncode})"
            raise EmbeddedServerError(message)

    async def _keep(self) -> None:
        delay = self._delays[0]
        while not self._stop.is_set():
            began = self._clock.monotonic()
            await self._until_gone_or_stopped()
            if self._stop.is_set():
                return
            if self._clock.monotonic() - began > STEADY_SECONDS:
                delay = self._delays[0]
            log.warning(
                "embedded server ended; it is started again",
                extra={"server": self.spec.name, "seconds": delay},
            )
            if await self._clock.wait(self._stop, delay):
                return
            delay = min(2 * delay, self._delays[1])
            await self._relaunch()

    async def _relaunch(self) -> None:
        self.restarts += 1
        try:
            await self._launch()
        except (EmbeddedServerError, OSError) as error:
            log.warning("embedded server did not start", exc_info=error, extra={"server": self.spec.name})

    async def _until_gone_or_stopped(self) -> None:
        assert self._process
        gone = asyncio.create_task(self._process.wait())
        stopped = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait({gone, stopped}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone.cancel()
            stopped.cancel()

    async def _end(self) -> None:
        """Close the lifeline; kill what does not let go."""
        process = self._process
        if process is None:
            return
        assert process.stdin
        process.stdin.close()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


class EmbeddedServers:
    """All servers. Entering starts them and waits until each listens; leaving ends them with all they started.
    Their URLs are known before that.

    Raises ``EmbeddedServerError`` on entering when one does not start; what has started is ended again.
    """

    def __init__(
        self,
        specs: Sequence[ServerSpec],
        clock: Clock,
        *,
        delays: tuple[float, float] = (FIRST_DELAY, LAST_DELAY),
    ) -> None:
        self._servers = [SupervisedServer(spec, clock, delays) for spec in specs]
        self._stack = AsyncExitStack()

    @property
    def urls(self) -> Mapping[str, str]:
        """Base URL by server name; stable as long as this context is open."""
        return {server.spec.name: f"http://127.0.0.1:{server.port}" for server in self._servers}

    @property
    def pids(self) -> Mapping[str, int | None]:
        """Process id by server name; ``None`` while a server is down."""
        return {server.spec.name: server.pid for server in self._servers}

    @property
    def restarts(self) -> Mapping[str, int]:
        """How often each server was started again."""
        return {server.spec.name: server.restarts for server in self._servers}

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.TaskGroup() as group:
                    for server in self._servers:
                        group.create_task(stack.enter_async_context(server))
            except* EmbeddedServerError as errors:
                raise errors.exceptions[0] from None
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.__aexit__(kind, error, trace)
