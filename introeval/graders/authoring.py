"""An answer key, or marking points, proposed to a teacher for an exam on paper.

These are tasks of their own kinds, in the same queue and the same phase as grading, under the assignment that they are
for. ``task.request`` is JSON (``AuthoringRequest``); ``task.video_path`` is the teacher's own pages, where there are
any.

=================  ==================================  ====================
``task.kind``      what is done                        the report
=================  ==================================  ====================
``transcription``  one submission's pages are read     ``TranscriptReport``
``answer_key``     an answer for each question         ``ProposedKey``
``rubric``         marking points for each question    ``ProposedRubric``
=================  ==================================  ====================

The first kind is in ``introeval.graders.reading``. A question that fails is a ``Failure`` beside the others; when all
fail, so does the attempt.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from introeval.assignments import Question
from introeval.graders.base import Work
from introeval.grading.rubric import describe
from introeval.pages.authoring import (
    ProposedKey,
    ProposedRubric,
    key_prompt,
    key_schema,
    notes_of,
    parse_key,
    parse_rubric,
    rubric_prompt,
    rubric_schema,
)
from introeval.pages.errors import NothingToGradeByError
from introeval.pages.lines import number_lines
from introeval.pages.transcription import Transcriber
from models.task import LLMTask, ask
from models.worker import Generation
from scheduler.errors import RejectedWorkError, WorkError
from scheduler.ports import Evaluation
from scheduler.ratings import Failure

T = TypeVar("T")
WORKERS = 4
NO_TEXT = "Question {number} has no text, and there are no pages of yours: nobody knows what it asks."
ADVICE = "Write it by hand, or have it proposed again; a larger model is better at this."


class AuthoringRequest(BaseModel):
    """``submission``: whose pages to read (``transcription``), ``again``: even if they were read. ``questions``: only
    these (``answer_key``, ``rubric``); none means all.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    submission: str | None = None
    again: bool = False
    questions: tuple[str, ...] = ()


class KeyWriter:
    """Tasks of the kind ``answer_key``."""

    def __init__(self, transcriber: Transcriber) -> None:
        self._transcriber = transcriber

    async def grade(self, work: Work) -> Evaluation:
        """See the port."""
        notes = await _notes(self._transcriber, work)
        asked, failures = _askable(work, bool(notes))
        tasks = [
            ask(
                key_prompt(one, notes),
                key_schema(),
                _parser(parse_key, one),
                stage="answer_key",
                version=work.version,
            )
            for one in asked
        ]
        found, failed = await _answers(work, asked, tasks)
        report = ProposedKey(
            assignment_id=work.assignment.id,
            assignment_version=work.assignment.version,
            answer_key=tuple(generation.value for generation in found),
        )
        return _evaluation(report, found, (*failures, *failed))


class RubricWriter:
    """Tasks of the kind ``rubric``."""

    def __init__(self, transcriber: Transcriber) -> None:
        self._transcriber = transcriber

    async def grade(self, work: Work) -> Evaluation:
        """See the port."""
        notes = await _notes(self._transcriber, work)
        keys = {answer.question_number: answer.answer for answer in work.assignment.answer_key}
        asked, failures = _askable(work, bool(notes), keys)
        tasks = [
            ask(
                rubric_prompt(one, keys.get(one.question_number, ""), notes),
                rubric_schema(one),
                _parser(parse_rubric, one),
                stage="rubric_points",
                version=work.version,
            )
            for one in asked
        ]
        found, failed = await _answers(work, asked, tasks)
        report = ProposedRubric(
            assignment_id=work.assignment.id,
            assignment_version=work.assignment.version,
            marking=tuple(point for generation in found for point in generation.value),
        )
        return _evaluation(report, found, (*failures, *failed))


def request_of(work: Work) -> AuthoringRequest:
    """What the task asks for. Raises ``RejectedWorkError``."""
    try:
        return AuthoringRequest.model_validate_json(work.task.request or "{}")
    except ValidationError as error:
        raise RejectedWorkError("the request cannot be read: " + describe(error)) from error


def _parser(parse: Callable[[str, Question], T], question: Question) -> Callable[[str], T]:
    return lambda text: parse(text, question)


async def _notes(transcriber: Transcriber, work: Work) -> str:
    """The text of the teacher's pages, if the task has a file."""
    if not await asyncio.to_thread(Path(work.task.video_path).is_file):
        return ""
    pages = await transcriber.read(
        work, work.task.id, work.task.video_path, lambda fraction, server=None: None
    )
    return notes_of(number_lines(pages))


def _askable(
    work: Work, notes: bool, keys: dict[str, str] | None = None
) -> tuple[list[Question], list[Failure]]:
    """The questions that can be asked about, and a failure for each other one. Raises ``NothingToGradeByError``."""
    wanted = request_of(work).questions
    asked, failures = list[Question](), list[Failure]()
    for question in work.assignment.questions:
        number = question.question_number
        if wanted and number not in wanted:
            continue
        if question.text or notes or (keys or {}).get(number):
            asked.append(question)
        else:
            message = NO_TEXT.format(number=number)
            failures.append(
                Failure(
                    code=NothingToGradeByError.code,
                    stage=work.task.kind,
                    place=f"Question {number}",
                    message=message,
                    advice="Add the question's text to the assignment.",
                )
            )
    if not asked:
        raise NothingToGradeByError(
            failures[0].message if failures else "The assignment has none of these questions."
        )
    return asked, failures


async def _answers(
    work: Work, asked: Sequence[Question], tasks: Sequence[LLMTask[T]]
) -> tuple[list[Generation[T]], list[Failure]]:
    """The replies in the order of the questions. Raises the first error when there is no reply at all."""
    found: dict[int, Generation[T]] = {}
    errors: dict[int, WorkError] = {}
    stream = work.executor.stream(tasks, task_id=work.task.id, workers=WORKERS, progress=work.progress)
    async with aclosing(stream) as outcomes:
        async for outcome in outcomes:
            if outcome.generation is not None:
                found[outcome.index] = outcome.generation
            elif outcome.error is not None:
                errors[outcome.index] = outcome.error
    if not found:
        raise errors[min(errors)]
    failures = [
        Failure(
            code=errors[at].code,
            stage=tasks[at].stage,
            place=f"Question {asked[at].question_number}",
            message=str(errors[at]),
            advice=ADVICE,
        )
        for at in sorted(errors)
    ]
    return [found[at] for at in sorted(found)], failures


def _evaluation(
    report: BaseModel, generations: Sequence[Generation[Any]], failures: Sequence[Failure] = ()
) -> Evaluation:
    models = dict.fromkeys(generation.model for generation in generations)
    servers = dict.fromkeys(generation.server for generation in generations)
    return Evaluation(
        score=0.0,
        max_score=0.0,
        report=report.model_dump(mode="json"),
        model=" + ".join(models) or None,
        server=" + ".join(servers) or None,
        prompt_hash=generations[0].prompt_hash if generations else "",
        tokens_in=sum(generation.tokens_in for generation in generations),
        tokens_out=sum(generation.tokens_out for generation in generations),
        latency_ms=sum(generation.latency_ms for generation in generations),
        raw_reply="\n".join(generation.raw for generation in generations) or None,
        load_ms=sum(generation.load_ms for generation in generations),
        failures=tuple(failures),
    )
