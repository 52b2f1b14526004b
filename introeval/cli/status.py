"""``introeval status``: the two lanes of the daemon, live until Ctrl-C, or once."""

import argparse
import asyncio
import json
import sys
import time

from rich.console import Group
from rich.live import Live

from introeval.cli.lanes import overview
from introeval.cli.overrides import settings_of
from introeval.cli.terminal import console, shown
from introeval.client import Api, ClientError, connect
from introeval.client.address import base_url
from introeval.client.follow import Seen, follow
from introeval.client.shapes import Status


def run(options: argparse.Namespace) -> int:
    """Show; ends with 0, or with an error when no daemon answers at the start."""
    asyncio.run(_show(base_url(options.url, settings_of(options)), options.once, options.json))
    return 0


async def _show(url: str, once: bool, as_json: bool) -> None:
    out = console()
    async with connect(url) as api:
        if as_json:
            json.dump(await api.status_document(), sys.stdout, indent=2)
            sys.stdout.write("\n")
            return
        first = await api.status()
        if once or not out.is_terminal:
            out.print(overview(first, first.at))
            return
        await _live(api, first)


async def _live(api: Api, first: Status) -> None:
    screen = _Screen(first)
    with Live(get_renderable=screen.render, refresh_per_second=4, console=console()):
        await follow(api, screen.see)


class _Screen:
    """The last snapshot, aged by our own clock: the daemon's may differ from it."""

    def __init__(self, first: Status) -> None:
        self._status = first
        self._seen_at = time.monotonic()
        self._trouble: ClientError | None = None

    def see(self, seen: Seen) -> bool:
        if isinstance(seen, ClientError):
            self._trouble = seen
        else:
            self._status, self._seen_at, self._trouble = seen.status, time.monotonic(), None
        return False

    def render(self) -> Group:
        trouble = [shown(f"{self._trouble} Trying again.", "yellow")] if self._trouble else []
        age = time.monotonic() - self._seen_at
        return Group(overview(self._status, self._status.at + age), *trouble)
