"""``SessionGrader``: every try of every pair of a session, rubric stage first, then assessment stage, all at once.

The rules:

1. A rubric is read once for each rubric model and try, whoever needs it: one task within a grading; across gradings and
   sessions the executor keeps the call and lets equal ones fly once.
2. A rubric that cannot be read fails its tries; an assessment that fails keeps its rubric; all others go on.
3. How a try ended is in the tables as soon as it has ended.
4. When no try of any pair has a result, the grading fails with an error that may pass, if there is one, so that the
   scheduler tries again. Without a server, or with tables that cannot be written, it stops at once.
5. How many requests run at once is the pool's to say: it has the slots.
"""

import asyncio
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from pydantic import ValidationError

from db.session_results import SessionResults
from introeval.exams.errors import SessionGoneError, UnreadableRubricError
from introeval.exams.flags import flags_and_doubts
from introeval.exams.marks import blank_marks, marks_of
from introeval.exams.material import Material, ReadFrom
from introeval.exams.prompts import assessment_task, rubric_task
from introeval.exams.readings import Reading
from introeval.exams.report import TryResult, combined, ratings, report
from introeval.exams.request import GradePlan, PlannedPair
from introeval.graders.base import Work
from introeval.graders.session_ledger import Ledger
from introeval.graders.session_pages import PART_FAILED, Gallery, Sees, SessionPages
from models.outcomes import Shares
from scheduler.errors import AttemptFailedError, NoServerError, StateError, WorkError
from scheduler.ports import Clock, Evaluation, Progress
from scheduler.ratings import Failure
from scheduler.task import Task

UNREADABLE = (
    "Nothing on the grading rubric's pages could be read. Register clearer pictures in a new session, or choose a "
    "rubric model that sees."
)


class SessionGrader:
    """Grades sessions (``introeval.graders.base.Grader``)."""

    def __init__(self, pages: SessionPages, results: SessionResults, sees: Sees, clock: Clock) -> None:
        self._pages = pages
        self._results = results
        self._sees = sees
        self._clock = clock

    async def grade(self, work: Work) -> Evaluation:
        """See the port."""
        plan = _plan(work.task)
        images = await self._pages.find(plan.session_id, plan.images)
        ledger = Ledger(plan, work.task.id, self._results, self._clock)
        grading = _Grading(work, plan, ledger, Gallery(plan.session_id, images, self._pages, self._sees))
        results = await grading.run()
        usage = await self._results.task_usage(work.task.id)
        whole = combined(results)
        if whole is None:
            raise grading.foremost
        flags, doubts = flags_and_doubts(grading.text, grading.readings)
        given = ratings(results)
        return Evaluation(
            score=whole.score,
            max_score=whole.max_score,
            report=report(plan, whole, results, flags, doubts, grading.readings).model_dump(mode="json"),
            model=" + ".join(dict.fromkeys(rating.model for rating in given)) or None,
            server=" + ".join(dict.fromkeys(rating.server for rating in given)) or None,
            prompt_hash=grading.prompt_hash,
            tokens_in=usage.tokens_in,
            tokens_out=usage.tokens_out,
            latency_ms=usage.latency_ms,
            raw_reply=None,
            load_ms=usage.load_ms,
            ratings=given,
            failures=grading.failures(results),
        )


@dataclass(frozen=True, slots=True)
class _Rubric:
    """How a rubric stage ended: with a ``reading``, or with a ``failure``."""

    reading: Reading | None = None
    failure: Failure | None = None


