"""``GET`` of submissions: one, a list, the video. ``Reader`` is shared with the pages."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

from db.views import Filter, Submission
from introeval.fairness import AS_GIVEN, Fair, Standing
from introeval.grading import Segment
from introeval.web import words
from introeval.web.assignment_present import result_body
from introeval.web.assignment_schema import ResultsBody
from introeval.web.context import WebContext
from introeval.web.eta import Outlook, eta_seconds
from introeval.web.inputs import ListQuery
from introeval.web.present import submission_body, submission_line
from introeval.web.problems import ProblemError
from introeval.web.schema import SubmissionBody, SubmissionPage
from scheduler.errors import IntroevalError
from scheduler.snapshot import StatusSnapshot
from scheduler.task import Stage

LIST_PATH = "/api/v1/submissions"
GONE = "What was handed in is no longer stored."


class Reader:
    """Reads submissions for the API and the pages."""

    def __init__(self, context: WebContext) -> None:
        self._context = context

    async def find(self, task_id: str) -> Submission:
        """A submission as the tables have it. Raises ``ProblemError`` (404; 410 when it was deleted)."""
        found = await self._context.views.submission(task_id)
        if found is None:
            raise ProblemError("not_found", "There is no submission with this id. Check the address.")
        if found.purged_at is not None:
            raise gone(found.purged_at)
        return found

    async def body(self, found: Submission) -> SubmissionBody:
        """A submission with its transcript and an estimate of when it ends."""
        segments = await self._segments(found.task.transcript_path)
        version = found.graded_version or found.task.assignment_version
        failures = await self._context.views.failures(found.task.id, version)
        standing = (await self._standings([found]))[found.task.id]
        return submission_body(found, segments, await self._eta(found), failures, standing)

    async def results(self, found: Submission) -> ResultsBody:
        """Every result of a submission, under every version that graded it."""
        views, task = self._context.views, found.task
        items = []
        for result in await views.results(task.id):
            fair = await self._fair(task.assignment_id, result.assignment_version)
            standing = AS_GIVEN if result.model is None else fair.standing(task.id)
            failures = await views.failures(task.id, result.assignment_version)
            items.append(result_body(result, failures, standing))
        return ResultsBody(id=task.id, assignment=task.assignment_id, items=tuple(items))

    async def page(self, query: ListQuery) -> SubmissionPage:
        """A part of the list."""
        where = Filter(
            roll_number=query.roll_number,
            stage=query.current_phase,
            status=query.status,
            assignment_id=query.assignment,
            kind=query.kind,
        )
        total = await self._context.views.count(where)
        found = await self._context.views.submissions(where, query.limit, query.offset)
        failures = await self._context.views.newest_failures([one.task.id for one in found])
        standings = await self._standings(found)
        after = query.model_copy(update={"offset": query.offset + query.limit})
        more = after.offset < total
        return SubmissionPage(
            total=total,
            limit=query.limit,
            offset=query.offset,
            next=f"{LIST_PATH}?{urlencode(after.model_dump(exclude_none=True))}" if more else None,
            items=tuple(
                submission_line(one, failures.get(one.task.id, ()), standings[one.task.id]) for one in found
            ),
        )

    def file(self, found: Submission) -> Path:
        """What was handed in, as it is stored. Raises ``ProblemError`` when it is gone."""
        path = Path(found.task.video_path)
        if path.parent != self._context.videos or not path.is_file():
            raise ProblemError("not_found", GONE)
        return path

    async def _standings(self, found: Sequence[Submission]) -> dict[str, Standing]:
        """Where each stands on the common scale of the models that graded its assignment."""
        fair: dict[tuple[str, int], Fair] = {}
        standings = {}
        for one in found:
            standings[one.task.id] = AS_GIVEN
            key = (one.task.assignment_id, one.graded_version or 0)
            if one.model is None or one.graded_version is None:
                continue
            if key not in fair:
                fair[key] = await self._fair(*key)
            standings[one.task.id] = fair[key].standing(one.task.id)
        return standings

    async def _fair(self, assignment_id: str, version: int) -> Fair:
        return await self._context.fairness.of(await self._context.library.version(assignment_id, version))

    async def _segments(self, path: str | None) -> Sequence[Segment] | None:
        if path is None:
            return None
        try:
            return await asyncio.to_thread(self._context.read_segments, path)
        except (OSError, IntroevalError):
            # A missing transcript takes nothing else of the page away.
            return None

    async def _eta(self, found: Submission) -> float | None:
        if found.task.state.stage in (Stage.COMPLETED, Stage.FAILED):
            return None
        try:
            snapshot, pace = await self._context.status(), await self._context.views.pace()
        except IntroevalError:
            # Least of all may a missing estimate turn an accepted upload into an error.
            return None
        outlook = Outlook(
            phase=snapshot.phase,
            stt_left=snapshot.stt_queue_count + _running(snapshot, Stage.STT),
            llm_left=snapshot.llm_queue_count + _running(snapshot, Stage.LLM),
            llm_slots=sum(server.slots for server in snapshot.servers if server.healthy),
            batch_size=self._context.batch_size,
            pace=pace,
        )
        return eta_seconds(found.task, found.ahead, outlook)


def gone(purged_at: float) -> ProblemError:
    """The answer for what was deleted. ``purged_at``: seconds since the epoch, UTC."""
    day = words.day(datetime.fromtimestamp(purged_at, UTC))
    return ProblemError("gone", f"This was deleted on {day}: the time for which it is kept is over.")


def _running(snapshot: StatusSnapshot, stage: Stage) -> int:
    return sum(task.stage is stage for task in snapshot.running)
