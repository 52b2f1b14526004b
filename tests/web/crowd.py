"""A crowd of clients on raw sockets, each of which does what the answers tell it. For tests and ``benchmarks.clients``.

Raw, because a library's client hides what is looked for here: a connection that is reset, or closed without an answer.
Every student tries until the work is accepted, waits as ``Retry-After`` says, and keeps its ``Idempotency-Key``.

The kinds: *plain* sends all and then reads; *polite* asks first (``Expect: 100-continue``); *slow* sends in small
pieces; *leaving* drops its first upload in mid body and comes back later; a *sloth* is no student: it sends half a
head, a byte at a time, for as long as it is let.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random

from tests.web.turns import Seconds, Time

LATER = {"408", "429", "503", "507"}
ANSWER_SECONDS = 300.0


class Kind(StrEnum):
    """See the module's text."""

    PLAIN = "plain"
    POLITE = "polite"
    SLOW = "slow"
    LEAVING = "leaving"
    SLOTH = "sloth"


@dataclass
class Tally:
    """What the crowd met with. ``rounds``: attempts that each student needed. ``ids``: submission by roll number."""

    ids: dict[str, str] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    waits: list[int] = field(default_factory=list)
    rounds: list[int] = field(default_factory=list)
    resets: list[str] = field(default_factory=list)
    cut_sloths: int = 0


