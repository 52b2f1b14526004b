"""What can be counted in a notebook, whatever a model says. Pure.

Own code is what is left of the code cells without comments, imports, empty bodies (``pass``, ``...``, ``TODO``), lines
of nothing but brackets, lines that the assignment gave, and what was addressed to the grader. Own words are those of
the text cells, less what was copied from the assignment.
"""

import re
from dataclasses import dataclass

from introeval.grading.speech import count_words
from introeval.notebooks.addressed import WITHHELD
from introeval.notebooks.given import Given, english
from introeval.notebooks.notebook import CellKind, OutputKind
from introeval.notebooks.screening import Screened
from introeval.notebooks.spans import code_only

MAX_LINE = 400

_HOLLOW = re.compile(
    r"[\W\d_]*|%.*|!.*|(?:from\s.+)?import\b.*|using\s.+|(?:library|require|suppressPackageStartupMessages)\s*\(.*"
    r"|pass|return(?:\s*\(?(?:None|NULL)?\)?)|raise NotImplementedError\b.*|stop\(.*(?:implement|todo).*|todo\b.*"
    r"|.*=\s*(?:None|NULL|\.\.\.)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """``failed``: the numbers of the cells whose run ended with an error; ``meant``: of those where that was wanted, as
    the student has marked them. ``topic``: the share of the assignment's
    terms that the student's own work has, or ``None`` when that says nothing; ``alike``: it has the assignment's
    language, as far as we can tell (both are English). ``missing``: of the names that the
    assignment asks for (``asked`` in number), those that are nowhere in the code.
    """

    code_cells: int
    ran: int
    with_output: int
    failed: tuple[int, ...]
    meant: tuple[int, ...] = ()
    own_lines: int
    own_words: int
    topic: float | None
    alike: bool
    asked: int
    missing: tuple[str, ...]


def count(screened: Screened, given: Given) -> Counts:
    """Count in one notebook."""
    code = screened.notebook.code
    own_code = _own_code(screened)
    own_text = [line for cell in screened.of(CellKind.TEXT) for line in cell.own()]
    printed = [line for cell in screened.cells for kind, lines in cell.outputs for line in lines]
    return Counts(
        code_cells=len(code),
        ran=sum(cell.ran for cell in code),
        with_output=sum(any(output.kind is not OutputKind.ERROR for output in cell.outputs) for cell in code),
        failed=tuple(cell.number for cell in code if cell.failed),
        meant=tuple(cell.number for cell in code if cell.raised and cell.meant_to_fail),
        own_lines=len(own_code),
        own_words=sum(count_words(line) for line in own_text),
        topic=given.share("\n".join([*own_code, *own_text, *printed])),
        alike=english(given.text) and english("\n".join(own_text)),
        asked=len(given.asked),
        missing=tuple(name for name in given.asked if not _stands(name, screened)),
    )


def _stands(name: str, screened: Screened) -> bool:
    language = screened.notebook.language
    # A dot before it: an attribute, or what a module gives. ``Stack.push`` is written as ``push``; R has dots in names.
    own = name if language == "r" else name.rpartition(".")[2]
    word = re.compile(rf"(?<!\w){re.escape(own)}(?!\w)")
    return any(
        word.search(line) for cell in screened.notebook.code for line in code_only(cell.source, language)
    )


def _own_code(screened: Screened) -> list[str]:
    found = []
    for cell in screened.of(CellKind.CODE):
        source = "\n".join(cell.lines).replace(WITHHELD, "")
        for at, line in enumerate(code_only(source, screened.notebook.language), 1):
            bare = line.strip()[:MAX_LINE]
            if at not in cell.given and not _HOLLOW.fullmatch(bare):
                found.append(bare)
    return found
