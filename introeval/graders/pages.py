"""``PagesGrader``: photographed or scanned pages to explained marks, by one model or, where the plan wants it, by two.

The pages are read first, each kept; blank ones never reach a model. Then each question is asked about, the replies
become one report in code, and what is flagged is graded a second time.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from zlib import crc32

from introeval.assignments import Assignment
from introeval.assignments.opinions import Asked, first_opinions, second_opinions, wanted
from introeval.graders.base import Work
from introeval.graders.choice import chosen
from introeval.graders.unasked import unasked
from introeval.grading import GradeReplyError, GradeReport
from introeval.grading.trust import Opinion, combine
from introeval.pages.grade import grade, refused
from introeval.pages.lines import Sheet, number_lines
from introeval.pages.marking import Item, items
from introeval.pages.prompt import Budget, Prompt, build_prompts, hash_of
from introeval.pages.reply import Reply, parse_reply
from introeval.pages.transcription import Transcriber
from models.errors import SchemaValidationError
from models.outcomes import Shares
from models.task import LLMTask, TaskOptions, ask
from models.worker import Generation
from scheduler.ports import Evaluation, Progress
from scheduler.ratings import Rating

Both = Callable[[Assignment, str], Awaitable[bool]]
"""Whether two models are to grade this submission of the assignment."""

DOUBTFUL = frozenset({"addressed_to_grader"})
READING_SHARE = 0.5
"""Of the progress of one submission."""


@dataclass(frozen=True, slots=True)
class _Marking:
    """What one submission is asked about."""

    sheet: Sheet
    items: tuple[Item, ...]
    prompts: tuple[Prompt, ...]


@dataclass(frozen=True, slots=True)
class _Given:
    """One model's opinion, and the replies that it is made of."""

    opinion: Opinion
    generations: tuple[Generation[Reply], ...]


class PagesGrader:
    """Grades pages (``introeval.graders.base.Grader``)."""

    def __init__(self, transcriber: Transcriber, both: Both, budget: Budget | None = None) -> None:
        self._transcriber = transcriber
        self._both = both
        self._budget = budget or Budget()

    async def grade(self, work: Work) -> Evaluation:
        """See the port."""
        asked_for = items(work.assignment)
        pages = await self._transcriber.read(
            work, work.task.id, work.task.video_path, _part(work.progress, 0.0, READING_SHARE)
        )
        sheet = number_lines(pages)
        report = refused(sheet, asked_for, work.assignment.id, work.assignment.version)
        if report is not None:
            return unasked(report.score, report.max_score, report.model_dump(mode="json"))
        marking = _Marking(sheet, asked_for, build_prompts(sheet, asked_for, self._budget))
        plan = work.assignment.plan
        two = len(work.every) > 1 and await self._both(work.assignment, work.task.id)
        options = first_opinions(plan, work.every, two)
        count = wanted(plan, two)
        given = await _ask_some(work, marking, options if count > 1 else _of_one_model(work, options), count)
        doubtful = any(flag.code in DOUBTFUL for flag in given[0].opinion.report.flags)
        if plan.second_opinion and len(given) == 1 and doubtful:
            given += await _ask_some(work, marking, second_opinions(given[0].opinion.model, work.every))
        report = combine([one.opinion for one in given], plan.disagreement)
        return _evaluation(report, given, marking)


async def _ask_some(work: Work, marking: _Marking, options: Sequence[Asked], count: int = 1) -> list[_Given]:
    asked = await chosen(
        work, options, lambda one: [_request(work, prompt, one) for prompt in marking.prompts], count
    )
    shares = Shares(len(asked) * len(marking.prompts), _part(work.progress, READING_SHARE, 1.0))
    try:
        async with asyncio.TaskGroup() as group:
            running = [
                [
                    group.create_task(
                        _ask(work, _request(work, prompt, opinion), shares, row * len(marking.prompts) + at)
                    )
                    for at, prompt in enumerate(marking.prompts)
                ]
                for row, opinion in enumerate(asked)
            ]
    except* Exception as errors:  # one of ours: the first tells the scheduler as much as all of them
        raise errors.exceptions[0] from None
    return [
        _given(work, marking, opinion, tuple(task.result() for task in row))
        for opinion, row in zip(asked, running, strict=True)
    ]


async def _ask(work: Work, request: LLMTask[Reply], shares: Shares, index: int) -> Generation[Reply]:
    generation = await work.ask(request, shares.of(index))
    shares.ended(index)
    return generation


def _of_one_model(work: Work, options: Sequence[Asked]) -> Sequence[Asked]:
    """The options without "whoever's turn it is": a submission has several prompts, and a model's severity must be the
    same for all of its questions. Among those that are up the submission's id decides whose turn it is.
    """
    turn = crc32(work.task.id.encode()) % max(1, len(work.models))
    order = dict.fromkeys((*work.models[turn:], *work.models[:turn], *work.every))
    named = {option.model: option for option in options}
    return [named[model] for model in order if model in named] or options


def _request(work: Work, prompt: Prompt, asked: Asked) -> LLMTask[Reply]:
    return ask(
        prompt.text,
        prompt.schema,
        lambda text: _parse(text, prompt),
        stage="grade",
        model=asked.model,
        options=TaskOptions(
            seed=asked.seed, temperature=asked.temperature, reasoning=work.assignment.plan.reasoning
        ),
        version=work.version,
        attempt=asked.attempt,
    )


def _given(work: Work, marking: _Marking, asked: Asked, generations: tuple[Generation[Reply], ...]) -> _Given:
    report = grade(
        marking.sheet,
        marking.items,
        [generation.value for generation in generations],
        work.assignment.id,
        work.assignment.version,
    )
    # One name: all of an opinion's requests are one model's.
    return _Given(Opinion(generations[0].model, asked.attempt, report), generations)


def _parse(text: str, prompt: Prompt) -> Reply:
    """``parse_reply``, with its refusal as the pool knows it: it then asks the model again, with the reason."""
    try:
        return parse_reply(text, prompt.items, prompt.lines)
    except GradeReplyError as error:
        raise SchemaValidationError(str(error)) from error


def _evaluation(report: GradeReport, given: Sequence[_Given], marking: _Marking) -> Evaluation:
    every = [generation for one in given for generation in one.generations]
    ratings = tuple(
        Rating(
            model=one.opinion.model,
            server=_joined(generation.server for generation in one.generations),
            score=one.opinion.report.score,
            max_score=one.opinion.report.max_score,
            attempt=one.opinion.attempt,
            marks={criterion.name: criterion.score for criterion in one.opinion.report.criteria},
        )
        for one in given
    )
    return Evaluation(
        score=report.score,
        max_score=report.max_score,
        report=report.model_dump(mode="json"),
        model=_joined(generation.model for generation in every),
        server=_joined(generation.server for generation in every),
        prompt_hash=hash_of(marking.prompts),
        tokens_in=sum(generation.tokens_in for generation in every),
        tokens_out=sum(generation.tokens_out for generation in every),
        latency_ms=sum(generation.latency_ms for generation in every),
        raw_reply="\n".join(generation.raw for generation in given[0].generations),
        load_ms=sum(generation.load_ms for generation in every),
        ratings=ratings,
    )


def _joined(names: Iterable[str]) -> str:
    return " + ".join(dict.fromkeys(names))


def _part(progress: Progress, first: float, last: float) -> Progress:
    """The progress of a part of the work, from ``first`` to ``last`` of the whole."""

    def tell(fraction: float, server: str | None = None) -> None:
        progress(first + (last - first) * fraction, server)

    return tell
