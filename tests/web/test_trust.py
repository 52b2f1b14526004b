"""How far grades can be trusted, over HTTP: two models of different severity, and a teacher's own grades."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from db.keeping import Keeping
from db.ratings import Ratings
from introeval.agreement.linked import linked
from scheduler.ports import Evaluation
from scheduler.ratings import Rating
from tests.web.bodies import problem
from tests.web.homework import notebook
from tests.web.running import Piece, Room, running

FAIRNESS = "/api/v1/assignments/introductions/fairness"
AGREEMENT = "/api/v1/assignments/introductions/agreement"
STRICT = 1.5


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    """A running application."""
    async with running(tmp_path) as opened:
        yield opened


def marked(score: float) -> dict[str, Any]:
    """A report of one criterion."""
    criterion = {"name": "clarity", "score": score, "max_score": 10.0, "reason": "So.", "evidence": []}
    return {"score": score, "max_score": 10.0, "criteria": [criterion], "rubric": "introduction"}


async def grade(
    room: Room,
    task_id: str,
    *given: tuple[str, float],
    spoken: bool = True,
    rivals: bool = False,
    **more: Any,
) -> None:
    """Do what one or two language models would. ``spoken``: its speech was not recognised before. ``more``: of the
    report."""
    if spoken:
        await room.transcribe(task_id, [Piece(0.0, 1.0, "Hello.")])
    started = await room.store.start(await room.task(task_id), time.time())
    mean = sum(score for _, score in given) / len(given)
    ratings = tuple(
        Rating(model=model, server=model, score=score, max_score=10.0, marks={"clarity": score})
        for model, score in given
    )
    result = Evaluation(
        score=mean,
        max_score=10.0,
        report=marked(mean) | more,
        model=" + ".join(model for model, _ in given),
        server="s",
        prompt_hash="h",
        tokens_in=1,
        tokens_out=1,
        latency_ms=1,
        raw_reply="",
        ratings=ratings,
        rivals=rivals,
    )
    await room.store.evaluated(started, result, time.time())


async def session(room: Room, count: int = 16, capped: bool = False) -> dict[str, float]:
    """A round robin in which ``b`` gives 1.5 less than ``a``; returns the true score of each submission.

    ``capped``: a guard allows each what it was given, and no more."""
    ids = [await room.accepted(roll_number=f"R-{n}", name="A Student") for n in range(count)]
    both = linked(ids)
    truth = {task_id: 4.0 + 0.3 * n for n, task_id in enumerate(ids)}
    for n, (task_id, score) in enumerate(truth.items()):
        one, other = ("a", score + STRICT / 2), ("b", score - STRICT / 2)
        given = (one, other) if task_id in both else (one,) if n % 2 else (other,)
        cap = sum(each for _, each in given) / len(given)
        guards = [{"code": "brief", "reason": "So.", "cap": cap}] if capped else []
        await grade(room, task_id, *given, guards=guards)
    return truth


async def test_severity_is_taken_out(room: Room) -> None:
    """Each grade on the common scale is the true one, whichever model the turn gave; both numbers are shown."""
    truth = await session(room)
    body = await (await room.client.get(FAIRNESS)).json()
    assert body["equating"]["verdict"] == "adjusted", body["equating"]["why"]
    severity = {item["model"]: item["severity"] for item in body["equating"]["models"]}
    assert severity["b"] - severity["a"] == pytest.approx(STRICT, abs=0.3)
    assert {item["id"]: item["adjusted"] for item in body["items"]} == pytest.approx(truth, abs=0.35)
    task_id = body["items"][0]["id"]
    shown = await (await room.client.get(f"/api/v1/submissions/{task_id}")).json()
    assert shown["grade"]["adjusted_score"] == pytest.approx(truth[task_id], abs=0.35)
    page = await (await room.client.get("/")).text()
    assert "adjusted" in page


async def test_adjusting_passes_no_guard(room: Room) -> None:
    """Everybody was capped at what was given: the strict model's grades stay (or lose what rounding takes)."""
    await session(room, capped=True)
    body = await (await room.client.get(FAIRNESS)).json()
    assert body["equating"]["verdict"] == "adjusted"
    given = {item["id"]: sum(item["scores"].values()) / len(item["scores"]) for item in body["items"]}
    assert all(item["adjusted"] <= given[item["id"]] for item in body["items"])
    strict = [item for item in body["items"] if list(item["scores"]) == ["b"]]
    assert len(strict) >= 3
    assert all(item["adjusted"] == pytest.approx(given[item["id"]], abs=0.051) for item in strict)


async def test_a_cap_that_bound_one_of_two_opinions_is_not_the_grades(room: Room) -> None:
    """The mean is above it, and stays: what a report of an older version has as a guard is no number."""
    ids = [await room.accepted(roll_number=f"R-{n}") for n in range(2)]
    guards = [{"code": "off_topic", "reason": "So.", "cap": 2.0}, "old", {"code": "brief", "cap": "6"}]
    await grade(room, ids[0], ("a", 2.0), ("b", 4.0), guards=guards)
    await grade(room, ids[1], ("a", 2.04), guards=guards)
    assert await Ratings(room.database).caps("introductions", 1) == {ids[1]: 2.0}


