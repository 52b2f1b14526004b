"""Whose file it is: rosters, manifests and names of files."""

from pathlib import Path

import pytest

from introeval.cli.cells import csv_text
from introeval.cli.roster import Student, entries, files_in, read_manifest, read_roster
from scheduler.errors import ConfigurationError


def test_a_spreadsheets_roster_is_understood(tmp_path: Path) -> None:
    """Byte-order mark, capitals, blanks, a row by file and a row by roll number, an empty row."""
    path = tmp_path / "roster.csv"
    path.write_text("\ufeffRoll No,Student Name,File\nR1,Asha Rao, a.mp4 \nR2,Ben,\n,,\n", encoding="utf-8")
    assert read_roster(path) == {"a.mp4": Student("R1", "Asha Rao"), "R2": Student("R2", "Ben")}


@pytest.mark.parametrize(
    "data",
    [
        b"Roll-No;Name\r\nR1;Zo\xeb\r\n",
        "sep=;\nroll no;student\nR1;Zoë\n".encode(),
        "roll_number\tname\nR1\tZoë\n".encode("utf-16"),
        csv_text(["roll_number", "name"], [["R1", "Zoë"]]).encode("utf-8-sig"),
    ],
    ids=["windows-1252", "semicolons", "utf-16", "our own"],
)
def test_whatever_a_spreadsheet_saves(tmp_path: Path, data: bytes) -> None:
    """As a teacher's grades are read."""
    path = tmp_path / "roster.csv"
    path.write_bytes(data)
    assert read_roster(path) == {"R1": Student("R1", "Zoë")}


def test_a_roster_that_is_none(tmp_path: Path) -> None:
    """A sentence with the place, or with why there is nothing to read."""
    path = tmp_path / "roster.csv"
    path.write_bytes(b'roll,name\nR1,A\n"R2,B\n')
    with pytest.raises(ConfigurationError, match="cannot be read: line 3: this is no CSV"):
        read_roster(path)
    with pytest.raises(ConfigurationError, match=r"cannot be read: No such file or directory\."):
        read_roster(tmp_path / "nothing.csv")


def test_a_roster_without_roll_numbers_is_refused(tmp_path: Path) -> None:
    """The message says which columns there are."""
    path = tmp_path / "roster.csv"
    path.write_text("id,name\n1,A\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"no column 'roll_number' \(it has: id, name\)"):
        read_roster(path)


def test_a_manifest_that_names_no_students_is_nothing(tmp_path: Path) -> None:
    """A data set's own manifest does not get in the way; a broken one neither."""
    (tmp_path / "manifest.json").write_text('[{"file": "a.mp4", "speaker": "7"}]', encoding="utf-8")
    assert read_manifest(tmp_path) == {}
    (tmp_path / "manifest.json").write_text("{", encoding="utf-8")
    assert read_manifest(tmp_path) == {}


def test_files_are_matched_by_name_then_by_roll_number(tmp_path: Path) -> None:
    """A file that no roster knows goes under its own name; a file named twice goes once."""
    files = [tmp_path / name for name in ("a.mp4", "R2.webm", "x.mov")]
    for file in files:
        file.touch()
    roster = {"a.mp4": Student("R1", "Asha"), "R2": Student("R2", "Ben")}
    found = [(entry.roll_number, entry.name) for entry in entries([*files, files[0]], roster)]
    assert found == [("R1", "Asha"), ("R2", "Ben"), ("x", "")]


def test_one_roll_number_is_not_for_two_files(tmp_path: Path) -> None:
    """Several files under one student are a mistake."""
    for name in ("a.mp4", "b.mp4"):
        (tmp_path / name).touch()
    with pytest.raises(ConfigurationError, match="--roll"):
        entries(files_in(tmp_path), {}, roll="R1")


def test_a_folder_gives_its_videos_only(tmp_path: Path) -> None:
    """By name, whatever the case of the ending; a folder without any is said."""
    (tmp_path / "notes.txt").touch()
    with pytest.raises(ConfigurationError, match="There is no video"):
        files_in(tmp_path)
    for name in ("b.MP4", "a.mkv"):
        (tmp_path / name).touch()
    assert [path.name for path in files_in(tmp_path)] == ["a.mkv", "b.MP4"]
