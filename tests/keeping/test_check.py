"""The check of a backup finds what is wrong with it, and changes nothing."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from db.database import FILE_NAME
from introeval.keeping.check import check_backup
from tests.keeping.shelves import backed_up, filled
from tests.keeping.states import Lab


def _truncate(backup: Path) -> str:
    path = backup / f"videos/{1:024x}.bin"
    path.unlink()
    path.write_bytes(b"short")
    return "another size"


def _flip(backup: Path) -> str:
    path = backup / f"transcripts/{1:024x}.jsonl"
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[:-2] + b"!\n")
    return "another content"


def _lose(backup: Path) -> str:
    (backup / f"images/{7:016x}image.bin").unlink()
    return "cannot be read"


def _break_database(backup: Path) -> str:
    path = backup / FILE_NAME
    content = bytearray(path.read_bytes())
    content[4096 * 3 : 4096 * 5] = b"\xff" * 8192
    path.write_bytes(content)
    return "damaged"


def _another_row(backup: Path) -> str:
    with closing(sqlite3.connect(backup / FILE_NAME)) as connection, connection:
        connection.execute(
            "UPDATE processing_tasks SET video_path = 'videos/other.bin' WHERE id = ?", (f"{2:024x}",)
        )
    return "which a row names"


def _newer(backup: Path) -> str:
    text = (backup / "manifest.json").read_text().replace('"schema": 3', '"schema": 99')
    (backup / "manifest.json").write_text(text)
    return "newer introeval"


def _outside(backup: Path) -> str:
    text = (backup / "manifest.json").read_text().replace('"videos/', '"../videos/')
    (backup / "manifest.json").write_text(text)
    return "not trusted"


def _no_json(backup: Path) -> str:
    (backup / "manifest.json").write_text('{"format": 1, "files": []}')
    return "cannot be read"


@pytest.mark.parametrize(
    "harm", [_truncate, _flip, _lose, _break_database, _another_row, _newer, _outside, _no_json]
)
async def test_the_check_finds_it(lab: Lab, harm: Callable[[Path], str]) -> None:
    """Each kind of damage is named, and checking changes nothing."""
    await filled(lab)
    made = backed_up(lab)
    expected = harm(made.folder)
    before = {path: path.stat().st_mtime_ns for path in made.folder.rglob("*")}
    reasons = check_backup(made.folder)
    assert any(expected in reason for reason in reasons), reasons
    assert {path: path.stat().st_mtime_ns for path in made.folder.rglob("*")} == before
