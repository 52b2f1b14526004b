"""A notebook as grading sees it: numbered cells of plain text. Values; nothing here decides.

Cells are numbered from 1 as they stand in the file, empty ones included, and lines of a cell from 1: so that
``cell 4, lines 3 to 7`` is what the student finds when counting.
"""

from dataclasses import dataclass
from enum import StrEnum


class CellKind(StrEnum):
    """``TEXT`` is Markdown, and raw cells with it."""

    CODE = "code"
    TEXT = "text"


class OutputKind(StrEnum):
    """``REFERENCE``: something that is only named, such as ``[image/png, 12 kB]``."""

    PRINTED = "printed"
    ERROR = "error"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class Output:
    """What a code cell left behind, as plain text."""

    kind: OutputKind
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell. ``ran``: the file has a sign that it was executed. ``attachments``: references to what is pasted in.
    ``meant_to_fail``: its author has marked an error of it as wanted.
    """

    number: int
    kind: CellKind
    source: str
    outputs: tuple[Output, ...] = ()
    attachments: tuple[str, ...] = ()
    ran: bool = False
    meant_to_fail: bool = False

    @property
    def lines(self) -> tuple[str, ...]:
        """Its source, line by line."""
        return tuple(self.source.split("\n"))

    @property
    def blank(self) -> bool:
        return not self.source.strip()

    @property
    def failed(self) -> bool:
        """Its run ended with an error, which was not the point of it."""
        return self.raised and not self.meant_to_fail

    @property
    def raised(self) -> bool:
        """Its run ended with an error."""
        return any(output.kind is OutputKind.ERROR for output in self.outputs)


@dataclass(frozen=True, slots=True)
class Notebook:
    """A read notebook. ``language``: the kernel's, as the file names it, in lower case."""

    language: str
    cells: tuple[Cell, ...]

    def cell(self, number: int) -> Cell:
        """The cell of this number."""
        return self.cells[number - 1]

    @property
    def code(self) -> tuple[Cell, ...]:
        """The code cells that have code."""
        return tuple(cell for cell in self.cells if cell.kind is CellKind.CODE and not cell.blank)

    @property
    def text(self) -> tuple[Cell, ...]:
        """The text cells that have text."""
        return tuple(cell for cell in self.cells if cell.kind is CellKind.TEXT and not cell.blank)
