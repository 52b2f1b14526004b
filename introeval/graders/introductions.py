"""``IntroductionGrader``: a transcript to an explained grade, by one model or, where the plan wants it, by two.

A transcript is read, the guards look at it first (an empty one never reaches a model), then the models that the plan
names are asked at once, and their replies become one report in code. What is flagged is graded a second time.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from introeval.assignments import Assignment
from introeval.assignments.opinions import Asked, first_opinions, second_opinions, wanted
from introeval.graders.base import Work
from introeval.graders.choice import chosen
from introeval.graders.unasked import unasked
from introeval.grading import (
    GradeReplyError,
    GradeReport,
    Prompt,
    Reply,
    Rubric,
    build_prompt,
    default_rubric,
    grade,
    parse_reply,
    precheck,
)
from introeval.grading.trust import Opinion, combine
from models.errors import SchemaValidationError
from models.task import LLMTask, TaskOptions, ask
from models.worker import Generation
from scheduler.errors import AttemptFailedError
from scheduler.ports import Evaluation
from scheduler.ratings import Rating
from stt.transcript import Segment, Transcript, read_transcript

Both = Callable[[Assignment, str], Awaitable[bool]]
"""Whether two models are to grade this submission of the assignment."""

DOUBTFUL = frozenset({"addressed_to_grader"})


class IntroductionGrader:
    """Grades introduction videos (``introeval.graders.base.Grader``)."""

    def __init__(self, both: Both) -> None:
        self._both = both

    async def grade(self, work: Work) -> Evaluation:
        """See the port."""
        if work.task.transcript_path is None:
            raise AttemptFailedError("the transcript is missing; hand the video in again")
        transcript = await asyncio.to_thread(read_transcript, work.task.transcript_path)
        rubric = work.assignment.rubric or default_rubric()
        refused = precheck(transcript.segments, transcript.media_seconds, rubric)
        if refused is not None:
            return unasked(refused.score, refused.max_score, refused.model_dump(mode="json"))
        prompt = build_prompt(rubric, transcript.segments)
        plan = work.assignment.plan
        two = len(work.every) > 1 and await self._both(work.assignment, work.task.id)
        ask_some = partial(_ask_some, work, rubric, prompt, transcript)
        given = await ask_some(first_opinions(plan, work.every, two), wanted(plan, two))
        if plan.second_opinion and len(given) == 1 and _doubtful(given[0][0].report):
            given += await ask_some(second_opinions(given[0][0].model, work.every))
        opinions = [opinion for opinion, _ in given]
        report = combine(opinions, plan.disagreement)
        return _evaluation(report, opinions, [generation for _, generation in given], prompt)


Given = tuple[Opinion, Generation[Reply]]


async def _ask_some(
    work: Work,
    rubric: Rubric,
    prompt: Prompt,
    transcript: Transcript,
    options: Sequence[Asked],
    count: int = 1,
) -> list[Given]:
    asked = await chosen(
        work, options, lambda one: [_request(work, rubric, prompt, transcript.segments, one)], count
    )
    try:
        async with asyncio.TaskGroup() as group:
            running = [
                group.create_task(_ask(work, rubric, prompt, transcript, opinion)) for opinion in asked
            ]
    except* Exception as errors:  # one of ours: the first tells the scheduler as much as all of them
        raise errors.exceptions[0] from None
    return [task.result() for task in running]


async def _ask(work: Work, rubric: Rubric, prompt: Prompt, transcript: Transcript, asked: Asked) -> Given:
    segments = transcript.segments
    generation = await work.ask(_request(work, rubric, prompt, segments, asked))
    report = grade(rubric, segments, transcript.media_seconds, generation.value)
    return Opinion(generation.model, asked.attempt, report), generation


def _request(
    work: Work, rubric: Rubric, prompt: Prompt, segments: Sequence[Segment], asked: Asked
) -> LLMTask[Reply]:
    return ask(
        prompt.text,
        prompt.schema,
        lambda text: _parse(text, rubric, segments),
        stage="grade",
        model=asked.model,
        options=TaskOptions(
            seed=asked.seed, temperature=asked.temperature, reasoning=work.assignment.plan.reasoning
        ),
        version=work.version,
        attempt=asked.attempt,
    )


def _doubtful(report: GradeReport) -> bool:
    return any(flag.code in DOUBTFUL for flag in report.flags)


def _parse(text: str, rubric: Rubric, segments: Sequence[Segment]) -> Reply:
    """``parse_reply``, with its refusal as the pool knows it: it then asks the model again, with the reason."""
    try:
        return parse_reply(text, rubric, segments)
    except GradeReplyError as error:
        raise SchemaValidationError(str(error)) from error


def _evaluation(
    report: GradeReport,
    opinions: Sequence[Opinion],
    generations: Sequence[Generation[Reply]],
    prompt: Prompt,
) -> Evaluation:
    ratings = tuple(
        Rating(
            model=generation.model,
            server=generation.server,
            score=opinion.report.score,
            max_score=opinion.report.max_score,
            attempt=opinion.attempt,
            marks={item.name: item.score for item in opinion.report.criteria},
        )
        for opinion, generation in zip(opinions, generations, strict=True)
    )
    return Evaluation(
        score=report.score,
        max_score=report.max_score,
        report=report.model_dump(mode="json"),
        model=" + ".join(dict.fromkeys(generation.model for generation in generations)),
        server=" + ".join(dict.fromkeys(generation.server for generation in generations)),
        prompt_hash=prompt.hash,
        tokens_in=sum(generation.tokens_in for generation in generations),
        tokens_out=sum(generation.tokens_out for generation in generations),
        latency_ms=sum(generation.latency_ms for generation in generations),
        raw_reply=generations[0].raw,
        load_ms=sum(generation.load_ms for generation in generations),
        ratings=ratings,
    )
