"""What two models of different severity make of a grade is the same wherever it is shown, and read once for all."""

import csv
import io
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from db.outbox import Outbox
from introeval.cli.results import as_csv, as_table
from introeval.cli.terminal import console
from introeval.client import connect
from tests.web.homework import get, posted
from tests.web.running import Room, running
from tests.web.test_trust import grade, session

LIST = "/api/v1/submissions"
RUN = "/api/v1/assignments/introductions/run"


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    """A running application."""
    async with running(tmp_path) as opened:
        yield opened


async def test_the_list_says_what_each_submission_says(room: Room) -> None:
    """So that a table of results need not read them one by one."""
    await session(room)
    items = (await get(room, f"{LIST}?limit=100"))["items"]
    assert len(items) == 16
    for line in items:
        whole = await get(room, f"{LIST}/{line['id']}")
        shown = whole["grade"]
        assert line["adjusted_score"] == shown["adjusted_score"] is not None
        assert line["provisional"] is not shown["final"]
        assert line["graded_version"] == shown["version"]
        for name in ("score", "max_score", "review", "guards"):
            assert line[name] == shown[name]
        assert line["criteria"] == [
            {name: item[name] for name in ("name", "score", "max_score")} for item in shown["criteria"]
        ]
        for name in ("model", "flags", "failures", "regrade", "error_message"):
            assert line[name] == whole[name]


async def test_results_hold_both_grades(room: Room) -> None:
    """The table and the CSV, from the list: the grade as given and, beside it, the adjusted one."""
    await session(room)
    items = {item["id"]: item for item in (await get(room, f"{LIST}?limit=100"))["items"]}
    async with connect(str(room.client.make_url("")).rstrip("/")) as api:
        lines = await api.submissions()
    for row in csv.DictReader(io.StringIO(as_csv(lines), newline="")):
        item = items[row["id"]]
        assert (float(row["score"]), float(row["adjusted_score"])) == (item["score"], item["adjusted_score"])
    moved = next(item for item in items.values() if item["score"] != item["adjusted_score"])
    out = console()
    with out.capture() as shown:
        out.print(as_table([line for line in lines if line.id == moved["id"]]))
    assert f"adjusted {moved['adjusted_score']:g}" in shown.get()


async def test_the_run_counts_what_the_list_shows_as_provisional(room: Room) -> None:
    """Six works, of which two by each model alone and too few by both; one report has a doubt of its own."""
    ids = [await room.accepted(roll_number=f"R-{n}") for n in range(6)]
    both, (first, second, *_) = ids[:2], ids[2:]
    for task_id in both:
        await grade(room, task_id, ("a", 6.0), ("b", 5.0))
    await grade(room, first, ("a", 6.0), review=["No evidence was given."])
    await grade(room, second, ("b", 5.0))
    items = (await get(room, LIST))["items"]
    doubted = {item["id"] for item in items if item["provisional"]}
    assert doubted == {first, second}
    run = await get(room, RUN)
    assert run["provisional"] == 2
    assert "2 grades are provisional" in run["detail"]
    listed = (await get(room, "/api/v1/assignments"))["items"]
    assert {item["id"]: item["run"]["provisional"] for item in listed}["introductions"] == 2


async def test_every_result_has_its_standing(room: Room) -> None:
    """Under the version that gave it: the newest is what the submission shows."""
    await session(room)
    for item in (await get(room, LIST))["items"]:
        (result,) = (await get(room, f"{LIST}/{item['id']}/results"))["items"]
        shown = (await get(room, f"{LIST}/{item['id']}"))["grade"]
        assert result["grade"] == shown
        assert shown["adjusted_score"] is not None


async def told(room: Room) -> dict[str, tuple[bool, str]]:
    """What the college is to be told of each submission: whether its grade is final, and ``fairness``."""
    found: dict[str, tuple[bool, str]] = {}
    # One at a time leaves: of each submission the newest message is what counts.
    while messages := await Outbox(room.database).due(time.time() + 1, 100):
        for message in messages:
            found[message.task_id] = message.payload["final"], message.payload["fairness"]
            await Outbox(room.database).delivered(message, time.time())
    return found


async def test_no_message_calls_final_what_the_list_shows_as_provisional(room: Room) -> None:
    """Two works by both models, then one by each alone: these wait for the common scale, and the message says so."""
    ids = [await room.accepted(roll_number=f"R-{n}") for n in range(6)]
    for task_id in ids[:2]:
        await grade(room, task_id, ("a", 6.0), ("b", 5.0))
    await grade(room, ids[2], ("a", 6.0))
    await grade(room, ids[3], ("b", 5.0))
    both, alone = (True, "pending"), (False, "pending")
    assert await told(room) == {ids[0]: both, ids[1]: both, ids[2]: alone, ids[3]: alone}
    provisional = {item["id"] for item in (await get(room, LIST))["items"] if item["provisional"]}
    assert provisional == {ids[2], ids[3]}


async def test_the_first_of_several_models_is_not_final_either(room: Room) -> None:
    """Nobody else has graded yet, but another model may: the evaluator knows it, the tables do not."""
    first, other = [await room.accepted(roll_number=f"R-{n}") for n in range(2)]
    await grade(room, first, ("a", 6.0), rivals=True)
    await grade(room, other, ("a", 6.0))
    assert await told(room) == {first: (False, "pending"), other: (True, "none")}


async def test_a_plan_of_one_model_is_final_at_once(room: Room) -> None:
    """Also of what has a second opinion by another."""
    plan = {"id": "talk", "kind": "intro_video", "title": "Talk", "plan": {"plan": "single", "model": "a"}}
    assert (await room.client.post("/api/v1/assignments", json=plan)).status == 201
    ids = [await room.accepted(assignment="talk", roll_number=f"R-{n}") for n in range(2)]
    await grade(room, ids[0], ("a", 6.0), ("b", 5.0))
    await grade(room, ids[1], ("a", 6.0))
    assert await told(room) == dict.fromkeys(ids, (True, "none"))


async def test_a_kept_grade_is_told_with_what_it_waits_for(room: Room) -> None:
    """A regrade under a new version is stopped: the earlier grade stays, and stands where it stood."""
    ids = [await room.accepted(roll_number=f"R-{n}") for n in range(2)]
    await grade(room, ids[0], ("a", 6.0))
    await grade(room, ids[1], ("b", 6.0))
    newest = await get(room, RUN.removesuffix("/run"))
    assert (await room.client.put(RUN.removesuffix("/run"), json=newest | {"title": "New"})).status == 201
    await posted(room, f"{RUN.removesuffix('/run')}/regrade")
    await posted(room, f"{LIST}/{ids[0]}/cancel")
    assert (await told(room))[ids[0]] == (False, "pending")
