"""Following a daemon: its state whenever it changed, through every cut of the line.

The event stream says *that* something changed, the snapshot says *what* is: so nothing shown can drift from the truth,
and a lost event costs at most ``poll_seconds``.
"""

import asyncio
from collections.abc import Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass

from introeval.client.api import Api
from introeval.client.errors import ClientError, DaemonRefusedError, UnreachableError
from introeval.client.shapes import Line, Status


@dataclass(frozen=True, slots=True)
class View:
    """What the daemon said last. ``submissions`` is empty unless they were asked for."""

    status: Status
    submissions: tuple[Line, ...] = ()


Seen = View | ClientError
"""What the daemon said, or why it said nothing this time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """Seconds. ``gap``: the least time between two looks. ``poll``: the most (progress is in no event)."""

    gap: float = 0.25
    poll: float = 2.0
    reconnect: float = 0.5


async def follow(
    api: Api, on_seen: Callable[[Seen], bool], *, submissions: bool = False, rhythm: Rhythm | None = None
) -> None:
    """Call ``on_seen`` with each look until it returns true. A daemon that does not answer is waited for."""
    pace = rhythm or Rhythm()
    changed = asyncio.Event()
    listener = asyncio.create_task(_listen(api, changed, pace.reconnect))
    try:
        while not on_seen(await look(api, submissions)):
            await asyncio.sleep(pace.gap)
            with suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), pace.poll)
            changed.clear()
    finally:
        listener.cancel()
        with suppress(asyncio.CancelledError):
            await listener


async def look(api: Api, submissions: bool) -> Seen:
    """Look once."""
    try:
        status = await api.status()
        return View(status, tuple(await api.submissions()) if submissions else ())
    except (UnreachableError, DaemonRefusedError) as error:
        return error


async def _listen(api: Api, changed: asyncio.Event, pause: float) -> None:
    last: str | None = None
    while True:
        with suppress(UnreachableError, DaemonRefusedError):
            async with aclosing(api.events(last)) as events:
                async for event in events:
                    last = event.id or last
                    changed.set()
        changed.set()
        await asyncio.sleep(pause)
