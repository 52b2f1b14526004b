"""A plan may name only models that a configured server serves; whether it answers now does not matter."""

from pathlib import Path
from typing import Any

import pytest

from db.assignments import Assignments
from db.database import Database
from introeval.assignments import AssignmentError, GradingPlan
from introeval.clock import SystemClock
from introeval.grading import default_rubric
from introeval.library import AssignmentLibrary
from introeval.served import unserved
from tests.assignments.values import sample
from tests.web.homework import PATH, get
from tests.web.running import running

SERVED = ("mistral:7b", "llama3")


@pytest.mark.parametrize(
    ("plan", "fields"),
    [
        ({}, []),
        ({"plan": "single", "model": "mistral:7b"}, []),
        ({"plan": "single", "model": "llama3:latest"}, []),
        ({"plan": "single", "model": "mistral"}, ["plan.model"]),
        (
            {"technical_model": "a", "feedback_model": "llama3", "vision_model": "b"},
            ["plan.technical_model", "plan.vision_model"],
        ),
    ],
)
def test_each_name_is_looked_up(plan: dict[str, Any], fields: list[str]) -> None:
    """With the tag that Ollama gives a name without one; every field that is wrong is named."""
    found = unserved(GradingPlan.model_validate(plan), SERVED)
    assert [error.field for error in found] == fields
    assert all("those that are served: llama3, mistral:7b" in error.message for error in found)
    assert "no server is configured at all" in str(unserved(GradingPlan(technical_model="a"), ()))


async def test_over_http(tmp_path: Path) -> None:
    """Refused with the field and the list, and nothing is saved; what is served is saved."""
    async with running(tmp_path, models=SERVED) as room:
        body = sample("notebook").model_dump(mode="json", exclude={"version"})
        plan = body["plan"] | {"technical_model": "gpt-9", "feedback_model": "llama3"}
        refused = await room.client.post(PATH, json=body | {"plan": plan})
        assert refused.status == 422
        told = await refused.json()
        assert told["code"] == "invalid_document"
        assert told["errors"] == [
            {
                "field": "plan.technical_model",
                "message": "no configured server serves the model 'gpt-9'; those that are served: llama3, mistral:7b",
            }
        ]
        assert (await room.client.get(f"{PATH}/rain-notebook")).status == 404
        good = await room.client.post(PATH, json=body | {"plan": plan | {"technical_model": "mistral:7b"}})
        assert good.status == 201, await good.text()
        changed = await get(room, f"{PATH}/rain-notebook")
        wrong = changed | {"plan": changed["plan"] | {"feedback_model": "gpt-9"}}
        assert (await room.client.put(f"{PATH}/rain-notebook", json=wrong)).status == 422
        assert (await get(room, f"{PATH}/rain-notebook"))["version"] == 1


async def test_a_changed_configuration_stops_no_start(tmp_path: Path) -> None:
    """What was saved can be read; the rubric of the settings makes a new version; a change by a teacher is refused."""
    async with Database.open(tmp_path) as database:
        before = AssignmentLibrary(Assignments(database), SystemClock(), ["mistral:7b"])
        plain = await before.introductions(None)
        plan = GradingPlan(plan="single", model="mistral:7b")
        named = await before.add(plain.model_copy(update={"plan": plan}))
        after = AssignmentLibrary(Assignments(database), SystemClock(), ["llama3"])
        assert await after.introductions(None) == named
        rubric = default_rubric().model_copy(update={"name": "another"})
        started = await after.introductions(rubric)
        assert (started.plan.model, started.version) == ("mistral:7b", 3)
        assert await after.add(started) == started, "the same again is no change"
        with pytest.raises(AssignmentError, match=r"plan\.model: no configured server") as caught:
            await after.add(started.model_copy(update={"title": "Other"}))
        assert [error.field for error in caught.value.errors] == ["plan.model"]
