"""The service that loses its power: the real web application and store, told what to do over its standard input.

``python -m tests.powercut.child STATE [MUTANT]``. It serves uploads on a free port of the loopback, and makes the
scheduler's transitions as it is told, one line of JSON each, answered by one line when the commit has returned.

The rules:

1. Production code writes everything; only what a video or a picture *is* is looked at more cheaply.
2. It knows nothing of the disks and the log: what was acknowledged is noted outside.
"""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

from introeval import logs
from introeval.web.context import UploadLimits
from scheduler.ports import Evaluation, Transcription
from scheduler.task import Phase
from scheduler.transitions import TaskEvent
from stt.transcript import Segment, TranscriptWriter
from tests.powercut.mutants import MUTANTS
from tests.web.exams import as_it_is
from tests.web.running import NotAVideoError, Room, running

_LIMITS = UploadLimits(reserve_bytes=0)
_ROOM_FOLDERS = ("audio", "transcripts")


async def main(state: Path) -> None:
    """Serve until told to stop."""
    async with running(state, _LIMITS, picture=as_it_is) as room:
        for name in _ROOM_FOLDERS:
            (state / name).mkdir(mode=0o700, exist_ok=True)
        await room.store.recover(time.time())
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
        )
        _say({"port": room.client.port})
        while line := await reader.readline():
            _say(await _obey(room, json.loads(line)))


def _say(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)


async def _obey(room: Room, order: dict[str, Any]) -> dict[str, Any]:
    now = time.time()
    if order["do"] == "batch":
        tasks = [await room.task(task_id) for task_id in order["ids"]]
        return {"batch": await room.store.close_batch(tasks, now)}
    if order["do"] == "phase":
        await room.store.set_phase(Phase(order["to"]), now)
        return {}
    task = await room.task(order["id"])
    match order["do"]:
        case "started":
            await room.store.start(task, now)
        case "transcribed":
            path = room.context.state_dir / "transcripts" / f"{task.id}.jsonl"
            result = await asyncio.to_thread(_transcript, path, order["count"])
            await room.store.transcribed(task, result, now)
        case "evaluated":
            await room.store.evaluated(task, _evaluation(order["count"]), now)
        case event:
            error = NotAVideoError("This file is not a video.")
            await room.store.unfinished(task, TaskEvent(event), error, now)
    return {}


def _transcript(path: Path, count: int) -> Transcription:
    with TranscriptWriter(path) as writer:
        for at in range(count):
            writer.append(Segment(float(at), at + 1.0, f"and then I said the words of sentence {at}"))
        writer.finish(float(count), "en", "whisper-tiny.en")
    return Transcription(
        transcript_path=str(path),
        media_seconds=float(count),
        compute_seconds=1.0,
        segments=count,
        language="en",
        model="whisper-tiny.en",
    )


def _evaluation(count: int) -> Evaluation:
    return Evaluation(
        score=float(count % 40),
        max_score=40.0,
        report={"sentences": [f"what was said of point {at}" for at in range(count)]},
        model="mistral:7b",
        server="mistral",
        prompt_hash="0" * 64,
        tokens_in=700,
        tokens_out=200,
        latency_ms=5200,
        raw_reply="a long reply " * count,
    )


if __name__ == "__main__":
    logs.configure("json", "error")
    if len(sys.argv) > 2:
        MUTANTS[sys.argv[2]].apply()
    asyncio.run(main(Path(sys.argv[1])))
