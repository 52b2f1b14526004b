"""Fixtures for what stands on an embedded server: one that runs, with the smallest model."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from introeval.clock import SystemClock
from models.embedded.supervisor import EmbeddedServers, ServerSpec

MODEL = "smollm2-135m-instruct"


@asynccontextmanager
async def embedded(gguf: Path, *, servers: int = 1, slots: int = 1) -> AsyncIterator[EmbeddedServers]:
    """Running embedded servers, named a, b, ...; restarted without a delay."""
    specs = [
        ServerSpec(name=name, model_name=MODEL, gguf=gguf, threads=1, slots=slots, num_ctx=2048)
        for name in "abcd"[:servers]
    ]
    async with EmbeddedServers(specs, SystemClock(), delays=(0.0, 0.0)) as running:
        yield running


@pytest.fixture
async def embedded_url(tiny_llm_gguf: Path) -> AsyncIterator[str]:
    """The base URL of one embedded server with one slot."""
    async with embedded(tiny_llm_gguf) as servers:
        yield servers.urls["a"]


@pytest.fixture
async def embedded_pair(tiny_llm_gguf: Path) -> AsyncIterator[EmbeddedServers]:
    """Two embedded servers, a and b, for round robin and failover."""
    async with embedded(tiny_llm_gguf, servers=2) as servers:
        yield servers
