"""Those outside: students who upload, teachers who ask, and zombies that answer.

A student tries again, under the same key, until there is a yes. From then on the promise holds.
"""

from collections.abc import Callable

from db.intake import NewTask
from scheduler.errors import IntroevalError
from scheduler.task import Stage, Task
from tests.simulator.direction import evaluation, transcription
from tests.simulator.loop import VirtualLoop
from tests.simulator.oracle import Oracle
from tests.simulator.process import Process
from tests.simulator.script import Happens, Item


class Clients:
    """``acknowledged``: who was told yes, and for which task. ``check``: called after each answer."""

    def __init__(
        self,
        loop: VirtualLoop,
        oracle: Oracle,
        process: Callable[[], Process | None],
        now: Callable[[], float],
        check: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._oracle = oracle
        self._process = process
        self._now = now
        self._check = check
        self.acknowledged: dict[int, str] = {}
        self._tries = 0

    def send(self, item: Item) -> None:
        """A client sends; it will look again whether it was told yes."""
        if (process := self._process()) and not process.stopping:
            self._loop.create_task(self._upload(process, item), name="upload")
        if item.what is Happens.UPLOAD:
            self._loop.lasting(self._loop.now + 5.0, self._again, item)

    def _again(self, item: Item) -> None:
        if item.who not in self.acknowledged:
            self.send(item)

    async def _upload(self, process: Process, item: Item) -> None:
        self._tries += 1
        key = f"key {item.who}"
        try:
            found = await process.intake.earlier(key)
            if found is None:
                new = self._new(item, f"t{item.who}.{self._tries}", key)
                found = await process.intake.accept(new, self._now())
        except IntroevalError:
            return  # 507: the client tries again
        process.manager.wake()
        if self.acknowledged.setdefault(item.who, found.task.id) != found.task.id:
            self._oracle.broken("one task for one key", f"{found.task.id} and {self.acknowledged[item.who]}")
        self._check()

    @staticmethod
    def _new(item: Item, name: str, key: str) -> NewTask:
        return NewTask(
            id=name,
            user_id=str(item.who),
            roll_number=str(item.who),
            student_name="",
            file_name="v.mp4",
            video_path=f"videos/{name}",
            size_bytes=1,
            sha256=name,
            media_seconds=None,
            idempotency_key=key,
            priority=int(item.value),
            kind=item.how or "intro_video",
        )

    def ask(self, item: Item) -> None:
        """A teacher stops a task, or wants it graded anew."""
        process = self._process()
        if process and item.who in self.acknowledged:
            self._loop.create_task(self._ask(process, item), name="ask")

    async def _ask(self, process: Process, item: Item) -> None:
        name = self.acknowledged[item.who]
        try:
            if item.what is Happens.CANCEL:
                await process.requests.cancel(name, self._now())
                process.manager.cancel(name)
            else:
                await process.requests.regrade(name, self._oracle.tasks[name].version + 1, self._now())
                process.manager.wake()
        except IntroevalError:
            return  # it has ended, or it has not: the teacher is told

    def answers(self, task: Task) -> None:
        """Somebody who was given the task before has a result for it."""
        if process := self._process():
            self._loop.create_task(self._answer(process, task), name="answer")

    async def _answer(self, process: Process, task: Task) -> None:
        """It must change nothing."""
        shadow = self._oracle.tasks[task.id]
        try:
            if task.state.stage is Stage.STT:
                await process.store.transcribed(task, transcription(task), self._now())
            else:
                await process.store.evaluated(task, evaluation(task), self._now())
        except IntroevalError:
            return  # as it should be: stale
        self._oracle.broken(
            "a late answer changes nothing", f"{task.id}, lease {task.lease}, now {shadow.lease}"
        )
        self._check()
