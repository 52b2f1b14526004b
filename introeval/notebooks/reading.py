"""``read_notebook``: the bytes of an ``.ipynb`` file to a ``Notebook``. Nothing of it is ever executed.

What is too long is cut with a mark that says so; what is no work at all is refused with a sentence for the student.
"""

import re
from dataclasses import replace
from itertools import islice
from typing import Any

from introeval.notebooks.errors import BlankNotebookError, NoCellsError, NotebookTooLargeError
from introeval.notebooks.jupyter import MEANT_TO_FAIL, valid_notebook
from introeval.notebooks.notebook import Cell, CellKind, Notebook
from introeval.notebooks.outputs import joined, read_outputs, references
from introeval.notebooks.plain import cut, plain

MAX_BYTES = 16_000_000
MAX_CELL_CHARS = 20_000
MAX_ATTACHMENTS = 20
"""Of one cell."""
MAX_CHARS = 300_000
"""Characters of all cells together, and of all outputs together."""

_ONE_WORD = re.compile(r"[a-z][\w.+#-]{0,15}", re.ASCII)
_LANGUAGES = {"ir": "r", "python2": "python", "python3": "python", "ipython": "python"}


def read_notebook(data: bytes) -> Notebook:
    """Raises a ``NotebookRejectedError`` that says what is wrong and what to do."""
    if len(data) > MAX_BYTES:
        raise NotebookTooLargeError(
            f"The notebook has {len(data) / 1e6:.0f} MB; at most {MAX_BYTES / 1e6:.0f} are read. Clear large outputs "
            "and pasted pictures, save it, and hand it in again."
        )
    raw, metadata = valid_notebook(data)
    cells = _within(tuple(_cell(number, item) for number, item in enumerate(raw, 1)))
    if not cells:
        raise NoCellsError("The notebook has no cells. Hand in the notebook with your work in it.")
    if all(cell.blank for cell in cells):
        raise BlankNotebookError(
            f"Every cell of the notebook is empty ({len(cells)} in all). Save your work first, then hand it in."
        )
    return Notebook(_language(metadata), cells)


def _within(cells: tuple[Cell, ...]) -> tuple[Cell, ...]:
    """The same, cut where the whole notebook has more than ``MAX_CHARS``."""
    kept, room, printed_room = [], MAX_CHARS, MAX_CHARS
    for cell in cells:
        source = cut(cell.source, room)
        outputs = tuple(replace(output, text=cut(output.text, printed_room)) for output in cell.outputs)
        room = max(0, room - len(source))
        printed_room = max(0, printed_room - sum(len(output.text) for output in outputs))
        kept.append(replace(cell, source=source, outputs=outputs))
    return tuple(kept)


def _cell(number: int, raw: dict[str, Any]) -> Cell:
    source = cut(plain(joined(raw.get("source"))), MAX_CELL_CHARS)
    if raw.get("cell_type") != "code":
        return Cell(number=number, kind=CellKind.TEXT, source=source, attachments=_attachments(raw))
    outputs = read_outputs(raw["outputs"])
    ran = bool(outputs) or raw["execution_count"] is not None
    return Cell(
        number=number,
        kind=CellKind.CODE,
        source=source,
        outputs=outputs,
        ran=ran,
        meant_to_fail=MEANT_TO_FAIL in raw["metadata"].get("tags", ()),
    )


def _attachments(raw: dict[str, Any]) -> tuple[str, ...]:
    pasted = raw.get("attachments")
    bundles = pasted.values() if isinstance(pasted, dict) else ()
    named = (name for bundle in bundles if isinstance(bundle, dict) for name in references(bundle))
    kept = tuple(islice(named, MAX_ATTACHMENTS))
    more = sum(1 for _ in named)
    return (*kept, f"[cut: {more} attachments]") if more else kept


def _language(metadata: dict[str, Any]) -> str:
    """As ``language_info`` or ``kernelspec`` names it, one word; "unknown" when neither does. A model reads it."""
    info, kernel = metadata.get("language_info"), metadata.get("kernelspec")
    named = [
        part.get(key)
        for part, key in ((info, "name"), (kernel, "language"), (kernel, "name"))
        if isinstance(part, dict)
    ]
    words = (_ONE_WORD.fullmatch(name.strip().lower()) for name in named if isinstance(name, str))
    word = next((match[0] for match in words if match), "unknown")
    return _LANGUAGES.get(word, word)
