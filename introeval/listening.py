"""Where the daemon can be reached: its HTTP port, and the file that tells others about it."""

import json
import os
from contextlib import AsyncExitStack
from pathlib import Path

from aiohttp import web

from introeval.settings import Settings
from introeval.web.app import build_app
from introeval.web.context import WebContext
from scheduler.errors import ConfigurationError

# Open requests may end within this time; SSE streams end at once by the stop event.
WEB_SHUTDOWN_SECONDS = 2.0


async def listen(stack: AsyncExitStack, settings: Settings, context: WebContext) -> str:
    """Serve until ``stack`` closes; returns the URL. Raises ``ConfigurationError`` when the port is not to be had."""
    runner = web.AppRunner(build_app(context), access_log=None, shutdown_timeout=WEB_SHUTDOWN_SECONDS)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    site = web.TCPSite(runner, settings.host, settings.port)
    try:
        await site.start()
    except OSError as error:
        message = (
            f"Cannot listen on {settings.host}:{settings.port} ({error.strerror}): choose another --port."
        )
        raise ConfigurationError(message) from error
    host, port = runner.addresses[0][:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def write_port_file(path: Path, url: str) -> None:
    """Write ``{"url", "pid"}`` to ``path``, whole or not at all."""
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps({"url": url, "pid": os.getpid()}), encoding="utf-8")
    part.replace(path)
