"""Clients that we did not write: tuspy, aiotus (PyPI) and tus-js-client (npm), over a real line that breaks.

Each hands a file in, is cut in the middle, goes on at the stored offset, does so in parallel, and says hostile things.
"""

import asyncio
import hashlib
import json
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiotus
import pytest
from tusclient.client import TusClient

from introeval.paths import default_cache_dir
from tests.web.badline import BadLine
from tests.web.bodies import stored
from tests.web.running import VIDEO, Room, running
from tests.web.tusing import FILES, until_stored

LOCKED = Path(__file__).with_name("tusjs")
CONTENT = VIDEO + bytes(range(256)) * 10_000
MIDDLE = len(CONTENT) // 2
FIELDS = {"filename": "intro.mp4", "roll_number": "R-17", "name": "Asha Rao"}
HOSTILE = {
    "filename": "../../../../etc/passwd\x00.mp4",
    "filetype": "text/html",
    "../x": "y",
    "path": "/etc/shadow",
}

Send = Callable[[str, Path, Mapping[str, str]], Awaitable[None]]


async def with_tuspy(url: str, file: Path, metadata: Mapping[str, str]) -> None:
    """tuspy, in a thread of its own."""
    # By its path it would open the file once a piece, and never close it.
    with file.open("rb") as opened:
        uploader = TusClient(url).uploader(
            file_stream=opened, chunk_size=900_000, metadata=dict(metadata), retries=3, retry_delay=0
        )
        await asyncio.to_thread(uploader.upload)


async def with_aiotus(url: str, file: Path, metadata: Mapping[str, str]) -> None:
    """aiotus."""
    values: dict[str, bytes | None] = {name: value.encode() for name, value in metadata.items()}
    with file.open("rb") as opened:
        location = await aiotus.upload(url, opened, values, chunksize=900_000)
    assert location is not None
    told = await aiotus.metadata(location)
    assert told == values


async def with_tus_js(url: str, file: Path, metadata: Mapping[str, str], **more: Any) -> None:
    """tus-js-client, in a process of its own."""
    said = await node(endpoint=url, file=str(file), metadata=dict(metadata), **more)
    assert (said["error"], bool(said["submission"])) == (None, True)


