"""The child process that serves on the recorded disks: started, told what to do, killed."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_REPOSITORY = Path(__file__).parents[2]
_STOP_SECONDS = 60


@dataclass
class Service:
    """``state``: its folder. ``mutant``: its defect, if any. ``serving``: set while it answers at ``url``."""

    state: Path
    mutant: str | None
    process: asyncio.subprocess.Process | None = None
    url: str = ""
    serving: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(self) -> None:
        """Start it; returns when it serves."""
        arguments = [str(self.state), *([self.mutant] if self.mutant else [])]
        self.process = await asyncio.create_subprocess_exec(
            "setpriv", "--pdeathsig", "KILL", "--", sys.executable, "-m", "tests.powercut.child", *arguments,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, cwd=_REPOSITORY,
        )  # fmt: skip
        self.url = f"http://127.0.0.1:{(await self._answer())['port']}"
        self.serving.set()

    async def order(self, **order: Any) -> dict[str, Any]:
        """Have a transition made; returns when its commit has returned. Raises ``RuntimeError`` when it died."""
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order).encode() + b"\n")
        return await self._answer()

    async def _answer(self) -> dict[str, Any]:
        assert self.process is not None
        assert self.process.stdout is not None
        line = await self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the service has ended with status {await self.process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    async def kill(self) -> None:
        """SIGKILL."""
        assert self.process is not None
        self.serving.clear()
        with suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()

    async def stop(self) -> None:
        """End it in order. Raises ``TimeoutError`` when it does not."""
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.close()
        await asyncio.wait_for(self.process.wait(), _STOP_SECONDS)


@asynccontextmanager
async def serving(state: Path, mutant: str | None) -> AsyncIterator[Service]:
    """The service on ``state``; ended in the end, whatever happens."""
    service = Service(state, mutant)
    try:
        await service.start()
        yield service
        await service.stop()
    finally:
        if service.process is not None and service.process.returncode is None:
            await service.kill()
