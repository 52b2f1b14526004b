"""The library: versions that are never overwritten unseen."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from db.assignments import Assignments
from db.database import Database
from introeval.assignments import AssignmentChangedError, AssignmentError
from introeval.clock import SystemClock
from introeval.library import AssignmentLibrary
from tests.assignments.values import sample


@pytest.fixture
async def library(tmp_path: Path) -> AsyncIterator[AssignmentLibrary]:
    """A library on real tables."""
    async with Database.open(tmp_path) as database:
        yield AssignmentLibrary(Assignments(database), SystemClock())


async def test_versions(library: AssignmentLibrary) -> None:
    """What changed is a further version, what did not is none; every version can be read."""
    first = await library.add(sample("notebook"), replaces=0)
    changed = first.model_copy(update={"title": "Another"})
    second = await library.add(changed, replaces=1)
    assert (first.version, second.version) == (1, 2)
    assert (await library.add(changed, replaces=1)).version == 2
    assert (await library.version("rain-notebook", 1)).title == first.title
    assert (await library.latest("rain-notebook")).title == "Another"


@pytest.mark.parametrize(("replaces", "text"), [(0, "already"), (3, "newest version")])
async def test_what_was_not_seen_is_not_replaced(
    library: AssignmentLibrary, replaces: int, text: str
) -> None:
    """The error names the newest version."""
    first = await library.add(sample("pages"))
    with pytest.raises(AssignmentChangedError, match=text) as caught:
        await library.add(first.model_copy(update={"title": "Other"}), replaces)
    assert caught.value.newest == 1
    assert (await library.latest(first.id)).title == first.title


async def test_nothing_to_replace(library: AssignmentLibrary) -> None:
    """A text from another lab says what to do."""
    with pytest.raises(AssignmentChangedError, match="leave the version out"):
        await library.add(sample("pages"), replaces=4)


async def test_two_teachers_at_once(library: AssignmentLibrary) -> None:
    """Of several changes to the same version, one is kept and the others hear of it."""
    first = await library.add(sample("pages"))
    changes = [first.model_copy(update={"title": f"Title {number}"}) for number in range(5)]
    ended = await asyncio.gather(*(library.add(each, 1) for each in changes), return_exceptions=True)
    assert sum(isinstance(each, AssignmentChangedError) for each in ended) == 4
    assert (await library.latest(first.id)).version == 2


async def test_a_kind_stays(library: AssignmentLibrary) -> None:
    """Its submissions could not be regraded."""
    await library.add(sample("pages"))
    other = sample("notebook").model_copy(update={"id": "short-test"})
    with pytest.raises(AssignmentError) as caught:
        await library.add(other)
    assert [error.field for error in caught.value.errors] == ["kind"]


async def test_a_prompt_that_cannot_be_used(library: AssignmentLibrary) -> None:
    """It is refused before any model sees it."""
    notebook = sample("notebook")
    prompts = notebook.prompts.model_copy(update={"technical": "[Notebook] [Student text]"})
    with pytest.raises(AssignmentError) as caught:
        await library.add(notebook.model_copy(update={"prompts": prompts}))
    assert [error.field for error in caught.value.errors] == ["prompts.technical"]
