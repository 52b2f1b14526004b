"""``open_notebook``: a handed-in notebook, read in a confined child, as a value of plain, bounded text.

The daemon parses only what the child wrote: at most ``ANSWER_BYTES`` of our own JSON.
"""

import asyncio
import json
import os
import signal
from pathlib import Path
from typing import IO

from pydantic import TypeAdapter, ValidationError

from introeval.notebooks.errors import (
    BlankNotebookError,
    NoCellsError,
    NotANotebookError,
    NotebookReaderError,
    NotebookRejectedError,
    NotebookTooLargeError,
    NotJsonError,
)
from introeval.notebooks.notebook import Notebook
from stt.confine import Confinement
from stt.sandbox import run_confined
from stt.spawn import Finished, readable

MIB = 1024 * 1024
ANSWER_BYTES = 8 * MIB
"""A notebook as ``read_notebook`` cuts it has 600,000 characters at most, each of 6 bytes at most in JSON."""

MEMORY = 1024 * MIB
CPU_SECONDS = 15
"""The most that 16 MB took on a slow core was 3."""

SECONDS = 60.0

_REFUSALS: dict[str, type[NotebookRejectedError]] = {
    kind.code: kind
    for kind in (
        BlankNotebookError,
        NoCellsError,
        NotANotebookError,
        NotebookRejectedError,
        NotebookTooLargeError,
        NotJsonError,
    )
}
_NOTEBOOK = TypeAdapter(Notebook)


async def open_notebook(path: str | Path) -> Notebook:
    """The notebook at ``path``. Call it from the event loop's own thread.

    Raises a ``NotebookRejectedError`` that says what is wrong, or ``NotebookReaderError`` when nobody could tell.
    """
    limits = Confinement(os.getpid(), memory=MEMORY, cpu_seconds=CPU_SECONDS, file_bytes=0)
    command = ["-m", "introeval.notebook_child"]
    with await asyncio.to_thread(_open, Path(path)) as file:
        try:
            done = await run_confined(limits, command, stdin=file, seconds=SECONDS, stdout_bytes=ANSWER_BYTES)
        except OSError as error:
            raise NotebookReaderError(f"the notebook reader could not be started: {error}") from error
    return await asyncio.to_thread(_understand, done)


def _open(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except FileNotFoundError as error:
        raise NotebookRejectedError("The file of this notebook is gone; hand it in again.") from error
    except OSError as error:
        # No descriptor left, a disk that does not answer: that says nothing about the file.
        raise NotebookReaderError(f"the notebook could not be opened: {error}") from error


def _understand(done: Finished) -> Notebook:
    if done.timed_out:
        raise NotebookReaderError(f"a notebook was not read within {SECONDS:g} s; is the machine overloaded?")
    if done.returncode == -signal.SIGKILL:
        # Its own limits end it in other ways, so this machine had no memory left.
        raise NotebookReaderError("the notebook reader was killed; has the machine run out of memory?")
    if done.returncode < 0:
        raise NotebookTooLargeError(
            "This notebook takes more time or memory to read than any notebook should. Clear its outputs, save it, "
            "and hand it in again."
        )
    try:
        answer = json.loads(done.stdout)
        if "notebook" in answer:
            return _NOTEBOOK.validate_python(answer["notebook"])
        refused = _REFUSALS[answer["refused"]](readable(answer["message"]))
    except (ValueError, TypeError, KeyError, ValidationError) as error:
        raise NotebookReaderError(
            f"the notebook reader ended with {done.returncode} and no answer: {done.stderr[-300:]}"
        ) from error
    raise refused
