"""``IntroductionGrader``: a transcript to an explained grade, by one model or, where the plan wants it, by two.

A transcript is read, the guards look at it first (an empty one never reaches a model), then the models that the plan
names are asked at once, and their replies become one report in code. What is flagged is graded a second time.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from introeval.assignments import Assignment
from introeval.assignments.opinions import Asked, first_opinions, second_opinion
from introeval.graders.base import Work
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
        two = len(work.models) > 1 and await self._both(work.assignment, work.task.id)
        asked = first_opinions(plan, work.models, two)
        given = await _ask_all(work, rubric, prompt, transcript, asked)
        opinions = [opinion for opinion, _ in given]
        if plan.second_opinion and len(given) == 1 and _doubtful(opinions[0].report):
            once_more = second_opinion([opinions[0].model], work.models)
            given += await _ask_all(work, rubric, prompt, transcript, [once_more])
            opinions = [opinion for opinion, _ in given]
        report = combine(opinions, plan.disagreement)
        return _evaluation(report, opinions, [generation for _, generation in given], prompt)


Given = tuple[Opinion, Generation[Reply]]


async def _ask_all(
    work: Work, rubric: Rubric, prompt: Prompt, transcript: Transcript, asked: Sequence[Asked]
) -> list[Given]:
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
    request: LLMTask[Reply] = ask(
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
    generation = await work.ask(request)
    report = grade(rubric, segments, transcript.media_seconds, generation.value)
    return Opinion(generation.model, asked.attempt, report), generation


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
