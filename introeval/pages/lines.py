"""The pages as the model reads them: numbered lines in which nothing can be mistaken for anything else. Pure.

Rules:

1. Lines are numbered from 1 through all pages: evidence is a number, and its place ("page 2, line 5") is looked up
   here, so that a model cannot invent one.
2. Every line of the prompt is one line: no control characters, no tag, no token of a chat template, no bracketed number
   at its beginning. What an answer needs stays as it is (``a[i]``, ``x < y``, ``{1, 2}``), or gets a space: after a
   ``<`` that could open a tag.
3. Words to the grader are not shown to a model (``addressed``); they are kept here for the teacher.
4. A quote is always what was read, never the line of the prompt.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from introeval.pages.addressed import split_lines
from introeval.pages.texts import Box, PageText

WITHHELD = "(addressed to the grader)"
PAGE_BYTES = 20_000
"""Of the lines of one page in a prompt: ten full pages of handwriting. What is behind is left out, and flagged."""

_TAG = re.compile(r"<(?=[\w/|!?])")
_INST = re.compile(r"\[(/?\s*INST\s*)\]", re.IGNORECASE)
_NUMBERED = re.compile(r"^\s*\[(\d+)\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class PageLine:
    """``number``: in the prompt, from 1. ``line``: on its page, from 1. ``shown``: what a model reads."""

    number: int
    page: int
    line: int
    quote: str
    shown: str
    addressed: tuple[str, ...] = ()
    box: Box | None = None

    @property
    def place(self) -> str:
        """For people."""
        return f"page {self.page}, line {self.line}"

    @property
    def readable(self) -> str:
        """What may count as an answer: what is shown, without the words that stand for withheld ones."""
        return self.shown.replace(WITHHELD, " ")

    @property
    def withheld(self) -> bool:
        """Nothing of it was shown to the model."""
        return bool(self.addressed) and not any(char.isalnum() for char in self.readable)


@dataclass(frozen=True, slots=True)
class Sheet:
    """All lines of a submission. ``cut``: pages of which the end was left out."""

    lines: tuple[PageLine, ...]
    pages: tuple[PageText, ...]
    cut: tuple[int, ...] = ()

    @property
    def blank(self) -> bool:
        """There is nothing that a model could grade."""
        return not any(any(char.isalnum() for char in line.readable) for line in self.lines)

    def line(self, number: int) -> PageLine:
        """By its number. Raises ``IndexError``."""
        if number < 1:
            raise IndexError(number)
        return self.lines[number - 1]


def number_lines(pages: Sequence[PageText]) -> Sheet:
    """Number the lines that have a letter or a digit."""
    found: list[PageLine] = []
    cut: list[int] = []
    for page in sorted(pages, key=lambda one: one.page):
        quotes = [_one_line(line.text) for line in page.lines]
        room = PAGE_BYTES
        for at, (shown, addressed) in enumerate(split_lines(quotes, WITHHELD)):
            if not any(char.isalnum() for char in quotes[at]):
                continue
            plain = harmless(shown)
            room -= len(plain.encode()) + 8
            if room < 0:
                cut.append(page.page)
                break
            found.append(
                PageLine(
                    number=len(found) + 1,
                    page=page.page,
                    line=at + 1,
                    quote=quotes[at],
                    shown=plain,
                    addressed=addressed,
                    box=page.lines[at].box,
                )
            )
    return Sheet(tuple(found), tuple(pages), tuple(cut))


def harmless(text: str) -> str:
    """One line of data without anything that a prompt or a chat template could take for its own (rule 2)."""
    plain = _TAG.sub("< ", _one_line(text))
    return _NUMBERED.sub(r"(\1)", _INST.sub(r"(\1)", plain))


def _one_line(text: str) -> str:
    """NFKC first: full-width brackets become the ordinary ones before these are replaced."""
    plain = unicodedata.normalize("NFKC", text)
    visible = "".join(" " if unicodedata.category(char)[0] in "CZ" else char for char in plain)
    return " ".join(visible.split())
