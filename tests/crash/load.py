"""Kills at random moments while several clients upload without a pause.

A moment is a state call of random number, drawn so that as many kills fall into the start as into the work. Each client
hands in file after file under its own keys, and repeats what it has not heard a yes for. In the end all clients finish
what they have begun, everything is graded, and the books are compared.
"""

import asyncio
import math
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from tests.crash.lab import DiedError, Lab, Nursery, lab
from tests.crash.life import TROUBLE, Ledger, all_ended, following, submit
from tests.crash.verdict import faults
from tests.crash.waiting import within
from tests.crash.watch import kill_at

CLIENTS = 4
LARGEST = 300_000
LATEST = 3_000
"""Bytes of a file; state calls of a daemon's life."""
BUSY = 429
QUEUE_SECONDS = 60
"""A full queue loses some each second. When it stands still for longer than this, that is a failure."""


@dataclass
class Load:
    """``kills`` that happened. ``starting``: how many of them before it served. ``repeated``: uploads sent again."""

    kills: int = 0
    starting: int = 0
    repeated: int = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)


async def kills_under_load(
    nursery: Nursery, root: Path, seed: int, kills: int
) -> tuple[Load, Ledger, list[str]]:
    """Run it; returns what happened, what was promised, and what is wrong."""
    load, ledger = Load(), Ledger()
    numbers = random.Random(seed)
    async with lab(nursery, root, INTROEVAL_BATCH_SIZE="10", INTROEVAL_UPLOAD_MAX_QUEUE="60") as made:
        port = await _free_port(made)
        async with asyncio.TaskGroup() as group:
            clients = [group.create_task(_client(made, load, ledger, seed + at)) for at in range(CLIENTS)]
            while load.kills < kills:
                await _one_kill(made, load, round(math.exp(numbers.uniform(0, math.log(LATEST)))), port)
                if load.kills % 50 == 0:
                    print(f"  {load.kills} kills, {len(ledger.accepted)} acknowledged", flush=True)
            load.over.set()
            await made.start(port=port)
            await asyncio.gather(*clients)
        async with made.http() as http:
            await all_ended(http, set(ledger.accepted.values()))
        assert await made.stop() == 0, made.log[-3000:]
        return load, ledger, faults(made, ledger, crashes=kills)


async def _one_kill(made: Lab, load: Load, number: int, port: int) -> None:
    try:
        await made.start(kill_at(number), port=port)
        await made.gone()
    except DiedError:
        load.starting += 1
    assert made.watcher is not None
    assert made.watcher.killed is not None, made.log[-3000:]
    load.kills += 1


async def _client(made: Lab, load: Load, ledger: Ledger, seed: int) -> None:
    sizes = random.Random(seed)
    while not load.over.is_set():
        key = ledger.add(seed, sizes.randrange(1, LARGEST))
        while key not in ledger.accepted:
            try:
                async with made.http() as http:
                    status, body = await _hand_in(http, key, ledger.files[key])
            except (*TROUBLE, aiohttp.InvalidURL):
                load.repeated += 1
                await made.serving.wait()
                continue
            assert status in (200, 201), (status, body)
            ledger.heard(key, body["id"])


async def _hand_in(http: aiohttp.ClientSession, key: str, content: bytes) -> tuple[int, dict[str, Any]]:
    """While the queue is full: again whenever somebody's work has ended."""
    status, body = await submit(http, key, content)
    if status == BUSY:
        # Followed before it is tried again: an end in between would be missed.
        async with following(http) as ends:
            while (answer := await submit(http, key, content))[0] == BUSY:
                async with within(QUEUE_SECONDS, "the queue is full, and no submission ended"):
                    await anext(ends)
            return answer
    return status, body


async def _free_port(made: Lab) -> int:
    """The port of a first start, on which the later ones serve too, so that the clients know where to go."""
    await made.start()
    port = int(made.url.rpartition(":")[2])
    assert await made.stop() == 0
    return port