async def test_agreement_with_a_teacher(room: Room) -> None:
    """Counts and statistics of the shown grades and of each model, and who handed in nothing here."""
    truth = await session(room)
    rows = [f"R-{n},{score:.1f}" for n, score in enumerate(truth.values())]
    csv = "\n".join(["roll number,score", *rows, "R-999,5"])
    answer = await room.client.post(AGREEMENT, data=csv, headers={"Content-Type": "text/csv"})
    assert answer.status == 200, await answer.text()
    body = await answer.json()
    assert [item["message"] for item in body["strangers"]] == ["'R-999' handed in nothing here"]
    first = body["report"]["human"][0]
    assert first["total"]["mean_absolute_error"]["value"] == pytest.approx(STRICT / 2 * 11 / 16, abs=0.1)
    assert first["total"]["mean_absolute_error"]["low"] is not None
    models = body["report"]["models"][0]
    assert models["total"]["mean_absolute_error"]["value"] == pytest.approx(STRICT)
    assert models["discrepancies"]["questionDiscrepancies100"] == {"clarity": 5}


async def test_a_wrong_file_names_its_lines(room: Room) -> None:
    """So that it can be corrected in one go."""
    await session(room, 6)
    answer = await room.client.post(
        AGREEMENT, data="roll number,score\nR-1,good\n", headers={"Content-Type": "text/csv"}
    )
    body = await answer.json()
    assert (answer.status, body["code"]) == (422, "invalid_document")
    assert body["errors"][0]["field"] == "line 2, 'score'"


async def test_before_anything_is_graded(room: Room) -> None:
    """There is nothing to compare, and nothing to adjust."""
    assert await problem(await room.client.post(AGREEMENT)) == (409, "nothing_to_compare")
    body = await (await room.client.get(FAIRNESS)).json()
    assert (body["equating"]["verdict"], body["items"]) == ("not_needed", [])
    assert await problem(await room.client.get(FAIRNESS.replace("introductions", "nothing"))) == (
        404,
        "not_found",
    )


async def test_a_file_as_a_spreadsheet_saves_it(room: Room) -> None:
    """Excel's UTF-16 with tabs is read like any other."""
    truth = await session(room)
    rows = [f"R-{n}\t{score:.1f}".replace(".", ",") for n, score in enumerate(truth.values())]
    data = "\n".join(["Roll number\tScore", *rows]).encode("utf-16")
    answer = await room.client.post(AGREEMENT, data=data, headers={"Content-Type": "text/csv"})
    assert answer.status == 200, await answer.text()
    assert (await answer.json())["report"]["human"][0]["total"]["mean_absolute_error"]["n"] == 16


async def test_ratings_are_read_in_the_order_asked(room: Room) -> None:
    """Not by name: of what was flagged, the model that was asked first is the one that is compared."""
    task_id = await room.accepted()
    await grade(room, task_id, ("b", 7.0), ("a", 4.0))
    assignment = await room.context.library.latest("introductions")
    assert [each.model for each in await room.context.fairness.ratings(assignment)] == ["b", "a"]


@pytest.mark.parametrize(
    "named",
    [
        {"id": "talk", "kind": "intro_video", "plan": {"plan": "single", "model": "b"}},
        {"id": "rain-notebook", "kind": "notebook"},
    ],
    ids=["single", "notebooks"],
)
async def test_one_flagged_work_leaves_the_others_final(room: Room, named: dict[str, Any]) -> None:
    """Its second opinion comes from another model; the plan has one model grade everybody all the same."""
    made = await room.client.post("/api/v1/assignments", json=named | {"title": "Talk"})
    assert made.status == 201
    spoken, name = named["kind"] == "intro_video", named["id"]
    for n in range(7):
        roll = f"R-{n}"
        task_id = await (
            room.accepted(assignment=name, roll_number=roll) if spoken else notebook(room, roll_number=roll)
        )
        await grade(room, task_id, *[("b", 7.0), ("a", 4.0)][: 1 + (n == 6)], spoken=spoken)
    listed = await (await room.client.get(f"/api/v1/submissions?assignment={name}")).json()
    assert [item["review"] for item in listed["items"]] == [[]] * 7
    found = await (await room.client.get(FAIRNESS.replace("introductions", name))).json()
    assert found["equating"]["verdict"] == "not_needed"
    assert {"b": 7.0, "a": 4.0} in [item["scores"] for item in found["items"]]


async def test_one_estimate_for_each_change(room: Room) -> None:
    """Whoever asks gets the same one, also at once, until a grade, a submission or a purge changes what it rests on."""
    await session(room, 12)
    fairness, assignment = room.context.fairness, await room.context.library.latest("introductions")
    first, same = await asyncio.gather(fairness.of(assignment), fairness.of(assignment))
    assert first is same
    assert await fairness.of(assignment) is first
    late = await room.accepted(roll_number="R-late")
    second = await fairness.of(assignment)
    assert second is not first, "the linked share may be another one"
    await grade(room, late, ("a", 5.0))
    third = await fairness.of(assignment)
    assert late in third.scores.keys() - second.scores.keys()
    assert await Keeping(room.database).begin_anyway(late, time.time())
    assert late not in (await fairness.of(assignment)).scores
