"""The pages of a session as one model gets them: pictures for a model that sees, numbered lines for one that does not.

The rules:

1. Which of the two it was is part of the result (``read_from``).
2. Lines are those of ``introeval.pages.lines``: numbered through all pages of a role, data in which nothing can close
   the section that they stand in or open another one.
3. Pictures are numbered in the order in which they are sent, through all roles of a prompt.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import Literal

from introeval.pages.lines import Sheet

ReadFrom = Literal["images", "text"]
NONE_GIVEN = "(none was given)"


class Role(StrEnum):
    """What a picture is of."""

    STUDENT = "student"
    ANSWER_KEY = "answer_key"
    RUBRIC = "grading_rubric"


TITLES = {
    Role.STUDENT: "the student's pages",
    Role.ANSWER_KEY: "the answer key",
    Role.RUBRIC: "the grading rubric",
}


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages of one role. ``pictures``: whole files, in order. ``sheet``: what was read from them instead."""

    pictures: tuple[bytes, ...] = ()
    sheet: Sheet | None = None

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.pictures) if self.sheet is None else len(self.sheet.pages)

    @property
    def read_from(self) -> ReadFrom:
        """Rule 1."""
        return "images" if self.sheet is None else "text"


@dataclass(frozen=True, slots=True)
class Material:
    """All pages of a session."""

    student: Pages
    answer_key: Pages = Pages()
    rubric: Pages = Pages()

    def of(self, role: Role) -> Pages:
        """One role's."""
        return {Role.STUDENT: self.student, Role.ANSWER_KEY: self.answer_key, Role.RUBRIC: self.rubric}[role]


def shown(pages: Pages, role: Role, first: int) -> str:
    """What stands in a prompt for these pages. ``first``: the number of their first picture (rule 3)."""
    if pages.count == 0:
        return NONE_GIVEN
    if pages.sheet is not None:
        return numbered(pages.sheet, role)
    last = first + pages.count - 1
    if first == last:
        return f"Image {first} is {TITLES[role]}."
    return f"Images {first} to {last} are {TITLES[role]}, pages 1 to {pages.count}."


def numbered(sheet: Sheet, role: Role) -> str:
    """The lines of a sheet, by page, in a section of their own."""
    if sheet.blank:
        return "(nothing could be read)"
    tag = role.value
    by_page = groupby(sheet.lines, key=lambda line: line.page)
    body = "\n".join(
        _page(number, [f"[{line.number}] {line.shown}" for line in lines]) for number, lines in by_page
    )
    return f"<{tag}>\n{body}\n</{tag}>"


def _page(number: int, lines: Sequence[str]) -> str:
    return "\n".join([f"Page {number}", *lines])
