"""The sample pages are what their manifest says, whatever a model makes of them."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from introeval.pages import rendering
from introeval.pages.images import promise
from introeval.pages.job import Job
from introeval.pages.lines import number_lines
from introeval.pages.marking import items
from tests.pages.exams import EXAM, SAMPLES, page

ENTRIES: list[dict[str, Any]] = json.loads((SAMPLES / "manifest.json").read_text(encoding="utf-8"))


def written(entry: dict[str, Any]) -> list[str]:
    """The lines of its text."""
    name: str = entry["text"]
    return (SAMPLES / "texts" / name).read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["kind"])
def test_a_sample_can_be_read(entry: dict[str, Any], tmp_path: Path) -> None:
    """Each is of the type that its name promises, has its pages, and ink unless it is blank."""
    data = (SAMPLES / entry["file"]).read_bytes()
    found = rendering.document(io.BytesIO(data), Job("document", str(tmp_path)))
    assert found["media_type"] == promise(entry["file"])
    assert len(found["pages"]) == 1 + written(entry).count("----")
    assert all((ink > 0.0004) == (entry["kind"] != "blank") for _, _, ink in found["pages"])


def test_only_one_sample_speaks_to_the_grader() -> None:
    """In its orders and at its end; what is left of them orders nothing ("for every question")."""
    addressed = {}
    for entry in ENTRIES:
        sheet = number_lines([page(*written(entry))])
        addressed[entry["kind"]] = [line.line for line in sheet.lines if line.addressed]
    assert {kind: lines for kind, lines in addressed.items() if lines} == {"full_marks": [1, 2, 10]}


def test_the_assignment_has_marking_points_for_everything() -> None:
    """They add up (the assignment would not load otherwise), and there is a key."""
    assert EXAM.max_score == 10
    assert [(item.number, len(item.points), bool(item.key)) for item in items(EXAM)] == [
        ("1", 4, True),
        ("2", 3, True),
        ("3", 2, True),
    ]
