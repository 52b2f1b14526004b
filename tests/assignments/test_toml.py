"""TOML that is made to cost time and memory is refused before it is parsed; ordinary dots are nobody's trouble."""

import pytest

from introeval.assignments import AssignmentError, load_assignment
from introeval.grading import RubricError, load_rubric
from introeval.grading.toml import read_toml


@pytest.mark.parametrize("parts", [20, 100_000])
@pytest.mark.parametrize("form", ["a{}=1", "[a{}]", "[[a{}]]", '"a"{} = 1'])
def test_deep_keys_are_refused(form: str, parts: int) -> None:
    """200 kB of them would take minutes and gigabytes; the suite's own limit is far less."""
    for load, error in ((load_assignment, AssignmentError), (load_rubric, RubricError)):
        with pytest.raises(error, match="more than 16 parts"):
            load(form.format(".a" * parts))


def test_dots_in_texts_are_texts() -> None:
    """Three points, versions, ellipses."""
    text = 'a.b.c = "wait' + "." * 100 + '"\nd = "e.g. 1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17.18"'
    assert read_toml(text)["a"]["b"]["c"].startswith("wait.")
