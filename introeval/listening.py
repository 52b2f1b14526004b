"""Where the daemon can be reached: its HTTP port, and the file that tells others about it.

How many connections there may be, and who comes in when there are as many: ``introeval.door``. A connection on which no
whole request head arrives within ``head_seconds`` (after it was made, or after the last answer) is closed. After a
refusal the rest of a body is read and dropped for ``LINGER_SECONDS``: closing with unread bytes makes a reset, which
may destroy the answer on its way.
"""

import asyncio
import json
import logging
import os
from contextlib import AsyncExitStack
from pathlib import Path

from aiohttp import web

from introeval import descriptors
from introeval.door import Door, DoorLimits, bind
from introeval.sections import WebSettings
from introeval.settings import Settings
from introeval.web.app import build_app
from introeval.web.context import WebContext

log = logging.getLogger(__name__)

# Open requests may end within this time; SSE streams end at once by the stop event.
WEB_SHUTDOWN_SECONDS = 2.0

LINGER_SECONDS = 30.0


async def listen(stack: AsyncExitStack, settings: Settings, context: WebContext) -> str:
    """Serve until ``stack`` closes; returns the URL. Raises ``ConfigurationError`` when the port is not to be had."""
    runner = web.AppRunner(
        build_app(context),
        access_log=None,
        shutdown_timeout=WEB_SHUTDOWN_SECONDS,
        keepalive_timeout=settings.web.head_seconds,
        lingering_time=LINGER_SECONDS,
    )
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    assert runner.server is not None
    listeners = bind(settings.host, settings.port)
    door = Door(listeners, runner.server, door_limits(settings.web), asyncio.get_running_loop())
    stack.push_async_callback(door.close)
    host, port = listeners[0].getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def door_limits(asked: WebSettings) -> DoorLimits:
    """As many connections as were asked for and as this process may have; raises its limit of descriptors for them."""
    wanted = asked.max_connections + descriptors.RESERVE
    most = descriptors.connections_within(descriptors.raise_limit(wanted), asked.max_connections)
    if most < asked.max_connections:
        log.warning(
            "fewer connections than asked for: the limit of open files is too low", extra={"count": most}
        )
    # The same share of fewer: else one client could have them all.
    share = max(1, asked.max_connections_per_client * most // asked.max_connections)
    return DoorLimits(connections=most, per_client=min(most, share))


def write_port_file(path: Path, url: str) -> None:
    """Write ``{"url", "pid"}`` to ``path``, whole or not at all."""
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps({"url": url, "pid": os.getpid()}), encoding="utf-8")
    part.replace(path)
