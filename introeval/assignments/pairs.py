"""Which models grade, how often, and in which stages: the specs of the two-stage form, and the older one-stage form.

A *pair* is a rubric model and an assessment model; each is tried ``tries`` times, and try k of the assessment uses try
k of the rubric. The older form names models alone: there is no rubric stage.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

MOST_TRIES = 10
MOST_PAIRS = 8

ModelName = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[\w][\w./:@+-]*$")]
Tries = Annotated[int, Field(ge=1, le=MOST_TRIES)]
InstanceId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[\w.-]+$")]


class _Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class ModelSpec(_Spec):
    """One model. ``tries``, ``reasoning``: ``None`` means the request's own default. ``instance_id`` tells two uses of
    one model apart.
    """

    name: ModelName
    tries: Tries | None = None
    reasoning: bool | None = None
    instance_id: InstanceId | None = None


class ModelPairSpec(_Spec):
    """A rubric model, and the assessment model that works with what it read."""

    rubric_model: ModelSpec
    assessment_model: ModelSpec
    instance_id: InstanceId | None = None