async def node(**given: Any) -> dict[str, Any]:
    """Run ``upload.mjs``; what it says."""
    process = await asyncio.create_subprocess_exec(
        "node",
        str(LOCKED / "upload.mjs"),
        json.dumps(given),
        cwd=await asyncio.to_thread(packages),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    said: dict[str, Any] = json.loads(out.splitlines()[-1])
    return said


def packages() -> Path:
    """The folder with the packages of the lock file; installed once. Skips the test when they are not to be had."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("node and npm are not installed, so tus-js-client was not tried")
    lock = (LOCKED / "package-lock.json").read_bytes()
    cache = Path(os.environ.get("INTROEVAL_CACHE_DIR") or default_cache_dir(os.environ))
    folder = cache / "tests" / f"tusjs-{hashlib.sha256(lock).hexdigest()[:12]}"
    if not (folder / "installed").exists():
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(LOCKED / name, folder / name)
        npm = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--omit=optional"]
        if os.spawnvpe(os.P_WAIT, "npm", [*npm, "--silent", "--prefix", str(folder)], dict(os.environ)) != 0:
            pytest.skip("npm could not install tus-js-client (no network?), so it was not tried")
        (folder / "installed").touch()
    return folder


@asynccontextmanager
async def bad_line(room: Room, cut_after: int) -> AsyncIterator[BadLine]:
    """A line to the room's server, which breaks when most of what went up has arrived."""

    async def arrived() -> None:
        (upload,) = await room.context.uploads.open()
        await until_stored(room, FILES + upload.id, cut_after - 100_000)

    url = room.client.make_url("/")
    assert url.host is not None
    assert url.port is not None
    async with BadLine.before(url.host, url.port, cut_after, arrived) as line:
        yield line


async def only_file(room: Room) -> bytes:
    """The bytes of the one submission."""
    answer = await room.client.get("/api/v1/submissions")
    (item,) = (await answer.json())["items"]
    task = await room.task(item["id"])
    assert room.files == [f"{task.id}.bin"]
    return (await asyncio.to_thread(stored, Path(task.video_path)))[0]


def names(folder: Path) -> list[str]:
    """What lies in a folder."""
    return sorted(path.name for path in folder.iterdir())


def written(folder: Path, content: bytes, name: str = "clip.mp4") -> Path:
    """A file to send."""
    path = folder / name
    path.write_bytes(content)
    return path


CLIENTS = [
    pytest.param(with_tuspy, id="tuspy"),
    pytest.param(with_aiotus, id="aiotus"),
    pytest.param(with_tus_js, id="tus-js-client"),
]


@pytest.mark.parametrize("send", CLIENTS)
async def test_cut_and_resumed_at_the_stored_offset(tmp_path: Path, send: Send) -> None:
    """The line breaks in the middle; the client goes on there, and sends hardly a byte twice."""
    async with running(tmp_path / "state") as room, bad_line(room, MIDDLE) as line:
        await send(line.url + FILES, written(tmp_path, CONTENT), FIELDS)
        assert await only_file(room) == CONTENT
        assert line.cuts == 1
        # Heads of requests, and at most what aiohttp's reader holds when the line breaks.
        assert len(CONTENT) <= line.up < len(CONTENT) + 300_000


@pytest.mark.parametrize("send", CLIENTS)
async def test_in_parallel(tmp_path: Path, send: Send) -> None:
    """Several at once, each its own file."""
    contents = [CONTENT[: 700_000 + number] for number in range(4)]
    async with running(tmp_path / "state") as room:
        url = str(room.client.make_url(FILES))
        files = [written(tmp_path, content, f"{number}.mp4") for number, content in enumerate(contents)]
        rolls = [FIELDS | {"roll_number": f"R-{number}"} for number in range(4)]
        await asyncio.gather(*(send(url, file, fields) for file, fields in zip(files, rolls, strict=True)))
        answer = await room.client.get("/api/v1/submissions")
        tasks = [await room.task(item["id"]) for item in (await answer.json())["items"]]
        found = {task.roll_number: stored(Path(task.video_path))[0] for task in tasks}
        assert found == {f"R-{number}": content for number, content in enumerate(contents)}


@pytest.mark.parametrize("send", CLIENTS)
async def test_hostile_metadata(tmp_path: Path, send: Send) -> None:
    """Names that mean something to a file system change nothing on it."""
    async with running(tmp_path / "state") as room:
        await send(str(room.client.make_url(FILES)), written(tmp_path, VIDEO), FIELDS | HOSTILE)
        assert await only_file(room) == VIDEO
        assert names(tmp_path) == ["clip.mp4", "state"]
        answer = await room.client.get("/api/v1/submissions")
        task = await room.task((await answer.json())["items"][0]["id"])
        assert task.file_name == "passwd.mp4"


async def test_tus_js_in_another_process(tmp_path: Path) -> None:
    """One process is stopped between two pieces; the next one asks for the offset and goes on there."""
    async with running(tmp_path / "state") as room:
        given = {
            "endpoint": str(room.client.make_url(FILES)),
            "file": str(written(tmp_path, CONTENT)),
            "metadata": FIELDS,
            "chunkSize": 600_000,
        }
        first = await node(**given, cutAfter=1_200_000)
        assert (first["submission"], first["error"]) == (None, None)
        second = await node(**given, uploadUrl=first["url"])
        assert second["offsets"][0] >= 1_200_000
        assert second["submission"]
        assert await only_file(room) == CONTENT


async def test_tus_js_with_creation(tmp_path: Path) -> None:
    """A whole file in the request that creates its upload; and a refusal with its reason."""
    async with running(tmp_path / "state") as room:
        url = str(room.client.make_url(FILES))
        await with_tus_js(url, written(tmp_path, VIDEO), FIELDS, withCreation=True)
        refused = await node(
            endpoint=url,
            file=str(written(tmp_path, b"no video", "n.mp4")),
            metadata=FIELDS,
            withCreation=True,
        )
        assert json.loads(refused["error"])["code"] == "not_a_video"
        assert await only_file(room) == VIDEO
