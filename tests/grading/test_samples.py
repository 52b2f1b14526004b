"""The samples keep their promises before any model is asked."""

import json
from pathlib import Path
from typing import Any

import pytest

from introeval.grading import default_rubric, precheck
from introeval.grading.speech import number
from tests.grading.speeches import said

SAMPLES = Path(__file__).parents[2] / "samples"
ENTRIES: list[dict[str, Any]] = json.loads((SAMPLES / "manifest.json").read_text(encoding="utf-8"))


def test_they_are_small_and_of_four_containers() -> None:
    """Under 3 MB together; mp4, webm, mov and mkv."""
    files = [SAMPLES / entry["file"] for entry in ENTRIES]
    assert sum(file.stat().st_size for file in files) < 3_000_000
    assert {file.suffix for file in files} == {".mp4", ".webm", ".mov", ".mkv"}


def test_roll_numbers_are_distinct() -> None:
    """Each sample is a student of its own."""
    assert len({entry["roll_number"] for entry in ENTRIES}) == len(ENTRIES) >= 6


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["kind"])
def test_only_one_addresses_the_grader(entry: dict[str, Any]) -> None:
    """All have enough words for a model; words to the grader are found in one of them."""
    text = (SAMPLES / "texts" / entry["text"]).read_text(encoding="utf-8")
    segments = said(*text.splitlines())
    assert precheck(segments, 30.0, default_rubric()) is None
    assert bool(number(segments).addressed) == (entry["kind"] == "full_marks")
