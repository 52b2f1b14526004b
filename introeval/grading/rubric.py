"""Rubrics: what is graded, the anchored levels, the weights, and the limits of the guards. Read from TOML or
JSON.
"""

import json
import tomllib
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator

from introeval.grading.errors import RubricError
from introeval.grading.toml import read_toml

CRITERION_MAX = 10
RESERVED = frozenset({"topic", "facts", "problems"})

Phrase = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^<>\n\r]*$")
]
Share = Annotated[float, Field(ge=0, le=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Criterion(_Strict):
    """One thing that is graded, 0 to 10. ``levels``: a score and what it means, at least 0 and 10.

    Bounds that ``guards`` keeps: ``from_facts``, by the facts about the speaker; ``from_wording``, by fillers and
    unsure words. ``part``: of a notebook, which role judges it; without meaning for other work.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")
    question: Phrase
    weight: float = Field(default=1.0, gt=0, le=100)
    from_facts: bool = False
    from_wording: bool = False
    part: Literal["technical", "reflection"] = "technical"
    levels: dict[int, Phrase]

    @field_validator("levels")
    @classmethod
    def _anchored(cls, levels: dict[int, str]) -> dict[int, str]:
        outside = [level for level in levels if not 0 <= level <= CRITERION_MAX]
        if outside:
            raise ValueError(f"levels are 0 to {CRITERION_MAX}, not {outside[0]}")
        if not {0, CRITERION_MAX} <= levels.keys():
            raise ValueError(f"the levels 0 and {CRITERION_MAX} must be described")
        return dict(sorted(levels.items()))

    @field_validator("name")
    @classmethod
    def _free(cls, name: str) -> str:
        if name in RESERVED:
            raise ValueError(f"'{name}' has another meaning in a reply; choose another name")
        return name


class Guards(_Strict):
    """Limits that are kept in code. Caps are shares of the maximum; words are those not addressed to the
    grader.
    """

    min_words: int = Field(default=5, ge=1, le=100)
    short_words: int = Field(default=30, ge=1, le=1000)
    short_cap: Share = 0.2
    brief_words: int = Field(default=60, ge=1, le=1000)
    brief_cap: Share = 0.6
    fillers_per_100: float = Field(default=8.0, gt=0, le=100)
    fillers_ceiling: int = Field(default=4, ge=0, le=CRITERION_MAX)
    unsure_per_100: float = Field(default=4.0, gt=0, le=100)
    unsure_ceiling: int = Field(default=6, ge=0, le=CRITERION_MAX)
    no_facts_cap: Share = 0.2
    off_topic_cap: Share = 0.2


class NotebookGuards(_Strict):
    """Limits for notebooks, kept in code. Lines and words are the student's own; caps are shares of the maximum.

    A ceiling is what no criterion of its part can exceed: that of the words the reflection's, the others the technical.

    ``off_topic_share``: of the assignment's terms; less than this is flagged, and off topic whatever a model says where
    both texts are English and no name that was asked for is there. A model that says so is believed below
    ``doubtful_share``.
    """

    few_lines: int = Field(default=4, ge=1, le=1000)
    few_lines_ceiling: int = Field(default=4, ge=0, le=CRITERION_MAX)
    some_missing_ceiling: int = Field(default=8, ge=0, le=CRITERION_MAX)
    most_missing_ceiling: int = Field(default=5, ge=0, le=CRITERION_MAX)
    not_run_ceiling: int = Field(default=6, ge=0, le=CRITERION_MAX)
    no_outputs_ceiling: int = Field(default=7, ge=0, le=CRITERION_MAX)
    all_errors_ceiling: int = Field(default=3, ge=0, le=CRITERION_MAX)
    many_errors_ceiling: int = Field(default=5, ge=0, le=CRITERION_MAX)
    some_errors_ceiling: int = Field(default=8, ge=0, le=CRITERION_MAX)
    few_words: int = Field(default=30, ge=1, le=1000)
    few_words_ceiling: int = Field(default=4, ge=0, le=CRITERION_MAX)
    brief_words: int = Field(default=80, ge=1, le=1000)
    brief_words_ceiling: int = Field(default=7, ge=0, le=CRITERION_MAX)
    blank_cap: Share = 0.2
    off_topic_cap: Share = 0.2
    off_topic_share: Share = 0.12
    doubtful_share: Share = 0.4


class Rubric(_Strict):
    """A whole rubric. ``task``: what is graded, in words; ``max_score``: the grade's scale (criteria stay 0
    to 10).
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,60}$")
    version: int = Field(default=1, ge=1)
    task: Phrase = "a student's spoken introduction"
    max_score: float = Field(default=10.0, gt=0, le=1000)
    criteria: tuple[Criterion, ...] = Field(min_length=1, max_length=8)
    guards: Guards = Guards()
    notebook: NotebookGuards = NotebookGuards()

    @field_validator("criteria")
    @classmethod
    def _distinct(cls, criteria: tuple[Criterion, ...]) -> tuple[Criterion, ...]:
        names = [criterion.name for criterion in criteria]
        double = next((name for name in names if names.count(name) > 1), None)
        if double:
            raise ValueError(f"the criterion '{double}' is there twice")
        return criteria


def load_rubric(text: str, fmt: Literal["toml", "json"] = "toml") -> Rubric:
    """Read a rubric. Raises ``RubricError``, which names every wrong field."""
    try:
        data = read_toml(text) if fmt == "toml" else json.loads(text)
        return Rubric.model_validate(data)
    except (tomllib.TOMLDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise RubricError(f"The rubric is not valid {fmt.upper()}: {error}") from error
    except ValidationError as error:
        raise RubricError("The rubric is not valid: " + describe(error)) from error


@cache
def default_rubric(name: Literal["introduction", "notebook"] = "introduction") -> Rubric:
    """The rubric of this name that comes with the package."""
    source = files("introeval.grading") / "rubrics" / f"{name}.toml"
    return load_rubric(source.read_text(encoding="utf-8"))


def describe(error: ValidationError) -> str:
    """A validation error as ``field: reason`` pairs, with fields as paths such as ``criteria[1].levels``."""
    return "; ".join(f"{field_path(item['loc'])}: {item['msg']}" for item in error.errors()[:8])


def field_path(location: tuple[int | str, ...]) -> str:
    """Where pydantic found something wrong, as people write it: ``criteria[1].levels``."""
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in location]
    return "".join(parts).lstrip(".") or "the whole"
