"""What a teacher asks for (``GradeRequest``), and the plan that is graded (``GradePlan``). Pure.

The rules:

1. A request has exactly one of two forms: ``model_pairs`` (a rubric stage, then an assessment stage), or the older
   ``models`` (the assessment alone).
2. ``tries`` and ``reasoning`` of a model go before the request's own. A pair has as many tries as its two models say;
   when both say it, they say the same, since try k of the assessment works with try k of the rubric.
3. Every model is served by one of the servers, well or not: who names another one is told so before anything is spent.
4. A session's rubric is read once by each model and try, so one rubric model has one ``reasoning`` in a request.
5. The same pair twice is two uses of it only when their ``instance_id`` differ; the second one's tries are further
   draws of the assessment, while the rubric is read once (4). A pair without an ``instance_id`` has its models'.
6. The plan holds what was asked at that moment (questions, images, templates): later changes do not reach it.
"""

from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from introeval.assignments.definition import Question
from introeval.assignments.pairs import MOST_PAIRS, MOST_TRIES, ModelPairSpec, ModelSpec, Tries
from introeval.exams.errors import GradeRequestError
from introeval.grading.rounding import summed
from models.config import canonical

SessionId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[\w-]+$")]
Forms = Annotated[tuple[ModelPairSpec, ...], Field(min_length=1, max_length=MOST_PAIRS)]
OlderForms = Annotated[tuple[ModelSpec, ...], Field(min_length=1, max_length=MOST_PAIRS)]


SESSION = "session"
"""The kind of a grading's task."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class GradeRequest(_Strict):
    """The body of ``POST /grade/single``."""

    session_id: SessionId
    model_pairs: Forms | None = Field(
        default=None, description="two stages: a rubric model and an assessment model"
    )
    models: OlderForms | None = Field(default=None, description="the older form: no rubric stage")
    default_tries: Tries = 1
    reasoning: bool | None = Field(
        default=None, description="whether the models think first; null: as they are used to"
    )

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if (self.model_pairs is None) == (self.models is None):
            raise ValueError("give exactly one of 'model_pairs' and 'models'")
        return self


class _Kept(BaseModel):
    """What a table keeps: another version of the program may have written more."""

    model_config = ConfigDict(extra="ignore", frozen=True, protected_namespaces=())


class PlannedPair(_Kept):
    """A pair whose models are those that the servers name. ``rubric_model``: ``None`` in the older form.

    ``earlier``: how many uses of the same pair come before this one; see ``draw``.
    """

    index: int
    instance_id: str | None = None
    rubric_model: str | None
    assessment_model: str
    tries: Tries
    rubric_reasoning: bool | None = None
    assessment_reasoning: bool | None = None
    earlier: int = 0

    def draw(self, attempt: int) -> int:
        """The number of a try among all draws of the same assessment, from 1: what tells equal calls apart."""
        return self.earlier * MOST_TRIES + attempt


class Templates(_Kept):
    """The two prompts."""

    rubric: str
    assessment: str


class GradePlan(_Kept):
    """One grading of one session, whole: what a task of kind ``session`` has as its request. ``images``: their ids."""

    session_id: SessionId
    questions: tuple[Question, ...]
    images: tuple[str, ...]
    pairs: tuple[PlannedPair, ...]
    templates: Templates

    @property
    def max_score(self) -> float:
        """What the questions are worth together."""
        return summed(question.max_mark for question in self.questions)


def plan_pairs(request: GradeRequest, served: Sequence[str]) -> tuple[PlannedPair, ...]:
    """The pairs that are asked for. ``served``: what the servers serve. Raises ``GradeRequestError``."""
    names = {canonical(name): name for name in served}
    planned: list[PlannedPair] = []
    for index, pair in enumerate(request.model_pairs or ()):
        planned.append(_pair(request, index, pair, names))
    for index, spec in enumerate(request.models or ()):
        planned.append(_alone(request, index, spec, names))
    where = "models" if request.model_pairs is None else "model_pairs"
    _refuse_mixed_reasoning(planned)
    return _numbered(planned, where)


def _pair(request: GradeRequest, index: int, pair: ModelPairSpec, names: dict[str, str]) -> PlannedPair:
    rubric, assessment, where = pair.rubric_model, pair.assessment_model, f"model_pairs[{index}]"
    if None not in (rubric.tries, assessment.tries) and rubric.tries != assessment.tries:
        raise GradeRequestError(
            f"{where}.rubric_model.tries",
            f"it is {rubric.tries}, but the assessment model has {assessment.tries} tries: each works with the try of "
            "the rubric that has its number",
        )
    return PlannedPair(
        index=index,
        instance_id=pair.instance_id or _joined(rubric, assessment),
        rubric_model=_served(rubric.name, f"{where}.rubric_model.name", names),
        assessment_model=_served(assessment.name, f"{where}.assessment_model.name", names),
        tries=assessment.tries or rubric.tries or request.default_tries,
        rubric_reasoning=_first(rubric.reasoning, request.reasoning),
        assessment_reasoning=_first(assessment.reasoning, request.reasoning),
    )


def _alone(request: GradeRequest, index: int, spec: ModelSpec, names: dict[str, str]) -> PlannedPair:
    return PlannedPair(
        index=index,
        instance_id=spec.instance_id,
        rubric_model=None,
        assessment_model=_served(spec.name, f"models[{index}].name", names),
        tries=spec.tries or request.default_tries,
        assessment_reasoning=_first(spec.reasoning, request.reasoning),
    )


def _joined(rubric: ModelSpec, assessment: ModelSpec) -> str | None:
    """What tells the uses of two models apart; one rubric's name may stand in several pairs."""
    names = [name for name in (rubric.instance_id, assessment.instance_id) if name is not None]
    return ".".join(dict.fromkeys(names)) or None


def _served(name: str, field: str, names: dict[str, str]) -> str:
    found = names.get(canonical(name))
    if found is None:
        known = ", ".join(sorted(names.values())) or "none"
        raise GradeRequestError(field, f"no server serves '{name}'; served are: {known}")
    return found


def _first(*values: bool | None) -> bool | None:
    return next((value for value in values if value is not None), None)


def _refuse_mixed_reasoning(planned: Sequence[PlannedPair]) -> None:
    seen: dict[str, PlannedPair] = {}
    for pair in planned:
        if pair.rubric_model is None:
            continue
        first = seen.setdefault(pair.rubric_model, pair)
        if first.rubric_reasoning != pair.rubric_reasoning:
            raise GradeRequestError(
                f"model_pairs[{pair.index}].rubric_model.reasoning",
                f"'{pair.rubric_model}' reads the rubric once for all pairs, and pair {first.index} wants it otherwise",
            )


def _numbered(planned: Sequence[PlannedPair], where: str) -> tuple[PlannedPair, ...]:
    made: list[PlannedPair] = []
    for pair in planned:
        same = [other for other in made if _use(other) == _use(pair)]
        name = pair.instance_id
        if name is not None and name in [other.instance_id for other in same]:
            raise GradeRequestError(
                f"{where}.instance_id", f"'{name}' is there twice; each use needs its own"
            )
        if any(other.instance_id is None for other in (*same, pair)) and same:
            raise GradeRequestError(
                f"{where}[{pair.index}]",
                f"it is the same as {where}[{same[0].index}]; ask for more tries, or give each its own instance_id",
            )
        made.append(pair.model_copy(update={"earlier": len(same)}))
    return tuple(made)


def _use(pair: PlannedPair) -> tuple[str | None, str, bool | None]:
    return (pair.rubric_model, pair.assessment_model, pair.assessment_reasoning)
