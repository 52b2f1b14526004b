"""``GradingEvaluator``: the scheduler's reader side, made of the pure grading rules and the pool of models.

A transcript is read, the guards look at it first (an empty one never reaches a model), then one model of the pool is
asked, and its reply becomes a report in code. Which model it was is part of the result.
"""

import asyncio
from collections.abc import Sequence

from introeval.grading import (
    GradeReplyError,
    GradeReport,
    Reply,
    Rubric,
    build_prompt,
    grade,
    parse_reply,
    precheck,
)
from models.errors import SchemaValidationError
from models.pool import ModelPool
from models.task import ask
from models.worker import Generation
from scheduler.errors import AttemptFailedError
from scheduler.ports import Evaluation, Progress
from scheduler.task import Task
from stt.transcript import Segment, Transcript, read_transcript


class GradingEvaluator:
    """Implements ``scheduler.ports.Evaluator``."""

    def __init__(self, pool: ModelPool, rubric: Rubric) -> None:
        self._pool = pool
        self._rubric = rubric

    @property
    def slots(self) -> int:
        """Requests that the healthy servers take at once."""
        return sum(server.slots for server in self._pool.statuses() if server.healthy)

    @property
    def servers_up(self) -> int:
        """Healthy servers."""
        return self._pool.servers_up

    async def enter(self) -> None:
        """Load the models, one server after the other."""
        await self._pool.enter()

    async def leave(self) -> None:
        """End the phase; see ``ModelPool.leave``."""
        await self._pool.leave()

    async def close(self) -> None:
        """Close all connections."""
        await self._pool.close()

    async def evaluate(self, task: Task, progress: Progress) -> Evaluation:
        """Grade one transcript. Raises as the port says."""
        if task.transcript_path is None:
            raise AttemptFailedError("the transcript is missing; hand the video in again")
        transcript = await asyncio.to_thread(read_transcript, task.transcript_path)
        refused = precheck(transcript.segments, transcript.media_seconds, self._rubric)
        if refused is not None:
            return _without_model(refused)
        return await self._ask(transcript, progress)

    async def _ask(self, transcript: Transcript, progress: Progress) -> Evaluation:
        segments = transcript.segments
        prompt = build_prompt(self._rubric, segments)
        request = ask(prompt.text, prompt.schema, lambda text: _parse(text, self._rubric, segments))
        generation = await self._pool.generate(request, progress)
        report = grade(self._rubric, segments, transcript.media_seconds, generation.value)
        return _evaluation(report, generation, prompt.hash)


def _parse(text: str, rubric: Rubric, segments: Sequence[Segment]) -> Reply:
    """``parse_reply``, with its refusal as the pool knows it: it then asks the model again, with the reason."""
    try:
        return parse_reply(text, rubric, segments)
    except GradeReplyError as error:
        raise SchemaValidationError(str(error)) from error


def _evaluation(report: GradeReport, generation: Generation[Reply], prompt_hash: str) -> Evaluation:
    return Evaluation(
        score=report.score,
        max_score=report.max_score,
        report=report.model_dump(mode="json"),
        model=generation.model,
        server=generation.server,
        prompt_hash=prompt_hash,
        tokens_in=generation.tokens_in,
        tokens_out=generation.tokens_out,
        latency_ms=generation.latency_ms,
        raw_reply=generation.raw,
        load_ms=generation.load_ms,
    )


def _without_model(report: GradeReport) -> Evaluation:
    return Evaluation(
        score=report.score,
        max_score=report.max_score,
        report=report.model_dump(mode="json"),
        model=None,
        server=None,
        prompt_hash="",
        tokens_in=0,
        tokens_out=0,
        latency_ms=0,
        raw_reply=None,
    )
