"""What is asked for: the two forms, their defaults, and everything that is refused with its field."""

from typing import Any

import pytest
from pydantic import ValidationError

from introeval.exams.errors import GradeRequestError
from introeval.exams.request import GradePlan, GradeRequest, PlannedPair, Templates, plan_pairs

SERVED = ("mistral", "llava:7b")
PAIR = {"rubric_model": {"name": "llava:7b"}, "assessment_model": {"name": "mistral"}}


def planned(**request: Any) -> tuple[PlannedPair, ...]:
    """The pairs of a request for session s."""
    return plan_pairs(GradeRequest.model_validate({"session_id": "s"} | request), SERVED)


def refused(**request: Any) -> tuple[str, str]:
    """The field and the reason of a refusal."""
    with pytest.raises(GradeRequestError) as raised:
        planned(**request)
    return raised.value.field, str(raised.value)


def pair(rubric: dict[str, Any], assessment: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A pair with more than its names."""
    return {
        "rubric_model": PAIR["rubric_model"] | rubric,
        "assessment_model": PAIR["assessment_model"] | assessment,
    } | more


@pytest.mark.parametrize("forms", [{}, {"model_pairs": [PAIR], "models": [{"name": "mistral"}]}])
def test_exactly_one_form(forms: dict[str, Any]) -> None:
    """Neither none nor both."""
    with pytest.raises(ValidationError, match="exactly one of 'model_pairs' and 'models'"):
        planned(**forms)


@pytest.mark.parametrize(
    "wrong",
    [
        {"model_pairs": []},
        {"model_pairs": [PAIR] * 9},
        {"models": [{"name": "mistral", "tries": 0}]},
        {"models": [{"name": "mistral", "tries": 11}]},
        {"models": [{"name": "../etc"}]},
        {"models": [{"name": "mistral", "temperature": 1}]},
        {"models": [{"name": "mistral"}], "default_tries": 0},
        {"models": [{"name": "mistral"}], "reasoning": "much"},
        {"models": [{"name": "mistral"}], "more": 1},
        {"models": [{"name": "mistral"}], "session_id": "../x"},
    ],
)
def test_bounds(wrong: dict[str, Any]) -> None:
    """Everything that comes in has its limits."""
    with pytest.raises(ValidationError):
        planned(**wrong)


def test_defaults_and_their_order() -> None:
    """A model's own word goes before the request's, and both models of a pair may say how often."""
    asked = [
        PAIR,
        pair({"tries": 3}, {"reasoning": False}, instance_id="second"),
        pair({}, {"tries": 2, "instance_id": "third", "reasoning": True}),
    ]
    first, second, third = planned(model_pairs=asked, default_tries=4, reasoning=None)
    assert (first.tries, second.tries, third.tries) == (4, 3, 2)
    assert [one.instance_id for one in (first, second, third)] == [None, "second", "third"]
    assert [one.assessment_reasoning for one in (first, second, third)] == [None, False, True]
    alone = planned(models=[{"name": "mistral"}, {"name": "llava:7b", "reasoning": False}], reasoning=True)
    assert [(one.rubric_model, one.assessment_reasoning) for one in alone] == [(None, True), (None, False)]


def test_models_are_those_that_are_served() -> None:
    """A tag that is left out is the latest; what nobody serves is named with its field."""
    assert planned(models=[{"name": "mistral:latest"}])[0].assessment_model == "mistral"
    field, reason = refused(models=[{"name": "mistral"}, {"name": "qwen"}])
    assert (field, reason) == ("models[1].name", "no server serves 'qwen'; served are: llava:7b, mistral")
    assert refused(model_pairs=[pair({"name": "qwen"}, {})])[0] == "model_pairs[0].rubric_model.name"
    assert refused(model_pairs=[pair({}, {"name": "qwen"})])[0] == "model_pairs[0].assessment_model.name"


def test_tries_of_a_pair_agree() -> None:
    """Try k of the assessment works with try k of the rubric."""
    field, reason = refused(model_pairs=[pair({"tries": 2}, {"tries": 3})])
    assert field == "model_pairs[0].rubric_model.tries"
    assert "has 3 tries" in reason
    assert planned(model_pairs=[pair({"tries": 2}, {"tries": 2})])[0].tries == 2


def test_a_rubric_model_has_one_reasoning() -> None:
    """A session's rubric is read once by each model and try."""
    other = pair({"reasoning": True}, {"name": "llava:7b"})
    assert refused(model_pairs=[PAIR, other])[0] == "model_pairs[1].rubric_model.reasoning"
    assert len(planned(model_pairs=[PAIR, other], reasoning=True)) == 2


def test_the_same_pair_twice_needs_names() -> None:
    """With names of their own, the second one's tries are further draws."""
    assert refused(model_pairs=[PAIR, PAIR])[0] == "model_pairs[1]"
    assert refused(model_pairs=[PAIR, pair({}, {}, instance_id="b")])[0] == "model_pairs[1]"
    named = [pair({}, {}, instance_id=name) for name in ("a", "b")]
    first, second = planned(model_pairs=named, default_tries=2)
    assert [first.draw(1), first.draw(2), second.draw(1), second.draw(2)] == [1, 2, 11, 12]
    assert refused(models=[{"name": "mistral", "instance_id": "a"}] * 2)[0] == "models.instance_id"


def test_a_rubric_models_name_tells_pairs_apart_too() -> None:
    """Alone or beside the assessment model's; one reading may be named in pairs that differ anyway."""
    alone = [pair({"instance_id": name}, {}) for name in ("a", "b")]
    both = [pair({"instance_id": name}, {"instance_id": "x"}) for name in ("a", "b")]
    for asked, names in ((alone, ["a", "b"]), (both, ["a.x", "b.x"])):
        made = planned(model_pairs=asked)
        assert [(one.instance_id, one.draw(1)) for one in made] == [(names[0], 1), (names[1], 11)]
    shared = [pair({"instance_id": "a"}, {}), pair({"instance_id": "a"}, {"name": "llava:7b"})]
    assert [(one.instance_id, one.draw(1)) for one in planned(model_pairs=shared)] == [("a", 1), ("a", 1)]
    assert refused(model_pairs=alone[:1] * 2) == (
        "model_pairs.instance_id",
        "'a' is there twice; each use needs its own",
    )
    longest = [pair({"instance_id": "r" * 64}, {"instance_id": "a" * 64})]
    assert len(str(planned(model_pairs=longest)[0].instance_id)) == 129


def test_a_plan_survives_the_table() -> None:
    """What a task has as its request is read back as it was written."""
    plan = GradePlan(
        session_id="s",
        questions=(),
        images=("i1",),
        pairs=planned(model_pairs=[PAIR], default_tries=2),
        templates=Templates(rubric="r", assessment="a"),
    )
    assert GradePlan.model_validate_json(plan.model_dump_json()) == plan
