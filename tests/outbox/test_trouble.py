"""A receiver that is dead, slow, busy or hostile: what waits, who pauses, what is given up."""

import asyncio
import sqlite3
from pathlib import Path

from aiohttp import web

from introeval.outbox.breaker import ReceiverBreaker
from introeval.outbox.decision import Patience
from introeval.outbox.sender import Sender
from tests.outbox.college import Heard, college
from tests.outbox.rig import DAY, Rig, rig

NAMES = tuple("cdefgh")


async def eight(made: Rig) -> None:
    """Results of eight submissions."""
    await made.accept(*NAMES)
    for name in ("a", "b", *NAMES):
        await made.tell(name)


async def first_round(made: Rig) -> list[sqlite3.Row]:
    """Nobody is there: four set out, and the rest is not tried."""
    rows = await made.failed(4)
    assert [row["attempts"] for row in rows] == [1, 1, 1, 1, 0, 0, 0, 0]
    return rows


async def test_a_dead_receiver_is_found_when_it_is_back(tmp_path: Path) -> None:
    """One trial after each pause, though the messages' own are hours; the first that arrives brings all others."""
    async with college() as school, rig(tmp_path, school) as made:
        await school.close()
        await made.accept("c")
        for name in "abc":
            await made.tell(name)
        breaker = ReceiverBreaker()
        async with made.sending(breaker=breaker):
            for tries in range(3, 20):
                rows = await made.failed(tries)
                assert breaker.paused_until - made.clock.now() <= 375
                made.clock.advance(breaker.paused_until - made.clock.now())
            rows = await made.failed(20)
            assert "cannot be reached" in rows[0]["last_error"]
            assert [row["attempts"] for row in rows] == [7, 7, 6]
            await school.open()
            made.clock.advance(breaker.paused_until - made.clock.now())
            assert min(row["next_at"] for row in rows) > made.clock.now() + 1000
            rows = await made.all_left()
        assert {row["delivered_at"] for row in rows} == {made.clock.now()}
        assert sorted(heard.task for heard in school.heard) == ["a", "b", "c"]
        assert not breaker.outage


async def test_a_clock_that_is_set_back_holds_nothing_up(tmp_path: Path) -> None:
    """It said 2036 while the receiver was away; at the end of the pause that was under way everything is due again."""
    async with college() as school, rig(tmp_path, school) as made:
        await school.close()
        made.clock.set_on(10 * 365 * DAY)
        await made.accept("c")
        for name in "abc":
            await made.tell(name)
        breaker = ReceiverBreaker()
        async with made.sending(breaker=breaker):
            await made.failed(3)
            pause = breaker.paused_until - made.clock.now()
            await made.clock.waited_for(pause)
            await school.open()
            made.clock.set_on(-10 * 365 * DAY)
            made.clock.advance(pause)
            rows = await made.all_left()
        assert {row["delivered_at"] for row in rows} == {made.clock.now()}


async def test_only_a_trial_goes_during_an_outage(tmp_path: Path) -> None:
    """Of eight messages four set out before it is known; then one after each pause."""
    async with college() as school, rig(tmp_path, school) as made:
        await school.close()
        await eight(made)
        breaker = ReceiverBreaker()
        async with made.sending(breaker=breaker):
            await first_round(made)
            for tries in (5, 6, 7):
                made.clock.advance(breaker.paused_until - made.clock.now())
                rows = await made.failed(tries)
            assert [row["attempts"] for row in rows] == [1] * 7 + [0]
            await school.open()
            made.clock.advance(breaker.paused_until - made.clock.now())
            await made.all_left()
        assert school.heard[0].task == NAMES[-1]
        assert sorted(heard.task for heard in school.heard) == ["a", "b", *NAMES]


async def test_a_hopeless_outage_gives_up_what_is_too_old(tmp_path: Path) -> None:
    """After three days one trial speaks for all; a message of that moment is still tried."""
    async with college() as school, rig(tmp_path, school) as made:
        await school.close()
        await eight(made)
        breaker = ReceiverBreaker()
        async with made.sending(breaker=breaker):
            await first_round(made)
            made.clock.advance(3 * DAY + 1)
            await made.tell("a", status="graded again")
            rows = await made.until(lambda rows: sum(row["gave_up_at"] is not None for row in rows) == 8)
            assert rows[-1]["gave_up_at"] is None
            assert all("cannot be reached" in row["last_error"] for row in rows[:-1])
            status = await made.outbox.status(made.clock.now())
            assert (status.pending, status.failed, status.oldest_seconds) == (1, 8, 0.0)


