"""``NotebookGrader``: a notebook to an explained grade, by two roles: the technical model, then the feedback model.

The rules:

1. The technical model reads the code; the feedback model reads that analysis and the student's text, one way only.
   While one student gets feedback, the next one's code is read: the roles overlap where each has a server.
2. Each reply is kept under its own key. A feedback that fails, fails the attempt; the next one asks only for it.
3. A notebook in which nothing was written is 0 without a model, like a silent video; what is no notebook is rejected.
4. What addresses the grader is analysed a second time.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from introeval.assignments import Assignment
from introeval.assignments.opinions import Asked, second_opinions, wanted
from introeval.graders.base import Work
from introeval.graders.choice import chosen
from introeval.grading import GradeReplyError, default_rubric
from introeval.notebook_reader import open_notebook
from introeval.notebooks.case import Case, open_case
from introeval.notebooks.errors import BlankNotebookError
from introeval.notebooks.grade import (
    analyse,
    ask_feedback,
    ask_technical,
    blank,
    read_feedback,
    read_technical,
)
from introeval.notebooks.opinions import Opinion, combined, feedback_models, technical_models
from introeval.notebooks.prompt import Prompt
from introeval.notebooks.reply import FeedbackReply, TechnicalReply, tokens_for
from introeval.notebooks.report import NotebookReport
from models.errors import SchemaValidationError
from models.task import LLMTask, TaskOptions, ask
from models.worker import Generation
from scheduler.ports import Evaluation, Progress
from scheduler.ratings import Rating

T = TypeVar("T")
Given = tuple[Opinion, Generation[TechnicalReply]]


class NotebookGrader:
    """Grades homework notebooks (``introeval.graders.base.Grader``)."""

    async def grade(self, work: Work) -> Evaluation:
        """See the port."""
        rubric = work.assignment.rubric or default_rubric("notebook")
        try:
            notebook = await open_notebook(work.task.video_path)
            case = await asyncio.to_thread(open_case, notebook, rubric, instructions(work.assignment))
        except BlankNotebookError as error:
            return _evaluation(blank(rubric, str(error)))
        given = await _analyses(work, case)
        opinions = [opinion for opinion, _ in given]
        feedback = await _feedback(work, case, opinions)
        report = combined(case, opinions, feedback.value, work.assignment.plan.disagreement)
        return _evaluation(report, [generation for _, generation in given], feedback, _ratings(report, given))


def instructions(assignment: Assignment) -> str:
    """What the students were told: the instructions, and the questions where there are some."""
    asked = [f"{item.question_number} ({item.max_mark:g}): {item.text}" for item in assignment.questions]
    return "\n".join([assignment.instructions, *asked])


async def _analyses(work: Work, case: Case) -> list[Given]:
    """The technical replies, one or two; none where code decides alone."""
    if not case.asks_technical:
        return []
    plan = work.assignment.plan
    prompt = ask_technical(case, work.assignment.prompts.technical)
    options = technical_models(plan, work.every)
    given = await _ask_some(work, case, prompt, options, wanted(plan))
    if plan.second_opinion and len(given) == 1 and case.screened.addressed:
        given += await _ask_some(work, case, prompt, second_opinions(given[0][0].model, work.every))
    return given


async def _ask_some(
    work: Work, case: Case, prompt: Prompt, options: Sequence[Asked], count: int = 1
) -> list[Given]:
    asked = await chosen(work, options, lambda one: [_technical(work, case, prompt, one)], count)
    try:
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(_analysis(work, case, prompt, one)) for one in asked]
    except* Exception as errors:  # one of ours: the first tells the scheduler as much as all of them
        raise errors.exceptions[0] from None
    return [task.result() for task in running]


async def _analysis(work: Work, case: Case, prompt: Prompt, asked: Asked) -> Given:
    request = _technical(work, case, prompt, asked)
    generation = await work.ask(request, _between(work.progress, 0.0, 0.5))
    return Opinion(generation.model, asked.attempt, generation.value), generation


def _technical(work: Work, case: Case, prompt: Prompt, asked: Asked) -> LLMTask[TechnicalReply]:
    return _request(work, prompt, "technical", asked, lambda text: read_technical(case, text))


async def _feedback(work: Work, case: Case, opinions: Sequence[Opinion]) -> Generation[FeedbackReply]:
    analysis = analyse(case, [opinion.reply for opinion in opinions])
    prompt = ask_feedback(case, analysis, work.assignment.prompts.feedback)

    def request(asked: Asked) -> LLMTask[FeedbackReply]:
        return _request(work, prompt, "feedback", asked, lambda text: read_feedback(case, text))

    options = feedback_models(work.assignment.plan, work.every)
    (asked,) = await chosen(work, options, lambda one: [request(one)])
    return await work.ask(request(asked), _between(work.progress, 0.5, 1.0))


def _request(work: Work, prompt: Prompt, stage: str, asked: Asked, read: Callable[[str], T]) -> LLMTask[T]:
    def parse(text: str) -> T:
        try:
            return read(text)
        except GradeReplyError as error:
            raise SchemaValidationError(str(error)) from error

    return ask(
        prompt.text,
        prompt.schema,
        parse,
        stage=stage,
        model=asked.model,
        options=TaskOptions(
            seed=asked.seed,
            temperature=asked.temperature,
            num_predict=tokens_for(prompt.schema),
            reasoning=work.assignment.plan.reasoning,
        ),
        version=work.version,
        attempt=asked.attempt,
    )


def _between(progress: Progress, start: float, end: float) -> Progress:
    """A role's progress as a share of the whole."""

    def tell(fraction: float, server: str | None = None) -> None:
        progress(start + fraction * (end - start), server)

    return tell


def _ratings(report: NotebookReport, given: Sequence[Given]) -> tuple[Rating, ...]:
    """One of each analysis: what the grade would be if it were the only one."""
    alone = {(item.model, item.attempt): (item.score, item.criteria) for item in report.opinions}
    whole = (report.score, {item.name: item.score for item in report.criteria})
    found = []
    for opinion, generation in given:
        score, marks = alone.get((opinion.model, opinion.attempt), whole)
        found.append(
            Rating(
                model=opinion.model,
                server=generation.server,
                score=score,
                max_score=report.max_score,
                attempt=opinion.attempt,
                marks=marks,
            )
        )
    return tuple(found)


def _evaluation(
    report: NotebookReport,
    technical: Sequence[Generation[TechnicalReply]] = (),
    feedback: Generation[FeedbackReply] | None = None,
    ratings: tuple[Rating, ...] = (),
) -> Evaluation:
    asked: list[Generation[Any]] = [*technical, *([feedback] if feedback else [])]
    return Evaluation(
        score=report.score,
        max_score=report.max_score,
        report=report.model_dump(mode="json"),
        model=" + ".join(dict.fromkeys(generation.model for generation in asked)) or None,
        server=" + ".join(dict.fromkeys(generation.server for generation in asked)) or None,
        prompt_hash=asked[0].prompt_hash if asked else "",
        tokens_in=sum(generation.tokens_in for generation in asked),
        tokens_out=sum(generation.tokens_out for generation in asked),
        latency_ms=sum(generation.latency_ms for generation in asked),
        raw_reply="\n".join(generation.raw for generation in asked) or None,
        load_ms=sum(generation.load_ms for generation in asked),
        ratings=ratings,
    )
