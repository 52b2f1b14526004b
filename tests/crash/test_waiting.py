"""The crash tests' own means of waiting: what they say, and when."""

import asyncio

import pytest

from introeval.sd_notify import Notifier
from tests.crash.waiting import StatusLines, within


async def test_a_limit_says_what_was_waited_for() -> None:
    """Its own end only: a time-out of what it is around stays what it is."""
    with pytest.raises(TimeoutError, match="it did not come within 0 s"):
        async with within(0, "it did not come"):
            await asyncio.Event().wait()
    with pytest.raises(TimeoutError, match="another one"):
        async with within(60, "it did not come"):
            raise TimeoutError("another one")


async def test_no_line_is_missed() -> None:
    """Lines from before anybody waits are there, and one that comes later wakes who waits."""
    with StatusLines.open() as lines:
        notifier = Notifier({"NOTIFY_SOCKET": lines.address})
        notifier.status("first")
        notifier.status("second")
        assert [await lines.next(), await lines.next()] == ["STATUS=first", "STATUS=second"]
        waiting = asyncio.create_task(lines.next())
        await asyncio.sleep(0)
        assert not waiting.done()
        notifier.status("third")
        assert await waiting == "STATUS=third"