async def test_a_message_has_its_tries_and_is_then_given_up(tmp_path: Path) -> None:
    """The last one when it is three days old; its reason stays visible."""
    async with college(lambda heard: 400) as school, rig(tmp_path, school) as made:
        async with made.sending(patience=Patience()):
            await made.tell("a")
            born = made.clock.now()
            (row,) = await made.failed(1)
            while row["gave_up_at"] is None:
                made.clock.advance(row["next_at"] - made.clock.now())
                (row,) = await made.failed(row["attempts"] + 1)
        assert row["gave_up_at"] == made.clock.now() == born + 3 * DAY
        assert row["last_error"] == "The receiver answered 400. Given up after 3 days."
        assert len({heard.id for heard in school.heard}) == 1
        pauses = [b.timestamp - a.timestamp for a, b in zip(school.heard, school.heard[1:], strict=False)]
        assert pauses[:7] == sorted(pauses[:7])
        assert len(pauses) == row["attempts"] - 1


async def hang() -> web.Response:
    """An answer that never comes."""
    return await asyncio.Future()


async def test_a_hanging_receiver_delays_nobody_else(tmp_path: Path) -> None:
    """While one submission's message hangs, the other's is delivered."""

    def answer(heard: Heard) -> int | asyncio.Task[web.Response]:
        return asyncio.create_task(hang()) if heard.task == "a" else 200

    async with college(answer) as school, rig(tmp_path, school) as made, made.sending():
        await made.tell("a")
        await school.has_heard(1)
        await made.tell("b")
        rows = await made.until(lambda rows: rows[1]["delivered_at"] is not None)
        assert (rows[0]["attempts"], rows[0]["last_error"]) == (0, None)


async def test_a_hanging_receiver_is_given_its_time(tmp_path: Path) -> None:
    """Then the try has failed, and says why."""
    async with college(lambda heard: asyncio.create_task(hang())) as school, rig(tmp_path, school) as made:
        async with made.sending(Sender(made.receiver(timeout_seconds=0.05), made.clock)):
            await made.tell("a")
            (row,) = await made.failed(1)
        assert row["last_error"] == "The receiver did not answer in time."


async def test_too_many_requests_pause_everything(tmp_path: Path) -> None:
    """429 with Retry-After is obeyed for the whole receiver; then both go."""

    def answer(heard: Heard) -> web.Response:
        return web.Response(status=429, headers={"Retry-After": "120"})

    breaker = ReceiverBreaker()
    async with college(answer) as school, rig(tmp_path, school) as made, made.sending(breaker=breaker):
        await made.tell("a")
        (row,) = await made.failed(1)
        assert row["next_at"] == made.clock.now() + 120
        await made.tell("b")
        await made.clock.waited_for(120.0)
        assert len(school.heard) == 1
        school.answer = lambda heard: 200
        made.clock.advance(119.0)
        await made.clock.waited_for(1.0)
        assert len(school.heard) == 1
        made.clock.advance(1.0)
        await made.all_left()
        assert len(school.heard) == 3


async def test_service_unavailable_waits_as_long_as_it_says(tmp_path: Path) -> None:
    """503 with Retry-After moves its own message's next try, and nobody else's."""

    def answer(heard: Heard) -> web.Response:
        busy = heard.task == "a"
        return web.Response(status=503 if busy else 200, headers={"Retry-After": "3600"})

    async with college(answer) as school, rig(tmp_path, school) as made, made.sending():
        await made.tell("a")
        await made.tell("b")
        rows = await made.until(lambda rows: bool(rows[0]["last_error"] and rows[1]["delivered_at"]))
        assert rows[0]["next_at"] == made.clock.now() + 3600


async def test_who_speaks_no_http_is_an_error_like_others(tmp_path: Path) -> None:
    """Garbage, a cut connection and an endless header break nothing; each message keeps its reason."""
    garbage = iter([b"SSH-2.0-OpenSSH_9.6\r\n", b"", b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000])

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(next(garbage))
        writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    async with college() as school, rig(tmp_path, school) as made, server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        async with made.sending(Sender(made.receiver(url=url), made.clock)):
            await made.tell("a")
            for tries in (1, 2, 3):
                (row,) = await made.failed(tries)
                assert "did not speak HTTP" in row["last_error"]
                made.clock.advance(row["next_at"] - made.clock.now())


async def test_an_endless_answer_is_not_read(tmp_path: Path) -> None:
    """The status counts; what follows could be a terabyte."""
    cut = asyncio.Event()

    async def pour(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * 65536)
        finally:
            cut.set()

    app = web.Application()

    async def handle(request: web.Request) -> web.StreamResponse:
        await request.read()
        return await pour(request)

    app.router.add_post("/hooks", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    async with college() as school, rig(tmp_path, school) as made:
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/hooks"
        async with made.sending(Sender(made.receiver(url=url), made.clock)):
            await made.tell("a")
            (row,) = await made.all_left()
            assert row["delivered_at"] is not None
            await cut.wait()
    await runner.cleanup()
