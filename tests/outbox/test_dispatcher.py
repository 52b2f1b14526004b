"""Delivery: at least once, in order per submission, and nobody waits for somebody else's failure."""

import asyncio
import sqlite3
from pathlib import Path

import pytest
from aiohttp import web
from standardwebhooks import Webhook

from db.database import FILE_NAME, Database
from db.outbox import Message, Outbox
from introeval.outbox.decision import Attempt
from introeval.outbox.dispatcher import ERROR_PAUSE_SECONDS
from introeval.outbox.sender import Sender
from tests.outbox.college import SECRET, Heard, college
from tests.outbox.rig import Rig, rig


async def test_a_message_arrives_signed(tmp_path: Path) -> None:
    """The library's own verifier takes it; what is told is what was written; it is marked once."""
    async with college() as school, rig(tmp_path, school) as made, made.sending():
        await made.tell("a")
        (heard,) = await school.has_heard(1)
        (row,) = await made.all_left()
        told = Webhook(SECRET).verify(heard.text, heard.headers)
        assert told["type"] == "submission.graded"
        assert (told["data"]["id"], told["data"]["score"]) == ("a", 5.0)
        assert heard.id == row["event_id"]
        assert heard.headers["Content-Type"] == "application/json"
        assert (row["attempts"], row["last_error"], row["gave_up_at"]) == (1, None, None)


async def test_messages_of_a_submission_keep_their_order(tmp_path: Path) -> None:
    """The second waits until the first has left, however often that fails; another submission's do not."""
    refused: list[Heard] = []

    def answer(heard: Heard) -> int:
        if heard.task == "a" and len(refused) < 2:
            refused.append(heard)
            return 422
        return 200

    async with college(answer) as school, rig(tmp_path, school) as made, made.sending():
        await made.tell("a", times=3)
        await made.tell("b", times=2)
        await made.until(lambda rows: sum(row["delivered_at"] is not None for row in rows) == 2)
        assert {(heard.task, heard.version) for heard in school.heard} == {("a", 1), ("b", 1), ("b", 2)}
        for _ in range(2):
            rows = await made.until(lambda rows: rows[0]["attempts"] == len(refused))
            made.clock.advance(rows[0]["next_at"] - made.clock.now())
            await school.has_heard(len(school.heard) + 1)
        await made.all_left()
        assert [heard.version for heard in school.heard if heard.task == "a"] == [1, 1, 1, 2, 3]
        assert [heard.version for heard in school.heard if heard.task == "b"] == [1, 2]
        assert len({heard.id for heard in school.heard if (heard.task, heard.version) == ("a", 1)}) == 1


async def test_a_repetition_is_signed_anew(tmp_path: Path) -> None:
    """Same id and body, another time: a receiver that refuses old signatures takes it."""
    async with college(lambda heard: 500) as school, rig(tmp_path, school) as made, made.sending():
        await made.tell("a")
        (row,) = await made.failed(1)
        school.answer = lambda heard: 200
        made.clock.advance(row["next_at"] - made.clock.now())
        first, second = await school.has_heard(2)
        assert (first.id, first.text) == (second.id, second.text)
        assert second.timestamp == int(made.clock.now()) > first.timestamp
        assert first.signature != second.signature
        assert second.signed_by(SECRET)


class Cut(Sender):
    """Dies, as the process would, between the receiver's answer and the mark."""

    def __init__(self, made: Rig) -> None:
        super().__init__(made.receiver(), made.clock)
        self.answered = asyncio.Event()

    async def send(self, message: Message) -> Attempt:
        attempt = await super().send(message)
        assert attempt.delivered
        self.answered.set()
        return await asyncio.Future()


async def test_a_crash_after_the_delivery_repeats_it_under_its_id(tmp_path: Path) -> None:
    """The tables close before the mark; the next process tells it again, and the receiver can know that."""
    async with college() as school:
        async with rig(tmp_path, school) as made:
            cut = Cut(made)
            async with made.sending(cut):
                await made.tell("a", times=2)
                await cut.answered.wait()
        async with Database.open(tmp_path) as reopened:
            made = Rig(reopened, school)
            async with made.sending():
                await made.all_left()
        assert [heard.version for heard in school.heard] == [1, 1, 2]
        assert school.heard[0].id == school.heard[1].id