@dataclass(frozen=True, kw_only=True)
class Crowd:
    """``files``: what is handed in. ``time``: what a second is to the clients; tests have ``Turns``.

    ``pieces``, ``pause`` (seconds): how a slow client sends. ``sources``: loopback addresses to come from, in turn.
    """

    host: str
    port: int
    files: tuple[tuple[str, bytes], ...]
    seed: int
    time: Time = field(default_factory=Seconds)
    pieces: int = 20
    pause: float = 0.5
    most_rounds: int = 50
    sources: tuple[str, ...] = ("127.0.0.1",)
    tally: Tally = field(default_factory=Tally)
    cut: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the first sloth was cut."""

    async def come(
        self,
        kinds: list[Kind],
        progress: Callable[[Tally], None] = lambda tally: None,
        until_cut: bool = False,
    ) -> Tally:
        """All at once; returns when every student has been accepted or has given up.

        ``until_cut``: not before the server has cut a sloth either, which it does when its own time has come.
        """
        sloths = [asyncio.create_task(self._sloth(at)) for at, kind in enumerate(kinds) if kind is Kind.SLOTH]
        students = [
            asyncio.create_task(self._student(at, kind))
            for at, kind in enumerate(kinds)
            if kind is not Kind.SLOTH
        ]
        pending = set(students)
        while pending:
            _, pending = await asyncio.wait(pending, timeout=10)
            progress(self.tally)
        if until_cut:
            await self.cut.wait()
        for sloth in sloths:
            sloth.cancel()
        await asyncio.gather(*sloths, return_exceptions=True)
        for student in students:
            student.result()
        return self.tally

    async def _student(self, at: int, kind: Kind) -> None:
        with self.time.student():
            await self._hand_in(at, kind)

    async def _hand_in(self, at: int, kind: Kind) -> None:
        roll, random = f"R-{at:05d}", Random(f"{self.seed}/{at}")
        for number in range(1, self.most_rounds + 1):
            leaves = kind is Kind.LEAVING and number == 1
            status, headers, body = await self._attempt(at, kind, roll, leaves)
            self.tally.answers[status] += 1
            if status in ("200", "201"):
                self.tally.rounds.append(number)
                self.tally.ids[roll] = _id(body)
                return
            if status in LATER:
                # 408 comes after one's own silence, and needs no time to come back.
                wait = int(headers.get("retry-after", "1") if status == "408" else headers["retry-after"])
                self.tally.waits.append(wait)
            elif status in ("left", "reset"):
                wait = random.randint(1, 10)
            else:
                raise AssertionError(f"{status}: {body!r}")
            await self.time.wait(wait)

    async def _attempt(
        self, at: int, kind: Kind, roll: str, leaves: bool
    ) -> tuple[str, dict[str, str], bytes]:
        source = self.sources[at % len(self.sources)]
        try:
            reader, writer = await asyncio.open_connection(self.host, self.port, local_addr=(source, 0))
        except OSError as error:
            self.tally.resets.append(f"connect: {error!r}")
            return "reset", {}, b""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self._talk(reader, writer, kind, *self.request(at, roll, kind), leaves)
        except (OSError, EOFError) as error:
            self.tally.resets.append(f"{kind}: {error!r}")
            return "reset", {}, b""
        finally:
            writer.close()

    async def _talk(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        kind: Kind,
        head: bytes,
        body: bytes,
        leaves: bool,
    ) -> tuple[str, dict[str, str], bytes]:
        writer.write(head)
        if leaves:
            writer.write(body[: len(body) // 2])
            await writer.drain()
            writer.transport.abort()
            return "left", {}, b""
        if kind is Kind.POLITE:
            status, headers, content = await answer(reader)
            if status != "100":
                return status, headers, content
        if kind is Kind.SLOW:
            step = len(body) // self.pieces + 1
            for begin in range(0, len(body), step):
                writer.write(body[begin : begin + step])
                await writer.drain()
                await self.time.wait(self.pause)
        else:
            # As many programs do: everything is written before the answer is looked at.
            writer.write(body)
            await writer.drain()
        return await answer(reader)

    def request(self, at: int, roll: str, kind: Kind) -> tuple[bytes, bytes]:
        """Head and body of one upload."""
        name, content = self.files[at % len(self.files)]
        digest = hashlib.sha256(content).hexdigest()
        fields = "".join(
            f'--BOUND\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'
            for field, value in (("roll_number", roll), ("name", f"Student {at}"), ("sha256", digest))
        )
        file = f'--BOUND\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        body = (fields + file).encode() + content + b"\r\n--BOUND--\r\n"
        expect = "Expect: 100-continue\r\n" if kind is Kind.POLITE else ""
        head = (
            f"POST /api/v1/submissions HTTP/1.1\r\nHost: {self.host}\r\nIdempotency-Key: {roll}-{digest[:16]}\r\n"
            f"Content-Type: multipart/form-data; boundary=BOUND\r\nContent-Length: {len(body)}\r\n"
            f"Connection: close\r\n{expect}\r\n"
        )
        return head.encode(), body

    async def _sloth(self, at: int) -> None:
        source = self.sources[at % len(self.sources)]
        while True:
            with suppress(OSError):
                reader, writer = await asyncio.open_connection(self.host, self.port, local_addr=(source, 0))
                try:
                    writer.write(b"POST /api/v1/submissions HTTP/1.1\r\nHost: x\r\nX-")
                    await self._dawdle(reader, writer)
                finally:
                    writer.close()
            self.tally.cut_sloths += 1
            self.cut.set()
            await self.time.idle(1)

    async def _dawdle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A byte a second, until the server has cut it or answered."""
        told = asyncio.create_task(reader.read(1))
        try:
            while not told.done():
                writer.write(b"a")
                await writer.drain()
                second = asyncio.create_task(self.time.idle(1))
                try:
                    await asyncio.wait([told, second], return_when=asyncio.FIRST_COMPLETED)
                finally:
                    second.cancel()
        finally:
            told.cancel()
            await asyncio.gather(told, return_exceptions=True)


async def answer(reader: asyncio.StreamReader) -> tuple[str, dict[str, str], bytes]:
    """One answer, whole. Raises ``OSError`` or ``EOFError`` when it does not come."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
    status = head[0].split()[1]
    body = b"" if status == "100" else await reader.readexactly(int(headers.get("content-length", "0")))
    return status, headers, body


def _id(body: bytes) -> str:
    return body.split(b'"id":"', 1)[1].split(b'"', 1)[0].decode()


def mixed(count: int, random: Random) -> list[Kind]:
    """So many clients: a tenth slow, a twentieth leaving, a twentieth sloths, the rest half plain, half polite."""
    kinds = [Kind.SLOW] * (count // 10) + [Kind.LEAVING] * (count // 20) + [Kind.SLOTH] * (count // 20)
    rest = count - len(kinds)
    kinds += [Kind.PLAIN] * (rest // 2) + [Kind.POLITE] * (rest - rest // 2)
    random.shuffle(kinds)
    return kinds