class _Grading:
    """One of them, under way."""

    def __init__(self, work: Work, plan: GradePlan, ledger: Ledger, gallery: Gallery) -> None:
        self._work, self._plan, self._ledger, self._gallery = work, plan, ledger, gallery
        self._group = asyncio.TaskGroup()
        self._rubrics: dict[tuple[str, int], asyncio.Task[_Rubric]] = {}
        self._errors: list[WorkError] = []
        self._hashes: set[str] = set()

    async def run(self) -> list[TryResult]:
        """How all tries ended, in the plan's order. Raises ``NoServerError`` and ``StateError``."""
        tries = [(pair, attempt) for pair in self._plan.pairs for attempt in range(1, pair.tries + 1)]
        shares = Shares(len(tries), self._work.progress)
        try:
            async with self._group as group:
                running = [
                    group.create_task(self._try(pair, attempt, shares, at))
                    for at, (pair, attempt) in enumerate(tries)
                ]
        except BaseExceptionGroup as errors:
            _raise_foremost(errors)
        return [task.result() for task in running]

    @property
    def foremost(self) -> WorkError:
        """Rule 4: the error of a grading without a result."""
        passing = (error for error in self._errors if isinstance(error, AttemptFailedError))
        return next(passing, self._errors[0])

    @property
    def text(self) -> Material | None:
        """What was read on the pages, if any model needed it."""
        return self._gallery.text

    @property
    def readings(self) -> dict[tuple[str, int], Reading]:
        """The rubric as it was read, by model and try."""
        ended = {who: task.result().reading for who, task in self._rubrics.items()}
        return {who: reading for who, reading in ended.items() if reading is not None}

    @property
    def prompt_hash(self) -> str:
        """SHA-256, hex, of all prompts that were answered; of a single one, its own."""
        if len(self._hashes) < 2:
            return "".join(self._hashes)
        return hashlib.sha256("".join(sorted(self._hashes)).encode()).hexdigest()

    def failures(self, results: list[TryResult]) -> tuple[Failure, ...]:
        """What ended without a result, rubrics first."""
        rubrics = [task.result().failure for task in self._rubrics.values()]
        tries = [result.failure for result in results]
        return tuple(failure for failure in (*rubrics, *tries) if failure is not None)

    async def _try(self, pair: PlannedPair, attempt: int, shares: Shares, at: int) -> TryResult:
        rubric = await self._rubric(pair, attempt, shares.of(at))
        if rubric.failure is not None:
            result = await self._ledger.without_rubric(pair, attempt, rubric.failure)
        else:
            result = await self._assess(pair, attempt, rubric.reading, shares.of(at))
        shares.ended(at)
        return result

    async def _rubric(self, pair: PlannedPair, attempt: int, progress: Progress) -> _Rubric:
        if pair.rubric_model is None:
            return _Rubric()
        key = (pair.rubric_model, attempt)
        if key not in self._rubrics:
            reading = self._read(pair, pair.rubric_model, attempt, progress)
            self._rubrics[key] = self._group.create_task(reading)
        return await self._rubrics[key]

    async def _read(self, pair: PlannedPair, model: str, attempt: int, progress: Progress) -> _Rubric:
        read_from: ReadFrom | None = None
        key: str | None = None
        try:
            material = await self._gallery.of(model)
            read_from, sheet = material.rubric.read_from, material.rubric.sheet
            if sheet is not None and sheet.blank:
                raise UnreadableRubricError(UNREADABLE)
            task = rubric_task(self._plan, pair, attempt, material)
            key = task.key
            generation = await self._work.ask(task, progress)
        except PART_FAILED as error:
            self._errors.append(error)
            failure = await self._ledger.rubric_failed(model, attempt, read_from, key, error)
            return _Rubric(failure=failure)
        self._hashes.add(generation.prompt_hash)
        await self._ledger.rubric_read(model, attempt, read_from, generation)
        return _Rubric(generation.value)

    async def _assess(
        self, pair: PlannedPair, attempt: int, reading: Reading | None, progress: Progress
    ) -> TryResult:
        read_from: ReadFrom | None = None
        try:
            material = await self._gallery.of(pair.assessment_model)
            read_from, sheet = material.student.read_from, material.student.sheet
            blank = None if sheet is None else blank_marks(self._plan.questions, sheet)
            if blank is not None:
                return await self._ledger.done(pair, attempt, blank, read_from, None)
            rubric = None if reading is None else reading.text
            task = assessment_task(self._plan, pair, attempt, material, rubric)
            generation = await self._work.ask(task, progress)
        except PART_FAILED as error:
            self._errors.append(error)
            return await self._ledger.failed(pair, attempt, read_from, error)
        self._hashes.add(generation.prompt_hash)
        marks = marks_of(self._plan.questions, generation.value, material, reading)
        return await self._ledger.done(pair, attempt, marks, read_from, generation)


def _plan(task: Task) -> GradePlan:
    try:
        return GradePlan.model_validate_json(task.request or "")
    except ValidationError as error:
        raise SessionGoneError("This grading has no plan that can be read. Ask for it again.") from error


def _raise_foremost(errors: BaseExceptionGroup[BaseException]) -> NoReturn:
    """The one that says most: tables first, then servers, then whatever came first."""
    found = list(_leaves(errors))
    for kind in (StateError, NoServerError):
        for error in found:
            if isinstance(error, kind):
                raise error from None
    raise found[0] from None


def _leaves(errors: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in errors.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error
