"""``Ledger``: writes into the tables how each part of a grading ended, as soon as it has ended."""

from typing import Any

from db.session_results import AssessmentResult, RubricResult, SessionResults
from introeval.exams.failures import (
    ASSESSMENT_STAGE,
    RUBRIC_STAGE,
    assessment_place,
    failure_of,
    rubric_failed,
)
from introeval.exams.failures import rubric_place as place_of_rubric
from introeval.exams.marks import QuestionMark
from introeval.exams.material import ReadFrom
from introeval.exams.readings import Reading
from introeval.exams.report import TryResult
from introeval.exams.request import GradePlan, PlannedPair
from models.errors import ReplyError
from models.worker import Generation
from scheduler.errors import WorkError
from scheduler.ports import Clock
from scheduler.ratings import Failure


class Ledger:
    """Of one grading. Everything raises ``StateError``."""

    def __init__(self, plan: GradePlan, task_id: str, results: SessionResults, clock: Clock) -> None:
        self._plan = plan
        self._task_id = task_id
        self._results = results
        self._clock = clock

    async def rubric_read(
        self, model: str, attempt: int, read_from: ReadFrom, generation: Generation[Reading]
    ) -> None:
        """A model has read the rubric."""
        reading = generation.value
        row = RubricResult(
            session_id=self._plan.session_id,
            model=model,
            attempt=attempt,
            rubric_response=reading.text,
            raw_output=generation.raw,
            warnings=reading.warnings,
            read_from=read_from,
            **_costs(generation),
        )
        await self._results.keep_rubric(row, self._clock.now())

    async def rubric_failed(
        self, model: str, attempt: int, read_from: ReadFrom | None, key: str | None, error: WorkError
    ) -> Failure:
        """A model has not; returns what is told of it. ``key``: of the call, if it came so far."""
        failure = failure_of(error, RUBRIC_STAGE, place_of_rubric(model, attempt))
        row = RubricResult(
            session_id=self._plan.session_id,
            model=model,
            attempt=attempt,
            validation_errors=_refused(error),
            failure=failure.as_dict(),
            read_from=read_from,
            call_key=key,
        )
        await self._results.keep_rubric(row, self._clock.now())
        return failure

    async def done(
        self,
        pair: PlannedPair,
        attempt: int,
        marks: tuple[QuestionMark, ...],
        read_from: ReadFrom,
        generation: Generation[Any] | None,
    ) -> TryResult:
        """A try has its marks. ``generation``: ``None`` when no model was asked."""
        row = self._row(
            pair,
            attempt,
            "done",
            marks=tuple(mark.model_dump(mode="json") for mark in marks),
            read_from=read_from,
            raw_output=None if generation is None else generation.raw,
            **({} if generation is None else _costs(generation)),
        )
        await self._results.keep_assessment(row, self._clock.now())
        if generation is None:
            return TryResult(pair=pair, attempt=attempt, marks=marks)
        return TryResult(
            pair=pair, attempt=attempt, marks=marks, model=generation.model, server=generation.server
        )

    async def without_rubric(self, pair: PlannedPair, attempt: int, why: Failure) -> TryResult:
        """A try has no rubric to go by. ``why`` stays with it: a later grading may read the rubric anew."""
        place = assessment_place(pair.index, pair.assessment_model, attempt)
        return await self._failed(pair, attempt, "rubric_failed", rubric_failed(place, why), why)

    async def failed(
        self, pair: PlannedPair, attempt: int, read_from: ReadFrom | None, error: WorkError
    ) -> TryResult:
        """A try has ended without marks."""
        place = assessment_place(pair.index, pair.assessment_model, attempt)
        failure = failure_of(error, ASSESSMENT_STAGE, place)
        return await self._failed(
            pair, attempt, "failed", failure, read_from=read_from, validation_errors=_refused(error)
        )

    async def _failed(
        self,
        pair: PlannedPair,
        attempt: int,
        state: str,
        failure: Failure,
        of_rubric: Failure | None = None,
        **facts: Any,
    ) -> TryResult:
        told = failure.as_dict() | ({} if of_rubric is None else {"rubric": of_rubric.as_dict()})
        row = self._row(pair, attempt, state, failure=told, **facts)
        await self._results.keep_assessment(row, self._clock.now())
        return TryResult(pair=pair, attempt=attempt, failure=failure)

    def _row(self, pair: PlannedPair, attempt: int, state: str, **facts: Any) -> AssessmentResult:
        return AssessmentResult(
            session_id=self._plan.session_id,
            task_id=self._task_id,
            pair_index=pair.index,
            attempt=attempt,
            instance_id=pair.instance_id,
            rubric_model=pair.rubric_model,
            assessment_model=pair.assessment_model,
            state=state,
            **facts,
        )


def _costs(generation: Generation[Any]) -> dict[str, Any]:
    return {
        "call_key": generation.key,
        "server": generation.server,
        "tokens_in": generation.tokens_in,
        "tokens_out": generation.tokens_out,
        "latency_ms": generation.latency_ms,
    }


def _refused(error: WorkError) -> tuple[str, ...]:
    """What the reply's reader found wrong, if that was it."""
    return (str(error),) if isinstance(error, ReplyError) else ()
