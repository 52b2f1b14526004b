"""Random bad weather for uploads in pieces: whatever breaks, each file arrives as it is, and becomes one submission.

``INTROEVAL_TUS_SEED`` replays a printed seed, ``INTROEVAL_TUS_UPLOADS`` says how many uploads weather it.
"""

import asyncio
import os
import random
import secrets
from pathlib import Path

from tests.web.bodies import stored
from tests.web.running import VIDEO, Room, running
from tests.web.tusing import Line, begun, head, patch

UPLOADS = int(os.environ.get("INTROEVAL_TUS_UPLOADS", "12"))


async def one(room: Room, number: int, weather: random.Random, hanging: list[Line]) -> tuple[bytes, str]:
    """A client that never gives up; the file, and its submission."""
    content = VIDEO + weather.randbytes(weather.randrange(400_000))
    path = await begun(room, len(content), roll_number=f"R-{number}")
    while True:
        asked = await head(room, path)
        if asked.status != 200:
            assert asked.status in (423, 503)
            continue
        if "Introeval-Submission" in asked.headers:
            return content, asked.headers["Introeval-Submission"]
        at = int(asked.headers["Upload-Offset"])
        await piece(room, path, content, at, weather, hanging)


async def piece(
    room: Room, path: str, content: bytes, at: int, weather: random.Random, hanging: list[Line]
) -> None:
    """One attempt of the client's, and what becomes of it."""
    size = weather.randrange(1, len(content) - at + 1)
    what = weather.choice(("sent", "whole", "goodbye", "reset", "hangs", "twice"))
    if what in ("sent", "whole"):
        answer = await patch(room, path, content[at:] if what == "whole" else content[at : at + size], at)
        assert answer.status in (204, 409, 423)
    elif what == "twice":
        both = (patch(room, path, content[at : at + size], at) for _ in range(2))
        assert {answer.status for answer in await asyncio.gather(*both)} <= {204, 409, 413, 423}
    else:
        line = await Line.patching(room, path, at, len(content) - at)
        await line.send(content[at : at + size])
        if what == "goodbye":
            await line.end()
        elif what == "reset":
            line.abort()
        else:
            # Nobody tells the server, and the next request is on another connection.
            hanging.append(line)


async def test_random_cuts(tmp_path: Path) -> None:
    """Several clients at once."""
    seed = int(os.environ.get("INTROEVAL_TUS_SEED", "0")) or secrets.randbits(32)
    print(f"seed {seed}")
    async with running(tmp_path) as room:
        hanging: list[Line] = []
        weather = [random.Random(seed + number) for number in range(UPLOADS)]
        arrived = await asyncio.gather(*(one(room, at, each, hanging) for at, each in enumerate(weather)))
        for line in hanging:
            line.abort()
        answer = await room.client.get("/api/v1/submissions?limit=200")
        assert (await answer.json())["total"] == UPLOADS
        assert len({submission for _, submission in arrived}) == UPLOADS
        for number, (content, submission) in enumerate(arrived):
            task = await room.task(submission)
            assert task.roll_number == f"R-{number}"
            assert (await asyncio.to_thread(stored, Path(task.video_path)))[0] == content
        assert len(room.files) == UPLOADS
