"""``/api/v1/assignments``: made, read, changed in versions, and refused field by field."""

import codecs
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from introeval.assignments import load_assignment
from introeval.web.documents import MOST_BYTES
from tests.assignments.values import SAMPLES, sample
from tests.web.bodies import problem
from tests.web.homework import KINDS, PATH, TOML, get, with_samples
from tests.web.running import Room, running

ONE = f"{PATH}/short-test"


def pages(**changes: Any) -> dict[str, Any]:
    """The sample of pages as JSON, without a version."""
    return sample("pages").model_dump(mode="json", exclude={"version"}) | changes


async def wrong(answer: aiohttp.ClientResponse) -> list[str]:
    """The fields that a refusal names."""
    body = await answer.json()
    assert (answer.status, body["code"]) == (422, "invalid_document"), body
    assert all(error["message"] for error in body["errors"])
    return [error["field"] for error in body["errors"]]


async def put(room: Room, body: Any, **headers: str) -> aiohttp.ClientResponse:
    """A further version of the pages."""
    return await room.client.put(ONE, json=body, headers=headers)


async def test_samples_go_in_and_come_out(tmp_path: Path) -> None:
    """As TOML files, as JSON, and as TOML to edit; nothing is lost on the way."""
    async with running(tmp_path) as room:
        await with_samples(room)
        for name in KINDS:
            given = sample(name)
            shown = await get(room, f"{PATH}/{given.id}")
            assert load_assignment(json.dumps(shown), "json") == given
            answer = await room.client.get(f"{PATH}/{given.id}", headers={"Accept": "application/toml"})
            assert (answer.content_type, answer.headers["ETag"]) == ("application/toml", '"1"')
            assert load_assignment(await answer.text()) == given
        listed = await get(room, PATH)
        assert [item["id"] for item in listed["items"]] == [
            "introductions",
            "rain-notebook",
            "short-test",
            "spoken-introduction",
        ]
        part = await get(room, f"{PATH}?limit=2&offset=2")
        assert (part["total"], part["next"], part["items"][0]["run"]["state"]) == (4, None, "waiting")
        assert (await get(room, f"{PATH}?limit=2"))["next"] == f"{PATH}?limit=2&offset=2"


async def test_versions(tmp_path: Path) -> None:
    """Each change is a further version; the same again is none; every version stays readable."""
    async with running(tmp_path) as room:
        made = await put(room, pages())
        assert (made.status, made.headers["ETag"], made.headers["Location"]) == (201, '"1"', ONE)
        changed = await put(room, pages(title="Test 2"), **{"If-Match": '"1"'})
        again = await put(room, pages(title="Test 2"), **{"If-Match": '"1"'})
        assert [(answer.status, answer.headers["ETag"]) for answer in (changed, again)] == [
            (201, '"2"'),
            (200, '"2"'),
        ]
        assert (await get(room, f"{ONE}/versions/1"))["title"] == sample("pages").title
        assert (await get(room, f"{ONE}/versions/2"))["title"] == "Test 2"
        assert (await get(room, ONE))["version"] == 2
        for version in ("3", "0", "x", "9" * 30, "²"):
            answer = await room.client.get(f"{ONE}/versions/{version}")
            assert await problem(answer) == (404, "not_found")
        assert await problem(await room.client.get(f"{PATH}/nope")) == (404, "not_found")


async def test_nobody_is_overwritten_unseen(tmp_path: Path) -> None:
    """A change says what it was made from: in the header, or in the document; an old one is refused."""
    async with running(tmp_path) as room:
        await put(room, pages())
        assert await problem(await put(room, pages(title="A"))) == (428, "version_unknown")
        assert (await put(room, pages(title="A", version=1))).status == 201
        for late in (
            await put(room, pages(title="B", version=1)),
            await put(room, pages(title="B"), **{"If-Match": '"1"'}),
            await put(room, pages(title="B"), **{"If-Match": "one"}),
            await put(room, pages(title="B"), **{"If-None-Match": "*"}),
        ):
            assert await problem(late) == (412, "version_changed")
        assert (await get(room, ONE))["title"] == "A"
        assert (await put(room, pages(title="C", version=1), **{"If-Match": "2"})).status == 201
        assert (await put(room, pages(title="D", version=1), **{"If-Match": "*"})).status == 201
        assert (await get(room, ONE))["version"] == 4


