"""The daemon: the one place where the parts are built, wired, started and ended.

Start: lock the state folder, open the tables, start the model servers, the web, then the loop. Nothing loads weights
before there is work, so that a start takes well under a second.

Stop (SIGTERM, SIGINT), in this order: no new uploads and no open streams; nothing new is started; what runs may end
within ``drain_seconds`` and is released otherwise; both sides and their processes end; the tables close.
"""

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from random import Random

import uvloop

from db.assignments import Assignments
from db.calls import SqliteCalls
from db.database import Database
from db.store import SqliteStore
from db.views import Views
from introeval import assembly, core_files, logs, wiring
from introeval.clock import SystemClock
from introeval.durable import make_folder
from introeval.evaluator import GradingEvaluator
from introeval.graders.base import Grader
from introeval.instance import single_instance
from introeval.keeping.integrity import require_whole
from introeval.library import AssignmentLibrary
from introeval.listening import listen, write_port_file
from introeval.outbox.outgoing import Outgoing
from introeval.pages.prompt import Budget
from introeval.preview import Previewer
from introeval.sd_notify import Notifier
from introeval.settings import Settings
from introeval.status import StatusBoard
from introeval.web.context import Inspect, WebContext
from models.embedded.supervisor import EmbeddedServers
from models.executor import Executor
from models.pool import ModelPool
from models.sight import Sight
from scheduler.batches import BatchCoordinator
from scheduler.errors import ConfigurationError, StateError
from scheduler.ports import Clock, Transcriber
from scheduler.queues import ReaderWriterQueueManager
from stt.worker import STTBatchWorker

log = logging.getLogger(__name__)


def serve(settings: Settings, port_file: Path | None = None) -> int:
    """Run the daemon until it is told to stop; returns the exit code. Raises ``ConfigurationError``.

    ``port_file``: where to write ``{"url", "pid"}`` once it serves (with port 0 nobody else knows the port).
    """
    core_files.forbid()
    logs.configure(settings.log.format, settings.log.level)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_serve(settings, port_file))


async def _serve(settings: Settings, port_file: Path | None) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    notifier = Notifier(os.environ)
    async with daemon(settings, notifier) as running:
        if port_file is not None:
            write_port_file(port_file, running.url)
        notifier.ready(f"serving on {running.url}")
        log.info("serving", extra={"url": running.url, "models": settings.models, "pid": os.getpid()})
        await running.until(stop)
        notifier.stopping("draining")
        log.info("stopping")
    return 0


