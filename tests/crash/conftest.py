"""One nursery for each file of tests; all of them skip where a process cannot be watched."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.crash import seccomp
from tests.crash.lab import Nursery


@pytest.fixture(scope="session")
def watchable() -> None:
    """System calls of a child can be seen and decided here."""
    if why := seccomp.available():
        pytest.skip(why)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def nursery(watchable: None) -> AsyncIterator[Nursery]:
    """Forks daemons."""
    async with Nursery.open() as opened:
        yield opened
