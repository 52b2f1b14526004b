"""What was read on pages is kept once, and forgotten on demand."""

from db.database import Database
from db.intake import Intake
from db.pages import KeptPage, PageTexts
from tests.db.test_store import new_task


def page(number: int, text: str = "[]") -> KeptPage:
    """A page that was read."""
    return KeptPage(page=number, engine="rapidocr", confidence=0.5, lines=text)


async def submitted(database: Database, task_id: str, assignment: str, kind: str = "pages") -> None:
    """An accepted submission."""
    new = new_task(task_id, kind=kind, assignment_id=assignment)
    await Intake(database).accept(new, 1.0)


async def test_pages_are_kept_once_and_found_in_order(database: Database) -> None:
    """A second reading of a page changes nothing."""
    await submitted(database, "a", "exam")
    texts = PageTexts(database)
    await texts.keep("a", (page(2), page(1)), 5.0)
    await texts.keep("a", (page(2, '["other"]'), page(3)), 6.0)
    assert await texts.find("a") == (page(1), page(2), page(3))
    assert await texts.find("b") == ()


async def test_what_nobody_has_read(database: Database) -> None:
    """Submissions of pages of this assignment, oldest first; once read they are gone, once forgotten they are back."""
    for task_id, assignment, kind in (
        ("a", "exam", "pages"),
        ("b", "exam", "pages"),
        ("c", "other", "pages"),
    ):
        await submitted(database, task_id, assignment, kind)
    await submitted(database, "d", "exam", "notebook")
    texts = PageTexts(database)
    assert list(await texts.unread("exam")) == ["a", "b"]
    await texts.keep("a", (page(1),), 5.0)
    assert await texts.unread("exam") == {"b": None}
    assert await texts.forget("a") == 1
    assert list(await texts.unread("exam")) == ["a", "b"]
    assert await texts.file_of("a") == database.root / new_task("a").video_path
    assert await texts.file_of("d") is await texts.file_of("z") is None
