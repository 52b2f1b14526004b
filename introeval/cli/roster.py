"""Whose file is it? From a roster (CSV), a folder's ``manifest.json``, the options, or the file's own name.

A roster has a header with ``roll_number`` and any of ``name`` and ``file``. A row without a file speaks of the file
whose name (without its ending) is the roll number. Whatever a spreadsheet saves is read (``introeval.spreadsheet``).
"""

import json
import re
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from introeval.client.upload import Entry
from introeval.spreadsheet import SpreadsheetError, Table, read_table, undefended
from scheduler.errors import ConfigurationError

VIDEO_ENDINGS = {
    *(".3gp", ".avi", ".flv", ".m4v", ".mkv", ".mov", ".mp4"),
    *(".mpeg", ".mpg", ".mts", ".ogv", ".ts", ".webm", ".wmv"),
}
PICTURE_ENDINGS = {".heic", ".heif", ".jpeg", ".jpg", ".png", ".webp"}
ANY_ENDINGS = VIDEO_ENDINGS | PICTURE_ENDINGS | {".ipynb", ".pdf"}
MANIFEST = "manifest.json"
HEADINGS = {
    "roll_number": {"roll number", "roll", "roll no", "rollno"},
    "name": {"name", "student", "student name"},
    "file": {"file", "file name", "filename", "video"},
}


@dataclass(frozen=True, slots=True)
class Student:
    """A line of a roster."""

    roll_number: str
    name: str = ""


Roster = Mapping[str, Student]
"""Students by file name, and by file name without its ending."""


def files_in(folder: Path, endings: Container[str] = VIDEO_ENDINGS) -> list[Path]:
    """What can be handed in of a folder, by name: files with these endings, and folders of pictures where those count.

    Raises ``ConfigurationError`` when there is nothing.
    """
    if not folder.is_dir():
        raise ConfigurationError(f"{folder} is not a folder.")
    found = sorted(
        path
        for path in folder.iterdir()
        if (path.suffix.lower() in endings and path.is_file()) or (".png" in endings and _pages(path))
    )
    if not found:
        what = "video" if ".png" not in endings else "file that can be handed in"
        raise ConfigurationError(f"There is no {what} in {folder}.")
    return found


def _pages(folder: Path) -> tuple[Path, ...]:
    """The pictures of a folder in the order of their names, where 2 comes before 10."""
    if not folder.is_dir():
        return ()
    found = [path for path in folder.iterdir() if path.suffix.lower() in PICTURE_ENDINGS and path.is_file()]
    return tuple(sorted(found, key=lambda path: _natural(path.name)))


def _natural(name: str) -> list[int | str]:
    return [int(part) if place % 2 else part for place, part in enumerate(re.split(r"(\d+)", name))]


def read_roster(path: Path) -> Roster:
    """Read a roster. Raises ``ConfigurationError`` when it is not one."""
    try:
        table = read_table(path.read_bytes(), HEADINGS)
        if "roll_number" not in table.columns:
            names = ", ".join(cell.strip() for cell in table.header.cells)
            raise ConfigurationError(f"The roster {path} has no column 'roll_number' (it has: {names}).")
        return _by_file(_rows(table))
    except (OSError, SpreadsheetError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigurationError(f"The roster {path} cannot be read: {reason}.") from error


def read_manifest(folder: Path) -> Roster:
    """A folder's ``manifest.json``, as far as it names students; empty when it does not."""
    try:
        rows = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    usable = [row for row in rows if isinstance(row, dict) and "file" in row and "roll_number" in row]
    return _by_file({name: str(row.get(name, "")) for name in HEADINGS} for row in usable)


def entries(
    files: Iterable[Path],
    roster: Roster,
    roll: str | None = None,
    name: str | None = None,
    assignment: str | None = None,
) -> list[Entry]:
    """What to hand in, in the given order, each file once. ``roll`` and ``name`` are for a single file.

    A folder is one student's pages. Raises ``ConfigurationError`` when a file is absent, a folder has no picture, or
    ``roll`` is given for several.
    """
    found = list(dict.fromkeys(files))
    if len(found) > 1 and (roll or name):
        raise ConfigurationError("--roll and --name are for one file; give a --roster for several.")
    for path in found:
        if not path.is_file() and (assignment is None or not _pages(path)):
            raise ConfigurationError(f"There is no file {path}.")
    return [_entry(path, roster, roll, name, assignment) for path in found]


def _entry(path: Path, roster: Roster, roll: str | None, name: str | None, assignment: str | None) -> Entry:
    student = roster.get(path.name) or roster.get(path.stem) or Student(path.stem)
    return Entry(
        path=path,
        roll_number=roll or student.roll_number,
        name=name or student.name,
        pages=_pages(path),
        assignment=assignment,
    )


def _rows(table: Table) -> Iterator[Mapping[str, str]]:
    for record in table.records:
        cells = {field: record.cells[at] for field, at in table.columns.items() if at < len(record.cells)}
        yield {field: undefended(cell.strip()) for field, cell in cells.items()}


def _by_file(rows: Iterable[Mapping[str, str]]) -> Roster:
    found = {}
    for row in rows:
        roll = row.get("roll_number", "").strip()
        if roll:
            found[row.get("file", "").strip() or roll] = Student(roll, row.get("name", "").strip())
    return found
