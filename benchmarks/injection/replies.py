"""Replies that outlive a kill: a file before the worker.

The rules:

1. A reply is kept under the weights, the prompt's hash and the sampling. What the detector leaves as it was costs
   nothing the next time, whatever else has changed.
2. One reply a line, synced before it is used; a line that a kill cut in two is left out.
"""

import json
import os
from collections.abc import Iterator, Set
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from benchmarks.notebook_ladder import Direct
from models.errors import ReplyError
from models.task import LLMTask
from models.worker import Generation, LanguageModelWorker
from scheduler.errors import NoServerError
from scheduler.ports import Progress, unwatched

T = TypeVar("T")

KEPT = (
    *("raw", "key", "stage", "prompt_hash", "server", "model"),
    *("tokens_in", "tokens_out", "latency_ms", "load_ms", "attempts"),
)


class KeptReplies(Direct):
    """``Asks`` on one worker, with a file before it. ``weights``: the model's name in the file."""

    def __init__(
        self, path: Path, weights: str, worker: LanguageModelWorker, *, kept_only: bool = False
    ) -> None:
        super().__init__(worker)
        self._path, self._weights, self._kept_only = path, weights, kept_only
        self._replies = {row["reply"]: row for row in _read(path)}

    async def run(
        self,
        task: LLMTask[T],
        *,
        task_id: str,
        progress: Progress = unwatched,
        servers: Set[str] | None = None,
    ) -> Generation[T]:
        """The kept reply, if its parser still takes it, or a new one.

        Raises as the worker does; ``NoServerError`` when there is none and nobody is to be asked.
        """
        name = f"{self._weights}/{task.prompt_hash}/{json.dumps(dict(task.options.sampling), sort_keys=True)}"
        row = self._replies.get(name)
        if row is not None:
            try:
                return Generation(
                    value=task.parse(row["raw"]), cached=True, **{key: row[key] for key in KEPT}
                )
            except ReplyError:
                pass  # an earlier version of the parser took it
        if self._kept_only:
            raise NoServerError("No reply is kept for this prompt. Run again without --kept-only.")
        generation = await super().run(task, task_id=task_id, progress=progress, servers=servers)
        row = {"reply": name, **{key: getattr(generation, key) for key in KEPT}}
        self._replies[name] = row
        _append(self._path, row)
        return generation


def _read(path: Path) -> Iterator[dict[str, Any]]:
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            continue


def _append(path: Path, row: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        if file.tell() and not _whole(file):
            file.write(b"\n")
        file.write(json.dumps(row, ensure_ascii=True).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _whole(file: BinaryIO) -> bool:
    """Whether the last line is ended."""
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"
