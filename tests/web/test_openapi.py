"""What the application answers is what its OpenAPI document says."""

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from tests.web.homework import PATH, TOML, get, notebook, with_samples
from tests.web.running import Room, running
from tests.web.test_assignment_runs import grade_in_part
from tests.web.test_previews import spoken

ONE = PATH + "/{id}"
UPLOADS = "/api/v1/submissions"


def matches(document: dict[str, Any], where: dict[str, Any], value: Any) -> None:
    """A value follows the schema of some content of the document (OpenAPI 3.1 schemas are JSON Schema 2020-12)."""
    schema = where["schema"] | {"components": document["components"]}
    problems = [
        f"{error.json_path}: {error.message}" for error in Draft202012Validator(schema).iter_errors(value)
    ]
    assert problems == []


async def filled(room: Room) -> dict[str, str]:
    """A room with something of everything; the ids that paths need."""
    await with_samples(room)
    task_id = await notebook(room)
    await grade_in_part(room, task_id)
    return {"id": task_id, "video": await spoken(room)}


@pytest.mark.parametrize(
    ("path", "address"),
    [
        (UPLOADS, UPLOADS),
        (UPLOADS + "/{id}", UPLOADS + "/{id}"),
        (UPLOADS + "/{id}", UPLOADS + "/{video}"),
        (UPLOADS + "/{id}/results", UPLOADS + "/{id}/results"),
        (PATH, PATH),
        (ONE, f"{PATH}/short-test"),
        (ONE, f"{PATH}/rain-notebook"),
        (ONE + "/versions/{version}", f"{PATH}/introductions/versions/1"),
        (ONE + "/run", f"{PATH}/rain-notebook/run"),
        (ONE + "/preview", f"{PATH}/introductions/preview?submission={{video}}"),
        ("/api/v1/status", "/api/v1/status"),
    ],
)
async def test_answers_follow_the_document(tmp_path: Path, path: str, address: str) -> None:
    """Every member that is there is described, with its type."""
    async with running(tmp_path) as room:
        ids = await filled(room)
        document = await get(room, "/openapi.json")
        said = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
        value = await get(room, address.format(**ids))
        matches(document, said, value)
        with pytest.raises(AssertionError):
            matches(document, said, {"nothing": "of the kind"})


async def test_what_is_sent_follows_it_too(tmp_path: Path) -> None:
    """What the document takes for an assignment is taken, and its refusal is described."""
    async with running(tmp_path) as room:
        await with_samples(room)
        document = await get(room, "/openapi.json")
        put = document["paths"][ONE]["put"]
        assert set(put["requestBody"]["content"]) == {"application/json", TOML["Content-Type"]}
        body = await get(room, f"{PATH}/short-test")
        matches(document, put["requestBody"]["content"]["application/json"], body)
        refused = await room.client.put(
            f"{PATH}/short-test", json=body | {"questions": [], "pass_threshold": 7}
        )
        said = put["responses"][str(refused.status)]["content"]["application/problem+json"]
        matches(document, said, await refused.json())
        assert "invalid_document" in put["responses"]["422"]["description"]


async def test_parameters(tmp_path: Path) -> None:
    """Those of a path are all there, and what a query needs is marked."""
    async with running(tmp_path) as room:
        document = await get(room, "/openapi.json")
        for path, item in document["paths"].items():
            for operation in item.values():
                named = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "path"}
                assert named == {part[1:-1] for part in path.split("/") if part.startswith("{")}
        asked = document["paths"][ONE + "/preview"]["get"]["parameters"]
        required = {each["name"]: each["required"] for each in asked}
        assert required == {"id": True, "submission": True, "version": False}
