"""Fifty strings that nothing else contains, and those who speak them."""

import base64
import hashlib
import itertools
import json
from pathlib import Path
from typing import Any

from introeval.clock import SystemClock
from scheduler.ports import Progress, Transcription
from scheduler.task import Task
from stt.transcript import Segment, TranscriptWriter
from tests.assignments.values import sample

DAY = 86400.0
EXAM = json.loads(sample("pages").model_dump_json(exclude={"version"}))


def canary(channel: str, number: int = 0) -> str:
    """One of them: letters only, so that no encoding changes it and a tokeniser's rule takes it for one word."""
    seed = hashlib.sha256(f"{channel}/{number}".encode()).digest()[:8]
    return "cnry" + "".join(chr(ord("a") + byte % 26) for byte in seed)


CHANNELS = {
    "name": 9, "roll": 9, "file name": 9, "key": 4, "video": 2, "spoken": 6, "reply": 2, "notebook": 2,
    "page image name": 2, "session title": 2, "question": 2, "page text": 2,
}  # fmt: skip
CANARIES = {f"{channel} {n}": canary(channel, n) for channel, count in CHANNELS.items() for n in range(count)}


class LaterClock(SystemClock):
    """The machine's clock, which can be put forward: the machine ran meanwhile."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> float:
        return super().now() + self.ahead

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead


class Hears:
    """A ``Transcriber`` that hears canaries, and writes them down as Whisper's worker does."""

    slots, model = 1, "whisper-canary"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._heard = 0

    async def enter(self) -> None:
        """Ready."""

    async def leave(self) -> None:
        """Gone."""

    async def close(self) -> None:
        """Ended."""

    async def prepare(self, task: Task) -> None:
        """Nothing to extract."""

    async def forget(self, task_id: str) -> None:
        """Nothing was extracted."""

    async def transcribe(self, task: Task, progress: Progress) -> Transcription:
        """Two canaries in forty words."""
        words = [CANARIES[f"spoken {(self._heard + n) % 6}"] for n in range(2)]
        self._heard += 2
        path = self._folder / f"{task.id}.jsonl"
        with TranscriptWriter(path) as writer:
            for at in range(4):
                said = f"My name is {words[at % 2]} and I study engineering because I like to build things."
                writer.append(Segment(start=at * 5.0, end=at * 5.0 + 4, text=said))
            writer.finish(20.0, "en", self.model)
        return Transcription(
            transcript_path=str(path), media_seconds=20.0, compute_seconds=1.0, segments=4, language="en",
            model=self.model,
        )  # fmt: skip


_TURN = itertools.count()


def reply(body: dict[str, Any]) -> str:
    """A reply that fits, with a canary in every text that is free: this one and that one in turn."""
    number = next(_TURN) % 2
    word = CANARIES[f"page text {number}" if body.get("images") else f"reply {number}"]
    return json.dumps(_filled(body["format"], f"So it is, {word}: a, b, c, d, e, f."))


def _filled(schema: dict[str, Any], text: str) -> Any:
    if "enum" in schema:
        return schema["enum"][-1]
    match schema["type"]:
        case "object":
            return {name: _filled(part, text) for name, part in schema["properties"].items()}
        case "array":
            return [_filled(schema["items"], text)] * max(1, int(schema.get("minItems", 0)))
        case "integer" | "number":
            return schema.get("minimum", 1)
        case _:
            return text[: schema.get("maxLength", len(text))]


def disguised(word: str) -> list[str]:
    """How a word looks in base64, wherever it begins."""
    forms = []
    for before in range(3):
        encoded = base64.b64encode(b"." * before + word.encode()).decode()
        forms.append(encoded[4:-4])
    return forms
