"""``Acceptor``: the last step of every door: a sealed file becomes an accepted submission, once.

The order is the promise: bytes synced (by the door), looked into, named, folder synced, row committed; only then may
anybody be told. Naming and committing are one step that a dropped connection cannot split.
"""

import asyncio
from dataclasses import dataclass

import structlog

from db.errors import UncertainCommitError
from db.intake import Accepted, NewTask
from introeval.assignments import Assignment, AssignmentError
from introeval.web.commits import Commits
from introeval.web.context import WebContext
from introeval.web.incoming import require_same
from introeval.web.inputs import SubmissionForm
from introeval.web.problems import ProblemError
from introeval.web.storage import Draft

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What was handed in. ``id``: the submission's, and its file's name. ``file_name``: for people; ``claimed``: what
    the sender calls a single file. ``size``: bytes that were sent. ``upload_id``: the upload in pieces that it came by.
    """

    id: str
    form: SubmissionForm
    assignment: Assignment
    file_name: str
    claimed: str
    size: int
    sha256: str
    key: str | None
    upload_id: str | None = None


class Acceptor:
    """Shared by all doors of one application."""

    def __init__(self, context: WebContext) -> None:
        self._context = context
        self._looking = asyncio.Semaphore(context.limits.probes)
        self._commits = Commits()

    async def close(self) -> None:
        """Wait for submissions that are being committed."""
        await self._commits.close()

    async def assignment(self, assignment_id: str) -> Assignment:
        """What something is handed in for. Raises ``ProblemError``."""
        try:
            return await self._context.library.latest(assignment_id)
        except AssignmentError as error:
            raise ProblemError("unknown_assignment", str(error)) from error

    async def accept(self, work: Work, draft: Draft) -> Accepted:
        """Look into the sealed ``draft`` and commit. Raises ``ProblemError``, ``RejectedWorkError``, ``StateError``.

        With a key that another request used meanwhile, that one's submission, if it is the same; ``draft`` is then not
        confirmed.
        """
        seconds = await self._look(work, draft)
        accepted = await self._commit(self._new(work, draft, seconds), draft)
        if not accepted.created:
            require_same(work.form, work.sha256, accepted)
        return accepted

    async def _look(self, work: Work, draft: Draft) -> float | None:
        kind = work.assignment.kind
        inspect = self._context.inspect.get(kind)
        if inspect is None:
            raise ProblemError("unavailable", f"This service takes no work of the kind '{kind}'.")
        async with self._looking:
            return await inspect(draft.part, work.claimed)

    def _new(self, work: Work, draft: Draft, seconds: float | None) -> NewTask:
        return NewTask(
            id=work.id,
            user_id=work.form.roll_number,
            roll_number=work.form.roll_number,
            student_name=work.form.name,
            file_name=work.file_name,
            video_path=str(draft.target.relative_to(self._context.state_dir)),
            size_bytes=work.size,
            sha256=work.sha256,
            media_seconds=seconds,
            idempotency_key=work.key,
            kind=work.assignment.kind.value,
            assignment_id=work.assignment.id,
            assignment_version=work.assignment.version,
            upload_id=work.upload_id,
        )

    async def _commit(self, new: NewTask, draft: Draft) -> Accepted:
        async def step() -> Accepted:
            await draft.keep()
            try:
                accepted = await self._context.intake.accept(new, self._context.clock.now())
            except UncertainCommitError:
                # After a crash the row may be there, and its file then has to be. If not, the next start removes it.
                draft.confirm()
                raise
            if accepted.created:
                draft.confirm()
                self._context.wake()
                _log.info(
                    "submission accepted",
                    task_id=new.id,
                    size_bytes=new.size_bytes,
                    media_seconds=new.media_seconds,
                )
            return accepted

        return await self._commits.run(step)
