"""An empty lab."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from db.assignments import Assignments
from db.database import Database
from introeval.clock import SystemClock
from introeval.library import AssignmentLibrary
from tests.keeping.states import Lab


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    """With the assignment that every lab has."""
    async with Database.open(tmp_path / "state") as database:
        await AssignmentLibrary(Assignments(database), SystemClock()).introductions(None)
        yield Lab(database)
