"""Two model servers that live and die as a test says, and a lab that uses them as it would two Ollamas.

They are of the embedded kind, but nobody supervises them: only the test starts them again.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from models.embedded.supervisor import ServerSpec
from tests.end_to_end.lab import TINY, Lab

MODEL = TINY["INTROEVAL_EMBEDDED_LLM"]


class Server:
    """One model server; its port stays."""

    def __init__(self, name: str, gguf: Path) -> None:
        self.spec = ServerSpec(name=name, model_name=MODEL, gguf=gguf, threads=1, slots=1, num_ctx=8192)
        self.port = 0
        self.process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def settings(self) -> dict[str, Any]:
        return {"name": self.spec.name, "url": self.url, "model": MODEL}

    async def start(self) -> None:
        """Start it (again); returns when it listens."""
        self.process = await asyncio.create_subprocess_exec(
            *self.spec.command(self.port), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        assert self.process.stdout is not None
        self.port = json.loads(await self.process.stdout.readline())["port"]

    async def kill(self) -> None:
        """SIGKILL, with the model in its memory."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()

    async def loaded(self) -> list[str]:
        """The models in its memory."""
        async with aiohttp.ClientSession(self.url) as http, http.get("/api/ps") as reply:
            return [row["name"] for row in (await reply.json())["models"]]


@asynccontextmanager
async def two_servers(gguf: Path) -> AsyncIterator[list[Server]]:
    """Two that listen; dead at the end."""
    servers = [Server(name, gguf) for name in ("mistral", "llama3")]
    try:
        for server in servers:
            await server.start()
        yield servers
    finally:
        for server in servers:
            await server.kill()


@asynccontextmanager
async def lab_with(root: Path, servers: list[Server], batch_size: int) -> AsyncIterator[Lab]:
    """A daemon that uses these servers."""
    environment = {
        "INTROEVAL_MODELS": "ollama",
        "INTROEVAL_OLLAMA_SERVERS": json.dumps([server.settings for server in servers]),
        "INTROEVAL_OLLAMA_MAX_CONCURRENT": "1",
        "INTROEVAL_OLLAMA_TIMEOUT_SECONDS": "200",
        "INTROEVAL_BATCH_SIZE": str(batch_size),
    }
    lab = Lab(root, environment)
    await lab.start()
    try:
        yield lab
    finally:
        assert await lab.stop() == 0