async def test_what_cannot_be_marked_is_not_sent_again(tmp_path: Path) -> None:
    """A full disk after the delivery: the mark is repeated, the message is not."""
    async with college() as school, rig(tmp_path, school) as made:
        await made.tell("a")
        other = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
        other.execute(
            "CREATE TRIGGER full BEFORE UPDATE ON outbox BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
        )
        async with made.sending():
            await school.has_heard(1)
            await made.clock.waited_for(ERROR_PAUSE_SECONDS)
            other.execute("DROP TRIGGER full")
            other.close()
            made.clock.advance(ERROR_PAUSE_SECONDS)
            await made.all_left()
        assert len(school.heard) == 1


class Held(Outbox):
    """Reads what is due, and then takes its time."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.gate = asyncio.Event()
        self.read = asyncio.Event()

    async def due(self, now: float, most: int) -> list[Message]:
        found = await super().due(now, most)
        if len(found) == 2:
            self.read.set()
            await self.gate.wait()
        return found


async def test_what_leaves_during_a_read_is_not_sent_again(tmp_path: Path) -> None:
    """The read saw a message before its mark; it is not taken for one that still waits."""
    answered = asyncio.Event()

    async def later() -> web.Response:
        await answered.wait()
        return web.Response(status=200)

    def answer(heard: Heard) -> int | asyncio.Task[web.Response]:
        return asyncio.create_task(later()) if heard.task == "a" else 200

    async with college(answer) as school, rig(tmp_path, school) as made:
        held = made.outbox = Held(made.database)
        async with made.sending():
            await made.tell("a")
            await school.has_heard(1)
            await made.tell("b")
            await held.read.wait()
            (delivery,) = (task for task in asyncio.all_tasks() if task.get_name() == "webhook-1")
            answered.set()
            await asyncio.wait([delivery])
            assert made.rows()[0]["delivered_at"] is not None
            held.gate.set()
            await made.all_left()
        assert [heard.task for heard in school.heard] == ["a", "b"]


async def test_a_start_tries_everything_at_once(tmp_path: Path) -> None:
    """Whoever corrected the address sees at once whether it is right."""
    async with college(lambda heard: 404) as school, rig(tmp_path, school) as made:
        async with made.sending():
            await made.tell("a")
            await made.failed(1)
        school.answer = lambda heard: 200
        async with made.sending():
            (row,) = await made.all_left()
        assert row["delivered_at"] == made.clock.now()


@pytest.mark.parametrize(
    ("status", "headers", "error"),
    [
        (302, {"Location": "/elsewhere"}, "redirect"),
        (307, {"Location": "http://169.254.169.254/latest"}, "redirect"),
        (401, {}, "webhook.secret"),
        (500, {}, "answered 500"),
    ],
)
async def test_what_is_not_a_success_is_tried_again(
    tmp_path: Path, status: int, headers: dict[str, str], error: str
) -> None:
    """Redirects are not followed, whoever they name; the reason is kept."""

    def answer(heard: Heard) -> web.Response:
        return web.Response(status=status, headers=headers)

    async with college(answer) as school, rig(tmp_path, school) as made, made.sending():
        await made.tell("a")
        (row,) = await made.failed(1)
        assert error in row["last_error"]
        assert row["gave_up_at"] is None
        assert 3.75 <= row["next_at"] - made.clock.now() <= 6.25
        assert len(school.heard) == 1


async def test_gone_is_given_up(tmp_path: Path) -> None:
    """410: never again; the task's next message has its own try; the event says so."""
    async with college(lambda heard: 410) as school, rig(tmp_path, school) as made, made.sending():
        await made.tell("a", times=2)
        rows = await made.all_left()
        assert [row["gave_up_at"] is not None for row in rows] == [True, True]
        assert len(school.heard) == 2
        status = await made.outbox.status(made.clock.now())
        assert (status.pending, status.failed) == (0, 2)
        assert "410" in str(status.last_error)
        events = await made.database.all("task_events", {"id": "a"})
        assert [event["kind"] for event in events][-2:] == ["undelivered", "undelivered"]
