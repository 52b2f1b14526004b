"""A notebook as models may read it: words to the grader withheld, and nothing that could leave its place. Pure.

Rules:

1. What is addressed to the grader is replaced by a mark and kept for the teacher (``addressed``).
2. No tag, chat token or half of one stands in a line: a space follows each ``<`` that would open one. Code stays
   readable, and a line is still one line.
3. Lines that the assignment gave are known as such, and are nobody's own work.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from introeval.notebooks.addressed import WITHHELD, Addressed, screen_code, screen_output, screen_text
from introeval.notebooks.given import Given
from introeval.notebooks.notebook import Cell, CellKind, Notebook, OutputKind

_OPENING = re.compile(r"<(?=[\w/|!?<:])")
_CHAT = re.compile(r"\[(/?\s*(?:inst|sys|system|user|assistant)[^\]\n]{0,20})\]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ScreenedCell:
    """``lines``: its source, line for line; ``outputs``: the lines of each output; ``given``: which lines are not the
    student's own (from 1).
    """

    cell: Cell
    lines: tuple[str, ...]
    outputs: tuple[tuple[OutputKind, tuple[str, ...]], ...]
    given: frozenset[int]

    def own(self) -> tuple[str, ...]:
        """The student's own lines, without what was withheld."""
        kept = (line for at, line in enumerate(self.lines, 1) if at not in self.given)
        return tuple(line.replace(WITHHELD, " ") for line in kept)

    def withheld(self, first: int, last: int) -> bool:
        """Whether nothing of these lines was shown to a model."""
        shown = "\n".join(self.lines[first - 1 : last])
        return WITHHELD in shown and not re.search(r"\w", shown.replace(WITHHELD, ""))


@dataclass(frozen=True, slots=True)
class Screened:
    """All cells of a notebook, in their order, and the words to the grader that were found in them."""

    notebook: Notebook
    cells: tuple[ScreenedCell, ...]
    addressed: tuple[Addressed, ...]

    def cell(self, number: int) -> ScreenedCell:
        """The cell of this number."""
        return self.cells[number - 1]

    def of(self, kind: CellKind) -> tuple[ScreenedCell, ...]:
        """Those of one kind that are not empty."""
        return tuple(found for found in self.cells if found.cell.kind is kind and not found.cell.blank)


def screen(notebook: Notebook, given: Given) -> Screened:
    """Screen every cell."""
    found: list[Addressed] = []
    cells = tuple(_cell(cell, notebook.language, given, found) for cell in notebook.cells)
    return Screened(notebook, cells, tuple(found))


def safe(line: str) -> str:
    """A line that opens no tag and no turn. NFKC first: full-width signs become the ordinary ones."""
    return _CHAT.sub(r"(\1)", _OPENING.sub("< ", unicodedata.normalize("NFKC", line)))


def _cell(cell: Cell, language: str, given: Given, found: list[Addressed]) -> ScreenedCell:
    if cell.kind is CellKind.TEXT:
        shown, words = screen_text(cell.lines)
        copied = {at for at, line in enumerate(cell.lines, 1) if given.has_text(line)}
    else:
        shown, words = screen_code(cell.source, language)
        copied = {at for at, line in enumerate(cell.lines, 1) if given.has_code(line)}
    found.extend(Addressed(cell.number, line, said) for line, said in words)
    outputs = tuple(
        _output(cell, output.kind, output.text, [said for _, said in words], found) for output in cell.outputs
    )
    return ScreenedCell(cell, tuple(map(safe, shown)), outputs, frozenset(copied))


def _output(
    cell: Cell, kind: OutputKind, text: str, said: Sequence[str], found: list[Addressed]
) -> tuple[OutputKind, tuple[str, ...]]:
    shown, words = screen_output(text.split("\n"), said)
    found.extend(Addressed(cell.number, None, line) for line in words)
    return kind, tuple(map(safe, shown))
