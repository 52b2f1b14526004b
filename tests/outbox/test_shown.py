"""What a teacher, a client and Prometheus see of the outbox."""

from pathlib import Path

from db.outbox import Outbox
from introeval.web.status_schema import StatusBody
from scheduler.snapshot import OutboxStatus
from tests.outbox.rig import tell
from tests.web.running import running

STUCK = OutboxStatus(pending=3, failed=1, oldest_seconds=720.0, last_error="The receiver answered 500. <b>")
FINE = OutboxStatus(pending=1, failed=0, oldest_seconds=0.5)


async def test_the_status_has_it(tmp_path: Path) -> None:
    """As a field; ``None`` without a receiver."""
    async with running(tmp_path) as room:
        status = StatusBody.model_validate(await (await room.client.get("/api/v1/status")).json())
        assert status.outbox is None
        room.shown["outbox"] = STUCK
        status = StatusBody.model_validate(await (await room.client.get("/api/v1/status")).json())
        assert status.outbox is not None
        assert status.outbox.model_dump() == {
            "pending": 3,
            "failed": 1,
            "oldest_seconds": 720.0,
            "last_error": STUCK.last_error,
        }


async def test_the_teacher_reads_what_is_stuck(tmp_path: Path) -> None:
    """One line, escaped, and only when something failed."""
    async with running(tmp_path) as room:
        for quiet in (None, FINE):
            room.shown["outbox"] = quiet
            assert "own system" not in await (await room.client.get("/")).text()
        room.shown["outbox"] = STUCK
        page = await (await room.client.get("/")).text()
        assert (
            "Results for the college&#39;s own system: 3 wait (the oldest for about 12 minutes), 1 given up. "
            "The receiver answered 500. &lt;b&gt;"
        ) in page.replace("college's", "college&#39;s")


async def test_prometheus_counts_from_the_tables(tmp_path: Path) -> None:
    """Delivered and given up are events: true after a restart, and after old messages are deleted."""
    async with running(tmp_path) as room:
        task_id = await room.accepted()
        outbox = Outbox(room.database)
        for number in range(3):
            await tell(room.database, task_id, float(number))
            (message,) = await outbox.due(10.0, 10)
            await (outbox.give_up(message, "Gone.", 10.0) if number == 0 else outbox.delivered(message, 10.0))
        await outbox.purge(1e9)
        assert (await outbox.status(10.0)).failed == 0
        room.shown["outbox"] = STUCK
        lines = (await (await room.client.get("/metrics")).text()).splitlines()
        assert {
            "introeval_webhook_delivered_total 2.0",
            "introeval_webhook_failed_total 1.0",
            "introeval_webhook_pending 3.0",
            "introeval_webhook_oldest_seconds 720.0",
        } <= set(lines)
        room.shown["outbox"] = None
        text = await (await room.client.get("/metrics")).text()
        assert "introeval_webhook_pending" not in text
