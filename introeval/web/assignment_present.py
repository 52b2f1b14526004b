"""From assignments, their tallies and previews to the shapes of the API. Pure."""

from collections.abc import Sequence

from db.assignments import Reason, Tally
from db.results import StoredResult
from introeval.assignments import Assignment
from introeval.assignments.runs import run_of
from introeval.fairness import AS_GIVEN, Standing
from introeval.graders.asked import AskedPrompt, Preview
from introeval.web.assignment_schema import (
    AssignmentLine,
    ImageBody,
    PreviewBody,
    PromptBody,
    ReasonBody,
    ResultBody,
    RunBody,
    TokensBody,
)
from introeval.web.grade_present import failures_of, flags_of, grade_of, placed
from introeval.web.shape import utc
from scheduler.ratings import Failure
from scheduler.task import Task

COUNTED = (
    "a lower bound, counted without the model's own tokeniser: about 0.95 of the true count on English speech, 0.7 on "
    "Markdown, too low for scripts without spaces; images are not counted"
)


def run_body(assignment: Assignment, tally: Tally) -> RunBody:
    """How far all submissions of an assignment are."""
    run = run_of(tally, assignment.pass_threshold)
    return RunBody(
        assignment=assignment.id,
        version=assignment.version,
        state=run.state.value,
        submitted=tally.submitted,
        graded=tally.graded,
        kept=tally.kept,
        provisional=tally.provisional,
        failed=tally.failed,
        waiting=tally.waiting,
        share=run.share,
        pass_threshold=assignment.pass_threshold,
        detail=run.detail,
        reasons=_reasons(tally.reasons),
        kept_reasons=_reasons(tally.kept_reasons),
    )


def _reasons(reasons: Sequence[Reason]) -> tuple[ReasonBody, ...]:
    return tuple(ReasonBody.model_validate(reason, from_attributes=True) for reason in reasons)


def assignment_line(assignment: Assignment, tally: Tally) -> AssignmentLine:
    """An assignment in a list."""
    return AssignmentLine(
        id=assignment.id,
        version=assignment.version,
        kind=assignment.kind.value,
        title=assignment.title,
        run=run_body(assignment, tally),
    )


def result_body(
    result: StoredResult, failures: Sequence[Failure], standing: Standing = AS_GIVEN
) -> ResultBody:
    """One of a submission's results, and where it stands among those of the same version."""
    grade = grade_of(result.score, result.max_score, result.assignment_version, result.report)
    return ResultBody(
        grade=placed(grade, standing),
        flags=flags_of(result.report),
        failures=failures_of(failures),
        model=result.model,
        server=result.server,
        prompt_hash=result.prompt_hash,
        tokens_in=result.tokens_in,
        tokens_out=result.tokens_out,
        latency_ms=result.latency_ms,
        created_at=utc(result.created_at),
    )


def preview_body(task: Task, assignment: Assignment, preview: Preview) -> PreviewBody:
    """What grading would ask."""
    return PreviewBody(
        submission=task.id,
        assignment=assignment.id,
        version=assignment.version,
        detail=_detail(preview),
        prompts=tuple(_prompt(prompt) for prompt in preview.prompts),
    )


def _detail(preview: Preview) -> str:
    kept = sum(prompt.kept for prompt in preview.prompts)
    new = len(preview.prompts) - kept
    if preview.finished and not preview.prompts:
        return "No model is asked for this submission: a rule decides without one."
    if preview.finished:
        return "Every reply that is needed is kept already: nobody would be asked again."
    first = f"{new} request{'s' if new > 1 else ''} would be sent next"
    before = f", after {kept} whose replies are kept" if kept else ""
    return f"{first}{before}. Whatever depends on a reply that is not there yet cannot be shown before it is."


def _prompt(prompt: AskedPrompt) -> PromptBody:
    return PromptBody(
        stage=prompt.stage,
        model=prompt.model,
        attempt=prompt.attempt,
        system=prompt.system,
        prompt=prompt.prompt,
        images=tuple(ImageBody.model_validate(image, from_attributes=True) for image in prompt.images),
        reply_schema=None if prompt.schema is None else dict(prompt.schema),
        options=dict(prompt.options),
        prompt_hash=prompt.prompt_hash,
        key=prompt.key,
        kept=prompt.kept,
        tokens=_tokens(prompt),
    )


def _tokens(prompt: AskedPrompt) -> TokensBody:
    window = prompt.window
    spent = prompt.measured or prompt.estimate
    return TokensBody(
        estimate=prompt.estimate,
        kind=COUNTED,
        measured=prompt.measured,
        context=window and window.context,
        reply=window and window.reply,
        left=None if window is None else window.context - window.reply - spent,
    )
