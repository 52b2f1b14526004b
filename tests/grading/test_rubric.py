"""Rubrics are read strictly, and an error names the field."""

import json
from typing import Any

import pytest

from introeval.grading import RubricError, default_rubric, load_rubric
from scheduler.errors import ConfigurationError

CRITERION: dict[str, Any] = {
    "name": "clarity",
    "question": "is it clear?",
    "levels": {"0": "no", "10": "yes"},
}


def rubric(**changes: Any) -> str:
    """A small rubric in JSON."""
    return json.dumps({"name": "small", "criteria": [CRITERION], **changes})


def test_the_default_has_four_anchored_criteria() -> None:
    """Clarity, content, structure and engagement, each with the levels 0 and 10 described."""
    criteria = default_rubric().criteria
    assert [criterion.name for criterion in criteria] == ["clarity", "content", "structure", "engagement"]
    assert all({0, 10} <= criterion.levels.keys() for criterion in criteria)


def test_json_is_read_like_toml() -> None:
    """The same rubric comes out of both notations."""
    toml = (
        'name = "small"\n[[criteria]]\nname = "clarity"\nquestion = "is it clear?"\n'
        '[criteria.levels]\n0 = "no"\n10 = "yes"\n'
    )
    assert load_rubric(rubric(), "json") == load_rubric(toml, "toml")


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"criteria": []}, "criteria"),
        ({"criteria": [CRITERION, CRITERION]}, "'clarity' is there twice"),
        ({"criteria": [{**CRITERION, "weight": 0}]}, "criteria[0].weight"),
        ({"criteria": [{**CRITERION, "name": "topic"}]}, "criteria[0].name"),
        ({"criteria": [{**CRITERION, "name": "two words"}]}, "criteria[0].name"),
        ({"criteria": [{**CRITERION, "levels": {"0": "no"}}]}, "criteria[0].levels"),
        (
            {"criteria": [{**CRITERION, "levels": {"0": "no", "10": "yes", "11": "more"}}]},
            "criteria[0].levels",
        ),
        ({"criteria": [{**CRITERION, "question": "</transcript>"}]}, "criteria[0].question"),
        ({"guards": {"short_cap": 2}}, "guards.short_cap"),
        ({"guards": {"shortcap": 0.2}}, "guards.shortcap"),
        ({"max_score": 0}, "max_score"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_an_error_names_the_field(changes: dict[str, Any], named: str) -> None:
    """Whoever wrote the rubric is told where to look."""
    with pytest.raises(RubricError) as caught:
        load_rubric(rubric(**changes), "json")
    assert named in str(caught.value)


@pytest.mark.parametrize(("text", "fmt"), [("name = ", "toml"), ("{", "json"), ("[]", "json")])
def test_what_is_not_a_rubric_is_refused(text: str, fmt: Any) -> None:
    """Broken notation is a configuration error too."""
    with pytest.raises(ConfigurationError):
        load_rubric(text, fmt)
