"""When a session goes, with its pages: with its last grading, or by its age."""

import asyncio

from introeval.keeping.purge import Policy, Purger
from introeval.keeping.shelf import Shelf
from tests.keeping.states import DAY, THEN, Lab, files_of, holds

LATER = THEN + 31 * DAY


def purger(lab: Lab, **policy: float | None) -> Purger:
    """With backups beside the state."""
    return Purger(lab.database, Shelf(lab.root.parent / "backups"), Policy(**policy))


async def test_a_session_goes_with_its_last_grading(lab: Lab) -> None:
    """Its pages and readings stay while another grading of it is kept."""
    session = await lab.session(7)
    first, second = await lab.session_graded(1, session), await lab.session_graded(2, session)
    await purger(lab).forget([first], LATER)
    assert len(files_of(lab.root)) == 2
    assert lab.rows("SELECT count(*) FROM sessions") == [(1,)]
    await purger(lab).forget([second], LATER)
    assert files_of(lab.root) == []
    for table in ("sessions", "images", "rubric_results", "assessment_results"):
        assert lab.rows(f"SELECT count(*) FROM {table}") == [(0,)]
    assert await asyncio.to_thread(holds, lab.root, "Exam of 7", "page of 7", f"rubric {session}") == {}


async def test_a_session_that_nobody_had_graded_goes_by_its_age(lab: Lab) -> None:
    """With its pictures; one that was touched meanwhile stays, and without a setting both do."""
    await lab.session(7)
    await purger(lab).round(LATER)
    assert len(files_of(lab.root)) == 1
    await purger(lab, days=30).round(LATER)
    assert (files_of(lab.root), lab.rows("SELECT count(*) FROM sessions")) == ([], [(0,)])


async def test_a_session_in_use_outlives_its_old_grading(lab: Lab) -> None:
    """A page of today waits for a grading: the old one goes by its date, the session by its own age."""
    lab = Lab(lab.database, keep_days=30)
    session = await lab.session(7)
    old = await lab.session_graded(1, session)
    page = await lab.page(8, session, LATER - DAY)
    done = await purger(lab, days=30).round(LATER)
    assert (done.submissions, lab.rows("SELECT id FROM sessions")) == (1, [(session,)])
    assert files_of(lab.root) == [f"images/{7:016x}image.bin", page]
    assert await asyncio.to_thread(holds, lab.root, "Student 1", f"assessment {old}") == {}
    await purger(lab, days=30).round(LATER + 28 * DAY)
    assert len(files_of(lab.root)) == 2
    await purger(lab, days=30).round(LATER + 30 * DAY)
    assert (files_of(lab.root), lab.rows("SELECT count(*) FROM sessions")) == ([], [(0,)])
    assert await asyncio.to_thread(holds, lab.root, "Exam of 7", "page of 8") == {}


async def test_a_person_who_deletes_the_last_grading_deletes_the_session(lab: Lab) -> None:
    """However new its pages are: they are a student's who asked for it."""
    lab = Lab(lab.database, keep_days=30)
    session = await lab.session(7)
    grading = await lab.session_graded(1, session)
    await lab.page(8, session, LATER)
    await purger(lab, days=30).forget([grading], THEN + DAY)
    assert (files_of(lab.root), lab.rows("SELECT count(*) FROM sessions")) == ([], [(0,)])
