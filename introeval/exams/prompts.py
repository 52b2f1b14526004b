"""Both stages' requests, made of templates, questions and pages. Pure: the same inputs give the same bytes.

The rules:

1. The first draw of a prompt is asked as the servers are configured. Further ones have a seed and a temperature of
   their own: at temperature 0 they would only repeat the first, and their spread would say nothing.
2. A request's key has no session in it: what was asked of the same pages, questions and templates is not asked again,
   whichever session it was for. So the rubric of a class is read once for all its students.
3. The rubric's text is a model's, the student's lines are a student's: both are data by the time they come here
   (``introeval.pages.lines.harmless``), and neither is looked at for placeholders.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from introeval.assignments.definition import Question
from introeval.assignments.opinions import SECOND_TEMPERATURE
from introeval.exams.assessments import Assessment, assessment_schema, parse_assessment
from introeval.exams.material import NONE_GIVEN, Material, Pages, Role, shown
from introeval.exams.placeholders import Placeholder, fill, parts
from introeval.exams.readings import Reading, compact, parse_reading, reading_schema
from introeval.exams.request import GradePlan, PlannedPair
from introeval.pages.lines import harmless
from models.task import LLMTask, TaskOptions, ask

RUBRIC_STAGE, ASSESSMENT_STAGE = "rubric", "assessment"
THINKING_TOKENS = 2048
"""Tokens that a reply may have beyond its own, where the model thinks first."""

_ROLES = {
    Placeholder.RUBRIC_IMAGES: Role.RUBRIC,
    Placeholder.ANSWER_KEY: Role.ANSWER_KEY,
    Placeholder.STUDENT: Role.STUDENT,
}


@dataclass(frozen=True, slots=True)
class Prompt:
    """``pictures``: in the order in which the text numbers them."""

    text: str
    pictures: tuple[bytes, ...]


def rubric_task(plan: GradePlan, pair: PlannedPair, attempt: int, material: Material) -> LLMTask[Reading]:
    """Try ``attempt`` of reading the rubric by the pair's rubric model."""
    schema = reading_schema(plan.questions)
    prompt = compose(plan.templates.rubric, plan.questions, schema, material, None)
    questions = plan.questions
    return ask(
        prompt.text,
        schema,
        lambda text: parse_reading(text, questions),
        images=prompt.pictures,
        stage=RUBRIC_STAGE,
        model=pair.rubric_model,
        options=_options(attempt, pair.rubric_reasoning, reply_tokens(len(questions), 200)),
        attempt=attempt,
    )


def assessment_task(
    plan: GradePlan, pair: PlannedPair, attempt: int, material: Material, rubric: str | None
) -> LLMTask[Assessment]:
    """Try ``attempt`` of a pair. ``rubric``: what its rubric model read; ``None``: the rubric's own pages."""
    questions, student, draw = plan.questions, material.student, pair.draw(attempt)
    schema = assessment_schema(questions, student)
    prompt = compose(plan.templates.assessment, questions, schema, material, rubric)
    return ask(
        prompt.text,
        schema,
        lambda text: parse_assessment(text, questions, student),
        images=prompt.pictures,
        stage=ASSESSMENT_STAGE,
        model=pair.assessment_model,
        options=_options(draw, pair.assessment_reasoning, reply_tokens(len(questions), 120)),
        attempt=draw,
    )


def compose(
    template: str,
    questions: Sequence[Question],
    schema: dict[str, Any],
    material: Material,
    rubric: str | None,
) -> Prompt:
    """A template, filled. ``rubric``: what ``[Grading Rubric]`` stands for; ``None``: the rubric's own pages."""
    values: dict[Placeholder, str] = {
        Placeholder.QUESTIONS: "\n".join(_question(question) for question in questions),
        Placeholder.SCHEMA: compact(schema),
    }
    roles: Mapping[Placeholder, Role] = _ROLES
    if rubric is None:
        roles = {**_ROLES, Placeholder.RUBRIC: Role.RUBRIC}
    else:
        values[Placeholder.RUBRIC] = rubric
    pictures: list[bytes] = []
    sent: set[Role] = set()
    for part in parts(template):
        if not (isinstance(part, Placeholder) and part in roles):
            continue
        role = roles[part]
        pages = material.of(role)
        if role in sent:
            values[part] = "(see above)" if pages.count else NONE_GIVEN
            continue
        values[part] = shown(pages, role, len(pictures) + 1)
        pictures += _sent(pages)
        sent.add(role)
    return Prompt(fill(template, values), tuple(pictures))


def reply_tokens(questions: int, each: int) -> int:
    """Tokens that a reply about so many questions may have: enough for long ones, and room for the prompt."""
    return min(4096, max(768, 256 + each * questions))


def _sent(pages: Pages) -> tuple[bytes, ...]:
    return pages.pictures if pages.sheet is None else ()


def _question(question: Question) -> str:
    text = harmless(question.text)
    return f"- Question {question.question_number}, 0 to {question.max_mark:g} marks" + (
        f": {text}" if text else ""
    )


def _options(draw: int, reasoning: bool | None, reply: int) -> TaskOptions:
    return TaskOptions(
        seed=draw if draw > 1 else None,
        temperature=SECOND_TEMPERATURE if draw > 1 else None,
        num_predict=reply + (THINKING_TOKENS if reasoning else 0),
        reasoning=reasoning,
    )
