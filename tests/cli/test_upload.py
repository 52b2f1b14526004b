"""Sending one file once, whatever the line and the daemon do: keys, "later", and cuts."""

import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st

from introeval.client import DaemonRefusedError, UnreachableError, connect
from introeval.client.upload import Entry, Patience, idempotency_key, send
from tests.cli.uploads import videos

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def accept(request: web.Request) -> web.StreamResponse:
    """As the daemon accepts."""
    await request.read()
    return web.json_response({"id": "t1"}, status=201)


def later(status: int, retry_after: str | None) -> Answer:
    """A refusal that is not final."""

    async def answer(request: web.Request) -> web.StreamResponse:
        await request.read()
        headers = {"Retry-After": retry_after} if retry_after else {}
        return web.json_response({"title": "t", "detail": "Later."}, status=status, headers=headers)

    return answer


async def cut(request: web.Request) -> web.StreamResponse:
    """The line breaks."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


class Script:
    """A server that gives the answers of a list, one for each upload; remembers keys and the client's pauses."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = list(answers)
        self.keys: list[str | None] = []
        self.pauses: list[float] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.keys.append(request.headers.get("Idempotency-Key"))
        return await self._answers.pop(0)(request)

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)

    async def serve(self, entry: Entry, patience: Patience | None = None) -> object:
        """Send ``entry`` to this script; returns the receipt or the error."""
        app = web.Application(client_max_size=1 << 30)
        app.router.add_post("/api/v1/submissions", self.handle)
        async with TestServer(app) as server, connect(str(server.make_url(""))) as api:
            try:
                return await send(api, entry, patience=patience, sleep=self.sleep)
            except (DaemonRefusedError, UnreachableError) as error:
                return error


async def test_retry_after_is_honoured(tmp_path: Path) -> None:
    """429 with a time: wait that long, then send the same key."""
    script = Script(later(429, "7"), later(503, "2.5"), accept)
    (entry,) = videos(tmp_path / "v", "a.mp4")
    receipt = await script.serve(entry)
    assert script.pauses == [7.0, 2.5]
    assert len(set(script.keys)) == 1
    assert getattr(receipt, "created", None) is True


async def test_patience_ends(tmp_path: Path) -> None:
    """A queue that stays full is a refusal with the daemon's reason."""
    script = Script(*[later(429, "50")] * 3)
    (entry,) = videos(tmp_path / "v", "a.mp4")
    error = await script.serve(entry, Patience(seconds=120))
    assert isinstance(error, DaemonRefusedError)
    assert (error.problem.status, str(error)) == (429, "Later.")
    assert script.pauses == [50.0, 50.0]


async def test_an_absurd_retry_after_is_the_default(tmp_path: Path) -> None:
    """A proxy's date, or nonsense, does not end the upload."""
    script = Script(later(429, "Fri, 31 Dec 2026 23:59:59 GMT"), accept)
    (entry,) = videos(tmp_path / "v", "a.mp4")
    await script.serve(entry)
    assert script.pauses == [5.0]


async def test_a_cut_is_tried_again_with_the_same_key(tmp_path: Path) -> None:
    """A broken line says nothing about whether the file arrived; the key makes another try safe."""
    script = Script(cut, cut, accept)
    (entry,) = videos(tmp_path / "v", "a.mp4")
    receipt = await script.serve(entry)
    assert getattr(receipt, "id", None) == "t1"
    assert script.pauses == [0.5, 1.0]
    assert len(set(script.keys)) == 1


async def test_a_dead_line_ends_in_an_error(tmp_path: Path) -> None:
    """After the last attempt the person is told."""
    script = Script(*[cut] * 5)
    (entry,) = videos(tmp_path / "v", "a.mp4")
    error = await script.serve(entry)
    assert isinstance(error, UnreachableError)
    assert script.pauses == [0.5, 1.0, 2.0, 4.0]


async def test_something_else_on_the_port_is_said(tmp_path: Path) -> None:
    """A web server that is not ours is not taken for a daemon."""

    async def page(request: web.Request) -> web.StreamResponse:
        await request.read()
        return web.Response(text="<h1>Welcome to nginx</h1>", content_type="text/html")

    (entry,) = videos(tmp_path / "v", "a.mp4")
    error = await Script(*[page] * 5).serve(entry)
    assert isinstance(error, UnreachableError)
    assert "is not introeval" in str(error)


@given(st.text(), st.text(), st.binary(), st.binary())
def test_keys_differ_when_roll_or_content_differ(roll: str, other: str, data: bytes, changed: bytes) -> None:
    """And are ASCII whatever the roll number holds."""
    digests = [hashlib.sha256(content).hexdigest() for content in (data, changed)]
    same = (roll, data) == (other, changed)
    keys = [idempotency_key(roll, digests[0]), idempotency_key(other, digests[1])]
    assert (keys[0] == keys[1]) is same
    assert keys[0].isascii()
    assert keys[0].isprintable()
