"""``Served``: a test server that treats a lost connection as the daemon's own does."""

from typing import Any

from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, AppRunner, Request

Client = TestClient[Request, Application]


class Served(TestServer):
    """aiohttp's test server cancels handlers whose client has gone; its real one does not, unless it is asked to."""

    async def _make_runner(self, **options: Any) -> AppRunner:
        return AppRunner(self.app, **options | {"handler_cancellation": False})
