"""Which models look at pictures, as their servers say it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from models.errors import RequestRefusedError, ServerUnreachableError
from models.sight import Sight
from scheduler.errors import NoServerError
from tests.models.fake_ollama import FakeOllama, fake_ollama
from tests.models.test_pool import configs


@asynccontextmanager
async def sight() -> AsyncIterator[tuple[Sight, FakeOllama, FakeOllama]]:
    """Two servers of one model each, and who asks them."""
    async with fake_ollama("llava") as first, fake_ollama("mistral") as second:
        asking = Sight(configs((first, second)))
        try:
            yield asking, first, second
        finally:
            await asking.close()


@pytest.mark.parametrize(
    ("shown", "sees"),
    [
        ({"capabilities": ["completion", "vision"]}, True),
        ({"capabilities": ["completion"]}, False),
        ({"capabilities": ["completion"], "projector_info": {"clip.has_vision_encoder": True}}, False),
        ({"details": {"families": ["llama", "clip"]}}, True),
        ({"projector_info": {"clip.has_vision_encoder": True}}, True),
        ({"details": {"families": None}}, False),
        ({}, False),
    ],
)
async def test_what_the_server_says(shown: dict[str, Any], sees: bool) -> None:
    """Capabilities decide; a server that lists none is known by its projector or its families."""
    async with sight() as (asking, first, _):
        first.shown = shown
        assert await asking.sees("llava") is sees
        assert await asking.sees("llava:latest") is sees
        assert first.calls == ["show"]


async def test_nobody_can_tell() -> None:
    """A dead server is an error that may pass, and is asked again; a model that nobody serves waits."""
    async with sight() as (asking, first, second):
        await first.kill()
        with pytest.raises(ServerUnreachableError):
            await asking.sees("llava")
        with pytest.raises(NoServerError, match="qwen"):
            await asking.sees("qwen")
        await first.start()
        assert await asking.sees("llava") is False
        assert second.calls == []


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_server_that_refuses_to_tell_is_passed_over(status: int) -> None:
    """The next one that serves the model is asked; if that was the last, its refusal is the error."""
    async with sight() as (asking, first, _), fake_ollama("llava") as third:
        first.shown, first.show_status = {"error": "not for you"}, status
        with pytest.raises(RequestRefusedError, match="not for you"):
            await asking.sees("llava")
        third.shown = {"capabilities": ["vision"]}
        both = Sight(configs((first, third)))
        assert await both.sees("llava") is True
        await both.close()
