"""The demo's daemon: a child process that is started, watched, started again when it dies, and stopped.

It has its own session, so that Ctrl-C reaches the demo alone, which then stops it in order; and so that pulling the
plug takes everything of it at once.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from introeval.demo.errors import DemoError

START_SECONDS = 60.0
STOP_SECONDS = 45.0
POLL_SECONDS = 0.05
MOST_RESTARTS = 5


class DemoDaemon:
    """``home``: its state folder, which also holds its log. ``environment``: settings on top of our own."""

    def __init__(self, home: Path, cache_dir: Path, port: int, environment: Mapping[str, str]) -> None:
        self._home = home
        self._cache_dir = cache_dir
        self._port = port
        self._environment = environment
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = False
        self.url = ""
        self.restarts = 0

    @property
    def log(self) -> Path:
        """What the daemon printed."""
        return self._home / "daemon.log"

    async def start(self) -> None:
        """Start it and wait until it serves; after the first time on the same port. Raises ``DemoError``."""
        port_file = self._home / "serving.json"
        port_file.unlink(missing_ok=True)
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "introeval", "serve", "--models", "embedded", "--host", "127.0.0.1"),
                *("--port", str(self._port), "--state-dir", str(self._home / "state")),
                *("--cache-dir", str(self._cache_dir), "--port-file", str(port_file)),
                env=dict(os.environ) | dict(self._environment),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            async with asyncio.timeout(START_SECONDS):
                while not port_file.exists():
                    if self._process.returncode is not None:
                        raise DemoError(
                            f"The daemon did not start: {self._last_words()} (all of it: {self.log})"
                        )
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError as error:
            raise DemoError(f"The daemon did not start in {START_SECONDS:.0f} s; see {self.log}.") from error
        self.url = json.loads(port_file.read_text(encoding="utf-8"))["url"]
        self._port = int(self.url.rsplit(":", 1)[1])

    async def keep_running(self, say: Callable[[str], None]) -> None:
        """Start it again on the same state whenever it dies; returns once it is being stopped.

        Raises ``DemoError`` when it dies again and again.
        """
        while self._process is not None:
            code = await self._process.wait()
            if self._stopping:
                return
            self.restarts += 1
            if self.restarts > MOST_RESTARTS:
                raise DemoError(f"The daemon died {self.restarts} times; see {self.log}.")
            cause = f"was killed by signal {-code}" if code < 0 else f"ended with {code}"
            say(f"The daemon {cause}. Starting it again on the same state.")
            await self.start()
            say("The daemon is back: finished work stays, unfinished work goes on.")

    def unplug(self) -> None:
        """Kill it with everything it started, as a power cut would: nothing gets to say goodbye."""
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    async def stop(self) -> None:
        """Ask it to end, wait, and insist when it does not. Idempotent."""
        self._stopping = True
        if self._process is None or self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._process.wait()
        except TimeoutError:
            self.unplug()
            await self._process.wait()

    def _last_words(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"
