"""A bench for graders: real tables, a real pool, and two servers whose replies a test chooses."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from db.calls import SqliteCalls
from db.database import Database
from introeval.assignments import Assignment
from introeval.graders.base import Work
from models.executor import Executor
from models.pool import ModelPool
from scheduler.ports import unwatched
from scheduler.task import Task
from scheduler.transitions import LLM_PROCESSING
from tests.models.clocks import EagerClock
from tests.models.fake_ollama import FakeOllama, fake_ollama
from tests.models.test_pool import configs


@dataclass
class Bench:
    """``servers``: one model each. ``database``: as the daemon's."""

    servers: tuple[FakeOllama, ...]
    database: Database
    pool: ModelPool
    executor: Executor

    def work(self, assignment: Assignment, **task: Any) -> Work:
        """A task in somebody's hands, under this assignment."""
        values: dict[str, Any] = {
            "id": "t1",
            "roll_number": "r1",
            "video_path": "",
            "state": LLM_PROCESSING,
            "created_at": 0.0,
            "updated_at": 0.0,
            "kind": assignment.kind.value,
            "assignment_id": assignment.id,
            "assignment_version": assignment.version,
        }
        models = tuple(dict.fromkeys(s.model for s in self.pool.statuses() if s.healthy))
        return Work(
            task=Task(**(values | task)),
            assignment=assignment,
            executor=self.executor,
            progress=unwatched,
            models=models,
            known=tuple(dict.fromkeys(status.model for status in self.pool.statuses())),
        )

    @property
    def asked(self) -> list[int]:
        """How many requests each server has had."""
        return [len(server.prompts) for server in self.servers]


@asynccontextmanager
async def bench(root: Path, *models: str) -> AsyncIterator[Bench]:
    """Servers for these models, tables in ``root``, and a pool in its phase."""
    async with AsyncExitStack() as stack:
        servers = tuple([await stack.enter_async_context(fake_ollama(model)) for model in models])
        database = await stack.enter_async_context(Database.open(root))
        clock = EagerClock()
        pool = ModelPool(configs(servers), clock)
        stack.push_async_callback(pool.close)
        await pool.enter()
        yield Bench(servers, database, pool, Executor(pool, SqliteCalls(database), clock))
