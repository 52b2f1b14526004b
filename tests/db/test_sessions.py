"""Sessions in the tables: places that are taken once, and readings of rubrics of which the better one stays."""

from dataclasses import replace

from db.database import Database
from db.session_results import RubricResult, SessionResults
from db.sessions import NewImage, Sessions

GOOD = RubricResult(
    session_id="s", model="m", attempt=1, rubric_response="r", raw_output="raw", call_key="k", warnings=("w",)
)
FAILED = RubricResult(session_id="s", model="m", attempt=1, failure={"code": "x"}, call_key="k")


def image(at: int, **changes: str) -> NewImage:
    """A page at this place."""
    new = NewImage(
        id=f"i{at}",
        session_id="s",
        role="student",
        order_index=at,
        file_name="p.jpg",
        path=f"images/i{at}.bin",
        media_type="image/jpeg",
        width=2,
        height=1,
        size_bytes=3,
        sha256="0" * 64,
    )
    return replace(new, **changes)  # type: ignore[arg-type]


async def test_a_failed_reading_never_replaces_the_same_calls_good_one(database: Database) -> None:
    """A good one replaces a failed one, and another call's end replaces both."""
    await Sessions(database).create("s", "t", 1.0)
    results = SessionResults(database)
    await results.keep_rubric(FAILED, 1.0)
    assert await results.rubrics("s") == (FAILED,)
    await results.keep_rubric(GOOD, 2.0)
    await results.keep_rubric(FAILED, 3.0)
    assert await results.rubrics("s") == (GOOD,)
    other = replace(FAILED, call_key="other")
    await results.keep_rubric(other, 4.0)
    assert await results.rubrics("s") == (other,)


async def test_a_place_is_taken_once(database: Database) -> None:
    """By role; beyond the most of a role there is none."""
    sessions = Sessions(database)
    assert await sessions.add_image(image(0), 2, 1.0) == "no_session"
    await sessions.create("s", "t", 1.0)
    assert await sessions.add_image(image(0), 2, 1.0) == "added"
    assert await sessions.add_image(image(0, id="again"), 2, 1.0) == "taken"
    assert await sessions.add_image(image(0, id="key", role="answer_key"), 2, 1.0) == "added"
    assert await sessions.add_image(image(1), 2, 1.0) == "added"
    assert await sessions.add_image(image(2), 2, 1.0) == "full"
    assert await sessions.known_files() == {database.root / f"images/i{at}.bin" for at in (0, 1)}
    assert [(found.role, found.order_index) for found in await sessions.images("s")] == [
        ("answer_key", 0),
        ("student", 0),
        ("student", 1),
    ]


async def test_prompts_are_stored_and_dropped(database: Database) -> None:
    """The last one counts, until there is none."""
    sessions = Sessions(database)
    assert await sessions.prompt("prompt") is None
    for at, template in enumerate(("a", "b")):
        await sessions.write_prompt("prompt", template, float(at))
    stored = await sessions.prompt("prompt")
    assert stored is not None
    assert (stored.template, stored.updated_at) == ("b", 1.0)
    await sessions.write_prompt("prompt", None, 2.0)
    assert await sessions.prompt("prompt") is None
