"""Recordings in the fault lab: children that misbehave before a good one comes, and a daemon that listens with them."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from stt.config import SpeechConfig
from stt.limits import MIB, MediaLimits
from stt.process import WatchLimits, child_command
from stt.protocol import ChildSettings
from stt.worker import STTBatchWorker
from tests.faults.lab import FaultLab, fault_lab
from tests.models.fake_ollama import FakeOllama
from tests.stt import children as do

WATCH = WatchLimits(load=60, silence=20, memory=1024 * MIB)
GROW = """
import ctypes
from stt.child import resident_bytes
kept = []
while True:
    kept.append(b'x' * 20_000_000)
    say('{"kind":"heartbeat","steps":%d,"rss":%d}' % (len(kept), resident_bytes()))
"""
"""Takes memory for real, and tells as the real child does."""


class Children:
    """Command lines of children: these first, then the real one. ``started``: how many there were."""

    def __init__(self, *first: list[str]) -> None:
        self._first = list(first)
        self.started = 0

    def __call__(self, settings: ChildSettings) -> list[str]:
        self.started += 1
        return self._first.pop(0) if self._first else child_command(settings)


def loads(*lines: str) -> list[str]:
    """A child that loads, gets its job, and does this."""
    return do.program(do.LOADED, do.READ, *lines)


SPEAKS = (
    """say('{"kind":"heard","segment":{"start":0,"end":4,"text":"My name is Maya Torres","words":[]}}')"""
)
WELL = do.program(do.LOADED, f"while {do.READ}: {SPEAKS}; {do.DONE}")
"""A child that does its work, again and again, in a fiftieth of the real one's time."""


@asynccontextmanager
async def listening_lab(
    root: Path, model: Path, server: FakeOllama, children: Children, watch: WatchLimits = WATCH, **limits: Any
) -> AsyncIterator[FaultLab]:
    """A daemon that listens with these children, within these limits; at the end no child and no sound is left."""
    speech = SpeechConfig(
        model_name=model.name,
        model_dir=model,
        work_dir=root / "state" / "audio",
        transcript_dir=root / "state" / "transcripts",
        residency="exclusive",
        device="cpu",
        threads=1,
        watch=watch,
        media=MediaLimits(**limits),
    )
    worker = STTBatchWorker(speech, children)
    batch = {"size": 1, "age_seconds": 0.0}
    async with fault_lab(root, server, transcriber=worker, batch=batch) as lab:
        yield lab
    assert worker.pids == ()
    assert not [*speech.work_dir.iterdir()]


async def hand_in(lab: FaultLab, video: Path, roll: str = "R1") -> tuple[int, dict[str, Any]]:
    """A student's recording; the answer's status and body."""
    form = aiohttp.FormData({"roll_number": roll, "name": "A Student"})
    form.add_field("file", await asyncio.to_thread(video.read_bytes), filename=video.name)
    async with lab.http.post("/api/v1/submissions", data=form) as answer:
        body = dict(await answer.json())
    if answer.status == 201:
        lab.accepted.append(str(body["id"]))
    return answer.status, body


async def accepted(lab: FaultLab, video: Path, roll: str = "R1") -> str:
    """As ``hand_in``, of what is to be accepted; its id."""
    status, body = await hand_in(lab, video, roll)
    assert status == 201, body
    return str(body["id"])


async def shown(lab: FaultLab, task_id: str) -> tuple[dict[str, Any], str]:
    """The submission as a program and as a person sees it; the person's page without its markup."""
    page = re.sub(r"<[^>]+>|\s+", " ", await lab.page(f"/s/{task_id}"))
    return await lab.get(f"/api/v1/submissions/{task_id}"), page


def running(command: str) -> list[str]:
    """Processes with this command line."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = place.read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue
        found += [words] if words == command else []
    return found