async def test_a_new_one_is_new(tmp_path: Path) -> None:
    """POST makes; the very same again is no error, another one of that name is."""
    async with running(tmp_path) as room:
        first = await room.client.post(PATH, json=pages())
        again = await room.client.post(PATH, json=pages())
        assert (first.status, again.status) == (201, 200)
        other = await room.client.post(PATH, json=pages(title="Other"))
        assert await problem(other) == (409, "already_there")
        assert (await get(room, ONE))["version"] == 1


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"title": ""}, ["title"]),
        ({"questions": []}, ["questions", *[f"marking[{n}].question_number" for n in range(4)]]),
        ({"marking": [{"question_number": "1", "points": 1, "criterion": "x"}]}, ["marking"]),
        ({"plan": {"plan": "single"}, "pass_threshold": 2}, ["plan.model", "pass_threshold"]),
        ({"nonsense": 1}, ["nonsense"]),
        ({"prompts": {"technical": "Be kind."}}, ["prompts.technical"]),
        ({"id": "other"}, ["id"]),
    ],
)
async def test_wrong_fields(tmp_path: Path, changes: dict[str, Any], fields: list[str]) -> None:
    """Each is named with its path and its reason, and nothing is stored."""
    async with running(tmp_path) as room:
        found = await wrong(await put(room, pages(**changes)))
        assert set(fields) <= set(found)
        assert await problem(await room.client.get(ONE)) == (404, "not_found")


async def test_a_kind_stays(tmp_path: Path) -> None:
    """Its submissions could not be graded again."""
    async with running(tmp_path) as room:
        await put(room, pages())
        assert await wrong(await put(room, pages(kind="notebook", version=1))) == ["kind"]


@pytest.mark.parametrize(
    ("body", "headers", "expected"),
    [
        (b"{", {"Content-Type": "application/json"}, (400, "malformed_body")),
        (b"id = ", TOML, (400, "malformed_body")),
        (b"\xff\xfe", TOML, (400, "malformed_body")),
        (b"[" * 50_000, {"Content-Type": "application/json"}, (400, "malformed_body")),
        (
            b'{"version": 1' + b"0" * 5000 + b"}",
            {"Content-Type": "application/json"},
            (400, "malformed_body"),
        ),
        (b"id: x", {"Content-Type": "text/yaml"}, (415, "unknown_type")),
        (b"x" * (MOST_BYTES + 1), TOML, (413, "too_large")),
        (b"[]", {"Content-Type": "application/json", "Sec-Fetch-Site": "cross-site"}, (403, "cross_site")),
    ],
)
async def test_what_is_no_document(
    tmp_path: Path, body: bytes, headers: dict[str, str], expected: tuple[int, str]
) -> None:
    """Nothing of it is read further."""
    async with running(tmp_path) as room:
        for answer in (
            await room.client.put(ONE, data=body, headers=headers),
            await room.client.post(PATH, data=body, headers=headers),
        ):
            assert await problem(answer) == expected


async def test_a_length_that_nobody_stated(tmp_path: Path) -> None:
    """A body that grows past the bound is left there."""

    async def endless() -> Any:
        for _ in range(3):
            yield b"x" * (MOST_BYTES // 2)

    async with running(tmp_path) as room:
        assert await problem(await room.client.put(ONE, data=endless(), headers=TOML)) == (413, "too_large")


async def test_a_file_as_it_is(tmp_path: Path) -> None:
    """Comments, a byte order mark and all: what lies on a teacher's disk is what is sent."""
    async with running(tmp_path) as room:
        for path in sorted(SAMPLES.glob("*.toml")):
            for mark, status in ((b"", 201), (codecs.BOM_UTF8, 200)):
                answer = await room.client.post(PATH, data=mark + path.read_bytes(), headers=TOML)
                assert answer.status == status, await answer.text()
