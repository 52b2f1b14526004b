"""A lab's uploads and transitions, on a service whose disks are recorded; driven and observed from outside.

The rules:

1. A promise is noted when its answer has been read here, with the log's length read after that.
2. What is sent, and in which order, follows from the seed; how it interleaves does not.
3. In the middle the service is killed (SIGKILL) and started again; clients send again what was not answered, under the
   same idempotency key, as real ones do.
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from random import Random

from tests.powercut.contents import Content
from tests.powercut.disks import Recording
from tests.powercut.ledger import Promise
from tests.powercut.service import Service, serving
from tests.powercut.students import Students

_SIZES = (3_000, 20_000, 60_000, 200_000, 700_000)
_CLIENTS = 3
_BATCH = 4


@dataclass(frozen=True, slots=True)
class Plan:
    """``students``: uploads. ``images``: pages of an exam session. ``mutant``: which defect the service has.

    ``kill``: whether the service is killed and started again in the middle.
    """

    students: int = 16
    images: int = 4
    seed: int = 0
    mutant: str | None = None
    kill: bool = True


class Lab:
    """Students who hand in, and a scheduler that works. ``promises``: what was acknowledged."""

    def __init__(self, recording: Recording, service: Service, plan: Plan) -> None:
        self.promises: list[Promise] = []
        self._recording = recording
        self._service = service
        self._students = Students(service, self._note)
        self._plan = plan
        self._accepted: asyncio.Queue[str] = asyncio.Queue()
        self._random = Random(plan.seed)

    def _note(self, kind: str, of: str, value: str = "") -> None:
        self.promises.append(Promise(self._recording.size(), kind, of, value))

    async def run(self) -> None:
        """Everything, to its end."""
        sizes = [self._random.choice(_SIZES) for _ in range(self._plan.students)]
        waiting = deque(enumerate(sizes))

        async def client() -> None:
            while waiting:
                number, size = waiting.popleft()
                door = self._students.tus if number % 3 == 2 else self._students.form
                self._accepted.put_nowait(await door(number, Content(self._plan.seed * 1000 + number, size)))

        async with asyncio.TaskGroup() as group:
            for _ in range(_CLIENTS):
                group.create_task(client())
            group.create_task(self._students.exam(self._plan.seed * 1000 + 500, self._plan.images))
            group.create_task(self._schedule())

    async def _schedule(self) -> None:
        left = self._plan.students
        while left:
            ids = [await self._accepted.get() for _ in range(min(_BATCH, left))]
            first = left == self._plan.students
            left -= len(ids)
            batch = await self._service.order(do="batch", ids=ids)
            self._note("batch", str(batch["batch"]), str(len(ids)))
            await self._transcribe(ids, killed=first and self._plan.kill)
            await self._evaluate(ids)

    async def _transcribe(self, ids: list[str], killed: bool) -> None:
        for task_id in ids:
            await self._do("started", task_id)
        if killed:
            await self._service.kill()
            await self._service.start()
            for task_id in ids:
                await self._do("started", task_id)
        for number, task_id in enumerate(ids):
            if number == 1:
                await self._do("attempt_failed", task_id)
                await self._do("started", task_id)
            await self._do("gave_up" if number == 2 else "transcribed", task_id)
        ids[2:3] = []

    async def _evaluate(self, ids: list[str]) -> None:
        for phase in ("switching", "llm"):
            await self._service.order(do="phase", to=phase)
        for task_id in ids:
            await self._do("started", task_id)
            await self._do("evaluated", task_id)
        for phase in ("switching", "stt"):
            await self._service.order(do="phase", to=phase)

    async def _do(self, event: str, task_id: str) -> None:
        await self._service.order(do=event, id=task_id, count=self._random.randint(5, 120))
        self._note("event", task_id, event)


async def perform(recording: Recording, plan: Plan) -> tuple[Promise, ...]:
    """Run the workload; returns what was promised."""
    async with serving(recording.mounts[0] / "state", plan.mutant) as service:
        lab = Lab(recording, service, plan)
        await lab.run()
    return tuple(lab.promises)
