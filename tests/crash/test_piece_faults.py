"""I/O errors in an upload in pieces, most of them heard by another request than the one whose bytes come.

Whoever asks how far an upload is makes what came so far durable. When that fails, it has failed for the writer too: no
byte is missing in what is accepted later, and a file whose sync failed is never synced again.
"""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiohttp
import pytest
from yarl import URL

from tests.crash.fault import CONTENT, QUIET, Fault, error, faulty, kept, on, rows
from tests.crash.lab import Lab, Nursery, lab
from tests.crash.pieces import begin, send_in_pieces
from tests.crash.watch import Call, Fail, Kill
from tests.web.tusing import VERSION, Line

pytestmark = pytest.mark.asyncio(loop_scope="module")

PART, FOLDER, LOG = "videos/*.part", "videos", "introeval.sqlite3-wal"
OFFSET = VERSION | {"Content-Type": "application/offset+octet-stream"}
WHOLE = CONTENT * 3
FULL, BROKEN = (507, "disk_full"), (503, "storage")


async def refusal(answer: aiohttp.ClientResponse) -> tuple[int, str]:
    """Status and code."""
    return answer.status, (await answer.json())["code"]


@asynccontextmanager
async def writing(http: aiohttp.ClientSession, made: Lab, path: str) -> AsyncIterator[Line]:
    """A request that announces all of ``WHOLE`` for this upload, and has sent its first 300 kB."""
    url = URL(made.url)
    line = Line(*await asyncio.open_connection(url.host, url.port))
    sent = OFFSET | {"Host": url.authority, "Upload-Offset": "0", "Content-Length": str(len(WHOLE))}
    head = [f"PATCH {path} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items())]
    await line.send("\r\n".join([*head, "", ""]).encode() + WHOLE[:300_000])
    try:
        yield line
    finally:
        line.abort()


async def asked_until(fault: Fault, http: aiohttp.ClientSession, path: str) -> tuple[int, str]:
    """Ask how far it is until the fault hits; what the one who asked then hears."""
    while True:
        async with http.get(path) as answer:
            if fault.hits:
                return await refusal(answer)


ASKED = {
    "no room": (on("write", PART), "ENOSPC", FULL),
    "an error when it is written": (on("write", PART), "EIO", BROKEN),
    "an error when it is synced": (on("fsync", PART), "EIO", BROKEN),
    "no room is found when it is synced": (on("fsync", PART), "ENOSPC", FULL),
    "an error when the folder is synced": (on("fsync", FOLDER), "EIO", BROKEN),
}


@pytest.mark.parametrize("name", ASKED)
async def test_what_fails_for_one_who_asks_fails_for_the_writer(
    nursery: Nursery, tmp_path: Path, name: str
) -> None:
    """The writer hears the same, though the disk works again; in the end the file has the bytes that were sent."""
    match, number, expected = ASKED[name]
    fault = Fault(match, error(number))
    async with faulty(nursery, tmp_path, fault) as made, made.http() as http:
        path, _ = await begin(http, "it", WHOLE)
        async with writing(http, made, path) as line:
            fault.armed = True
            assert await asked_until(fault, http, path) == expected
            await line.send(WHOLE[300_000:1_500_000])
            told = await line.answer()
            assert int(told.split()[1]) == expected[0], told
        gone = name != "no room"
        async with http.head(path, headers=VERSION) as answer:
            assert answer.status == (404 if gone else 200)
            assert answer.headers.get("Upload-Offset") == (None if gone else "0")
        if gone:
            assert kept(made) == {}
            assert rows(made, "SELECT id FROM uploads") == []
            assert made.watcher is not None
            own = f"videos/{path.rsplit('/', 1)[1]}.part"
            after = [call.name for call in made.watcher.calls[fault.hits[0].number :] if call.path == own]
            assert after == ["unlink"], "nothing but the removal happens to that file"
        task = await send_in_pieces(http, "it", WHOLE, {})
        assert kept(made) == {f"{task}.bin": WHOLE}
        assert await made.stop() == 0


async def test_a_failed_sync_is_not_tried_again(nursery: Nursery, tmp_path: Path) -> None:
    """At the writer's own checkpoint, in a long body: 503, no second sync, and its client begins anew."""
    content = CONTENT * 10
    fault = Fault(on("fsync", PART), error("EIO"))
    async with faulty(nursery, tmp_path, fault) as made, made.http() as http:
        path, _ = await begin(http, "it", content)
        fault.armed = True
        headers = OFFSET | {"Upload-Offset": "0"}
        async with http.patch(path, data=io.BytesIO(content), headers=headers) as answer:
            assert await refusal(answer) == BROKEN
        async with http.head(path, headers=VERSION) as answer:
            assert answer.status == 404
        assert made.watcher is not None
        failed = fault.hits[0]
        after = [call.name for call in made.watcher.calls[failed.number :] if call.path == failed.path]
        assert after == ["unlink"]
        assert kept(made) == {}


class Uncertain:
    """The commit that accepts is not synced, and nothing can be written over it. ``heals``: the second time it can.

    Whoever tries again is killed as soon as the file has lost the name that the uncertain row speaks of.
    """

    def __init__(self, heals: bool) -> None:
        self._heals = heals
        self._named = self._lost = False
        self.failed = 0

    def __call__(self, call: Call) -> Fail | Kill | None:
        if self._lost:
            return Kill()
        self._named = self._named or NAMED(call)
        self._lost = LOSES_ITS_NAME(call)
        late = WRITTEN(call) and (self.failed == 1 or not self._heals)
        if late if self.failed else self._named and SYNCED(call):
            self.failed += 1
            return error("EIO")
        return None


NAMED, LOSES_ITS_NAME = on("rename", "videos/*.bin"), on("rename", PART)
WRITTEN, SYNCED = on("pwrite64", LOG), on("fdatasync", LOG)


@pytest.mark.parametrize("heals", [True, False], ids=["healed", "until the crash"])
async def test_a_retry_after_an_uncertain_commit(nursery: Nursery, tmp_path: Path, heals: bool) -> None:
    """The row may be found after a crash: then its file is, whatever a second try has done meanwhile."""
    fault = Uncertain(heals)
    async with lab(nursery, tmp_path, **QUIET) as made:
        await made.start(fault)
        async with made.http() as http:
            path, _ = await begin(http, "it", CONTENT)
            headers = OFFSET | {"Upload-Offset": "0"}
            async with http.patch(path, data=io.BytesIO(CONTENT), headers=headers) as answer:
                assert (await refusal(answer))[0] == 503
            assert fault.failed == 2
            assert [Path(name).suffix for name in kept(made)] == [".bin"]
            with suppress(aiohttp.ClientError, ConnectionError):
                # Nobody answers where it is killed in the second try.
                assert (await http.head(path, headers=VERSION)).status == 503
        if not heals:
            assert [Path(name).suffix for name in kept(made)] == [".bin"]
        await made.kill()
        await made.start()
        for task in rows(made):
            assert kept(made)[f"{task}.bin"] == CONTENT, "a row without its file"
        async with made.http() as http:
            task = await send_in_pieces(http, "it", CONTENT, {})
        assert rows(made) == [task]
        assert kept(made) == {f"{task}.bin": CONTENT}
        assert await made.stop() == 0
