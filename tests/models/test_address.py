"""The login in a server's address: sent to the server, shown to nobody."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import HttpUrl

from introeval.doctor import servers
from introeval.sections import ServerSettings
from models.address import authorization, without_login
from models.config import ServerConfig
from models.errors import (
    ModelUnavailableError,
    RequestRefusedError,
    ServerUnreachableError,
    WrongServiceError,
)
from models.pool import ModelPool
from models.worker import LanguageModelWorker
from scheduler.errors import AttemptFailedError
from tests.models.clocks import EagerClock

EXPECTED = "Basic " + base64.b64encode("lab:sécr@t€".encode()).decode()
LOGIN = "lab:s%C3%A9cr%40t%E2%82%AC@"


@asynccontextmanager
async def behind_a_login(
    status: int = 200, kind: str = "application/json"
) -> AsyncIterator[tuple[int, list[str]]]:
    """A server without models that asks who one is: its port, and what it was told."""
    told: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        told.append(request.headers.get("Authorization", ""))
        well = told[-1] == EXPECTED
        body = '{"models": [], "version": "0.9.9", "error": "no"}'
        return web.Response(text=body, status=status if well else 401, content_type=kind)

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    async with TestServer(app) as server:
        assert server.port
        yield server.port, told


@pytest.mark.parametrize(
    ("url", "shown", "header"),
    [
        ("http://localhost:11434/", "http://localhost:11434", {}),
        ("https://lab:a:b@[::1]:8/p/", "https://[::1]:8/p", {"Authorization": "Basic bGFiOmE6Yg=="}),
        ("http://token@h", "http://h", {"Authorization": "Basic dG9rZW46"}),
    ],
)
def test_address_and_login_are_told_apart(url: str, shown: str, header: dict[str, str]) -> None:
    """The part before the last @ is the login, in whatever form."""
    assert (without_login(url), authorization(url)) == (shown, header)


@pytest.mark.parametrize(
    ("status", "kind", "error"),
    [
        (200, "application/json", ModelUnavailableError),
        (200, "text/html", WrongServiceError),
        (403, "application/json", RequestRefusedError),
    ],
)
async def test_login_is_sent_and_is_in_no_error(
    status: int, kind: str, error: type[AttemptFailedError]
) -> None:
    """Requests log in, in UTF-8; whatever goes wrong, the message has the bare address or none."""
    async with behind_a_login(status, kind) as (port, told):
        url = f"http://{LOGIN}127.0.0.1:{port}/"
        worker = LanguageModelWorker(ServerConfig(name="mistral", url=url, model="mistral"))
        with pytest.raises(error) as refused:
            await worker.probe()
    with pytest.raises(ServerUnreachableError, match=f"at http://127.0.0.1:{port}") as gone:
        await worker.probe()
    await worker.close()
    assert told == [EXPECTED]
    assert "lab" not in f"{refused.value} {gone.value} {worker.config!r}"


async def test_status_and_doctor_show_the_bare_address() -> None:
    """The status is for everybody who reaches the daemon, and the doctor's findings are passed on."""
    async with behind_a_login() as (port, told):
        given = ServerSettings(
            name="mistral", url=HttpUrl(f"http://{LOGIN}127.0.0.1:{port}"), model="mistral"
        )
        pool = ModelPool([ServerConfig(name="mistral", url=given.base_url, model="mistral")], EagerClock())
        await pool.probe()
        [status] = pool.statuses()
        found = await servers.ollama(given)
        await pool.close()
    assert set(told) == {EXPECTED}
    assert status.url == f"http://127.0.0.1:{port}"
    assert f"http://127.0.0.1:{port}, Ollama 0.9.9" in found.detail
    assert "lab" not in f"{status} {found}"
