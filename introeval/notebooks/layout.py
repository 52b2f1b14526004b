"""How a notebook stands in a prompt, and what of it fits. Pure.

Rules:

1. Every line of the student's begins with its number and a bar, or with ``>``: no line can look like a heading, the
   end of the data, or an instruction. Lines that begin with a bracket are ours.
2. What does not fit is cut evenly, outputs first, then long cells, in fixed steps: the same notebook is always cut the
   same. Each cut is marked. Only lines that were shown can be cited.
3. ``cost`` counts tokens from above, other than the client's estimate, so that no server cuts the prompt.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from introeval.notebooks.notebook import CellKind
from introeval.notebooks.screening import Screened, ScreenedCell

BUDGET = 4_500
"""Tokens of a notebook in a prompt, by ``cost``. With 1,500 for rubric and instructions, and a reply of 1,000 to 2,000,
it fits a context of 8,192.
"""
CODE_CHARS, TEXT_CHARS = 240, 2_000
"""Characters of a line: a paragraph is often one."""

_PIECES = re.compile(r"[A-Za-z]+|\s+|.", re.DOTALL)
_ALL = 1_000_000
_STEPS = ((_ALL, 1_200), (_ALL, 400), (120, 200), (60, 120), (30, 80), (15, 40), (6, 0), (2, 0))
"""Lines of a cell and characters of its outputs, from all to little."""
_PICTURES = 3
"""Of a cell: a model cannot look at them."""
_FEW = 4
"""Lines of a text cell beside code: enough to know what the code is for."""


@dataclass(frozen=True, slots=True)
class Layout:
    """``text``: the notebook as a prompt shows it. ``shown``: of each cell in it, the number of its last line that was
    shown. ``cut``: something was left out for its length.
    """

    text: str
    shown: dict[int, int]
    cut: bool


@dataclass(frozen=True, slots=True)
class _Room:
    """Lines of a code cell, lines of a text cell, characters of an output."""

    code: int
    text: int
    output: int


def cost(text: str) -> int:
    """Tokens that ``text`` has at most, about: a word has one for five letters begun, anything else one a character."""
    return sum(_cost(piece) for piece in _PIECES.findall(text))


def code_layout(screened: Screened, budget: int = BUDGET) -> Layout:
    """For the technical role: the code with its outputs, and the beginning of each text."""
    cells = [cell for cell in screened.cells if cell.cell.kind is CellKind.CODE or _own(cell)]
    return _fitting(
        [cell for cell in cells if not cell.cell.blank],
        [_Room(lines, _FEW, chars) for lines, chars in _STEPS],
        budget,
    )


def text_layout(screened: Screened, budget: int = BUDGET) -> Layout:
    """For the feedback role: the student's own text, without code, outputs, and what the assignment gave."""
    cells = [cell for cell in screened.of(CellKind.TEXT) if _own(cell)]
    return _fitting(cells, [_Room(0, lines, 0) for lines, _ in _STEPS], budget)


def _fitting(cells: Sequence[ScreenedCell], rooms: Sequence[_Room], budget: int) -> Layout:
    for room in rooms:
        blocks = [_block(cell, room) for cell in cells]
        if sum(map(cost, blocks)) <= budget:
            break
    left, count = budget, 0
    for block in blocks:
        left -= cost(block)
        if left < 0:
            break
        count += 1
    shown = {cell.cell.number: min(len(cell.lines), _lines_of(cell, room)) for cell in cells[:count]}
    missing = len(cells) - count
    parts = blocks[:count] + ([f"[cut: {missing} cells]"] if missing else [])
    return Layout("\n".join(parts), shown, cut=missing > 0 or room != rooms[0])


def _block(cell: ScreenedCell, room: _Room) -> str:
    number, kind = cell.cell.number, cell.cell.kind
    skipped = cell.given if kind is CellKind.TEXT else frozenset[int]()
    chars = CODE_CHARS if kind is CellKind.CODE else TEXT_CHARS
    most = _lines_of(cell, room)
    lines = [
        f"{at}| {_short(line, chars)}"
        for at, line in enumerate(cell.lines[:most], 1)
        if line.strip() and at not in skipped
    ]
    mark = [f"[cut: {len(cell.lines) - most} lines]"] if len(cell.lines) > most else []
    outputs = [
        part
        for output, text in cell.outputs
        if room.output
        for part in (f"[{output} of cell {number}]", *_output(text, room.output))
    ]
    return "\n".join([f"[cell {number}, {kind}]", *lines, *mark, *_pictures(cell.cell.attachments), *outputs])


def _pictures(named: Sequence[str]) -> list[str]:
    return [*named[:_PICTURES], *(["[cut: more attachments]"] if len(named) > _PICTURES else [])]


def _output(lines: Sequence[str], most: int) -> list[str]:
    text = "\n".join(lines)
    mark = [f"[cut: {len(text) - most} characters]"] if len(text) > most else []
    return [f"> {line}" for line in text[:most].split("\n")] + mark


def _lines_of(cell: ScreenedCell, room: _Room) -> int:
    return room.code if cell.cell.kind is CellKind.CODE else room.text


def _short(line: str, most: int) -> str:
    return line if len(line) <= most else f"{line[:most]} (cut: {len(line) - most} characters)"


def _own(cell: ScreenedCell) -> bool:
    return any(line.strip() for line in cell.own())


def _cost(piece: str) -> int:
    if piece[0].isascii():
        return 1 + len(piece) // 5 if piece[0].isalpha() else 1
    return 2