class Daemon:
    """A running daemon. ``url``: where it serves. ``work``: the loops that run beside the web."""

    def __init__(
        self, url: str, manager: ReaderWriterQueueManager, board: StatusBoard, notifier: Notifier
    ) -> None:
        self.url = url
        self.manager = manager
        self.board = board
        self._notifier = notifier
        self.work: list[asyncio.Task[None]] = []

    async def until(self, stop: asyncio.Event) -> None:
        """Return when ``stop`` is set; raise when a part of the daemon has ended, which none does by itself."""
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait([stopping, *self.work], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        for task in self.work:
            if task.done():
                task.result()

    async def report(self) -> None:
        """One line for the service manager, if there is one: the phase and the queues."""
        if not self._notifier.active:
            return
        now = await self.board.snapshot()
        self._notifier.status(
            f"{now.phase}: {now.stt_queue_count} in STT, {now.llm_queue_count} to grade. {now.why}"
        )


@asynccontextmanager
async def daemon(
    settings: Settings,
    notifier: Notifier,
    clock: Clock | None = None,
    *,
    transcriber: Transcriber | None = None,
    inspect: Mapping[str, Inspect] | None = None,
) -> AsyncIterator[Daemon]:
    """Build and start everything; end it in the opposite order.

    ``clock``: not given: the machine's own. ``transcriber``: Whisper. ``inspect``: who looks into uploads, by kind.
    """
    clock = clock or SystemClock()
    _make_folders(settings)
    async with AsyncExitStack() as stack:
        database = await _state(stack, settings)
        outgoing = Outgoing(settings.webhook, database, clock)
        embedded = EmbeddedServers(assembly.embedded_servers(settings), clock)
        servers = await stack.enter_async_context(_beside(embedded))
        configs = wiring.servers(settings, embedded)
        pool = ModelPool(configs, clock, residency=settings.residency, jitter=Random())
        transcriber = transcriber or STTBatchWorker(assembly.speech(settings))
        library = AssignmentLibrary(Assignments(database), clock, [config.model for config in configs])
        await library.introductions(assembly.rubric(settings))
        executor = Executor(pool, SqliteCalls(database), clock, rate=assembly.rates(settings))
        sight = Sight(configs)
        stack.push_async_callback(sight.close)
        graders = await _graders(settings, database, sight, clock)
        evaluator = GradingEvaluator(pool, executor, library, graders)
        preview = Previewer(executor, graders, evaluator.served, configs)
        manager = ReaderWriterQueueManager(
            SqliteStore(database),
            transcriber,
            evaluator,
            clock,
            batches=BatchCoordinator(assembly.batch_limits(settings)),
            limits=assembly.phase_limits(settings),
            settings=assembly.queue_settings(settings, notifier.watchdog_seconds),
            on_beat=notifier.watchdog,
        )
        pool.on_change = manager.wake
        board = wiring.board(settings, Views(database), manager, pool, clock)
        board.outbox, board.calls = outgoing.status, evaluator.calls
        keeper = wiring.keeper(settings, database, clock)
        library.on_change, board.keeping = keeper.wake, keeper.trouble
        web = (settings, database, manager, board, clock, library, preview, keeper, inspect)
        context = wiring.web_context(*web)
        database.on_commit(context.commits.notify)
        stack.push_async_callback(evaluator.close)
        stack.push_async_callback(transcriber.close)
        queues = asyncio.create_task(manager.run(), name="queues")
        stack.push_async_callback(_stop, manager, queues, settings.drain_seconds)
        url = await listen(stack, settings, context)
        running = Daemon(url, manager, board, notifier)
        beside = {"probes": pool.run(), "outbox": outgoing.run(), "keeping": keeper.run()}
        beside["report"] = _report(running, context)
        started = [asyncio.create_task(work, name=name) for name, work in beside.items()]
        stack.push_async_callback(_end, started)
        running.work = [queues, *started, *context.work, servers]
        yield running


async def _state(stack: AsyncExitStack, settings: Settings) -> Database:
    """The tables, if nobody else has them and they can be trusted. Raises ``ConfigurationError``."""
    stack.enter_context(single_instance(settings.state.instance_lock))
    await asyncio.to_thread(require_whole, settings.state)
    return await stack.enter_async_context(Database.open(settings.state_dir))


async def _graders(settings: Settings, database: Database, sight: Sight, clock: Clock) -> dict[str, Grader]:
    pages = wiring.page_transcriber(database, sight, clock, settings.generation.num_ctx)
    await pages.sweep()
    budget = Budget(context=settings.generation.num_ctx, reply=settings.generation.num_predict)
    return wiring.graders(database, sight, clock, pages, budget)


@asynccontextmanager
async def _beside(embedded: EmbeddedServers) -> AsyncIterator[asyncio.Task[None]]:
    """Run the embedded servers beside the rest, which need not wait until they listen: the pool will find them."""

    async def run() -> None:
        async with embedded:
            await asyncio.Event().wait()

    running = asyncio.create_task(run(), name="embedded-servers")
    try:
        yield running
    finally:
        running.cancel()
        await asyncio.wait([running])


async def _report(running: Daemon, context: WebContext) -> None:
    with context.commits.subscribe() as changed:
        while True:
            try:
                await running.report()
            except StateError as error:
                log.warning("no status line", exc_info=error)
            await changed.wait()
            changed.clear()


async def _stop(manager: ReaderWriterQueueManager, queues: asyncio.Task[None], drain_seconds: float) -> None:
    await manager.stop(drain_seconds)
    await asyncio.gather(queues, return_exceptions=True)


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _make_folders(settings: Settings) -> None:
    for folder in settings.state.folders:
        try:
            make_folder(folder)
        except OSError as error:
            message = f"The folder {folder} cannot be made ({error.strerror}): choose another --state-dir."
            raise ConfigurationError(message) from error
