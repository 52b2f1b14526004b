"""Loading and unloading models when the machine changes hands: timed, and verified.

The rules:

1. Servers load one after the other: they know nothing of each other, and each would take the memory it sees free.
2. A server has left when ``/api/ps`` has no row any more, or when nothing listens on its port (the process is dead).
   A server that is silent, or that is not Ollama, proves nothing.
3. Whatever a server holds is unloaded, not only the model that is configured now: before a restart it may have been
   another one, which ``keep_alive`` keeps for half an hour.
4. An unload that does not finish in its time is a ``HandoverError``; the caller shows it and tries again.
"""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from models.config import canonical
from models.errors import ModelUnavailableError, ServerUnreachableError
from models.worker import LanguageModelWorker
from scheduler.errors import AttemptFailedError, HandoverError
from scheduler.ports import Clock

POLL_SECONDS = 0.1

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """One server's part in a hand-over. ``error``: why it did not succeed."""

    server: str
    loading: bool
    seconds: float
    error: AttemptFailedError | HandoverError | None = None


async def load(worker: LanguageModelWorker, clock: Clock) -> Switch:
    """Load one server's model, if the server is well. What went wrong is in the result."""
    began, error = clock.monotonic(), None
    try:
        await worker.probe()
        await worker.load()
    except AttemptFailedError as failure:
        error = failure
    return _recorded(Switch(server=worker.name, loading=True, seconds=clock.monotonic() - began, error=error))


async def unload(worker: LanguageModelWorker, clock: Clock) -> Switch:
    """Have one server drop all its models, and wait until they are gone. What went wrong is in the result."""
    began, limit = clock.monotonic(), worker.config.unload_seconds
    error: HandoverError | None = None
    while (problem := await _remains(worker)) is not None:
        if clock.monotonic() - began >= limit:
            error = HandoverError(f"{worker.name} did not free its memory in {limit:g} s: {problem}")
            break
        await clock.wait(asyncio.Event(), POLL_SECONDS)
    return _recorded(
        Switch(server=worker.name, loading=False, seconds=clock.monotonic() - began, error=error)
    )


async def unload_all(workers: Sequence[LanguageModelWorker], clock: Clock) -> tuple[Switch, ...]:
    """Unload all servers at once; no result is missing."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(unload(worker, clock)) for worker in workers]
    return tuple(task.result() for task in tasks)


async def let_go(workers: Sequence[LanguageModelWorker]) -> None:
    """Ask all servers at once to drop their models, once and unverified: for the end, when nobody comes after us."""
    async with asyncio.TaskGroup() as group:
        for worker in workers:
            group.create_task(_ask_to_unload(worker))


async def _ask_to_unload(worker: LanguageModelWorker) -> None:
    with contextlib.suppress(AttemptFailedError):
        await worker.unload()


async def _remains(worker: LanguageModelWorker) -> str | None:
    """Ask to unload, and look. Why a model may still be there, or ``None`` when all are gone.

    Ours is asked for each time: a request to load that was given up earlier may take effect only now.
    """
    try:
        for model in await worker.in_memory() | {canonical(worker.config.model)}:
            # Gone from its disk; it can be in memory all the same.
            with contextlib.suppress(ModelUnavailableError):
                await worker.unload(model)
        left = sorted(await worker.in_memory())
        return f"{', '.join(left)} is still in memory." if left else None
    except ServerUnreachableError as error:
        return None if error.refused else str(error)
    except AttemptFailedError as error:
        return str(error)


def _recorded(switch: Switch) -> Switch:
    what = "model loaded" if switch.loading else "model unloaded"
    facts = {"server": switch.server, "seconds": round(switch.seconds, 3)}
    if switch.error is None:
        log.info(what, extra=facts)
    else:
        log.warning("a model server did not follow the hand-over", extra=facts | {"code": switch.error.code})
    return switch
