"""The model speaks of the code that there is: its states are the tables', and what it names exists."""

import re
from pathlib import Path

import pytest

from scheduler.task import BatchState, Phase
from scheduler.transitions import TASK_TRANSITIONS
from tests.formal.cases import MISTAKES
from tests.formal.spin import MODELS

REPOSITORY = Path(__file__).parents[2]
PARTS = "\n".join(part.read_text() for part in sorted(MODELS.glob("phase*.pml")))


def _names(kind: str) -> set[str]:
    found = re.search(rf"mtype:{kind} = {{([^}}]*)}}", PARTS)
    assert found is not None
    return {name.strip() for name in found[1].split(",")}


def test_the_states_are_those_of_the_tables() -> None:
    """``absent`` is a task that was not handed in; a done batch is forgotten, ``none``."""
    states = {str(state).replace("/", "_") for state in TASK_TRANSITIONS}
    ended = {"completed_completed": "completed", "failed_failed": "failed"}
    assert _names("state") == {ended.get(name, name) for name in states} | {"absent"}
    assert _names("phase") == {str(phase) for phase in Phase}
    assert _names("batch") == {str(state) for state in BatchState if state is not BatchState.DONE} | {"none"}


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\b[a-z_]+(?:/[a-z_]+)+\.py\b", PARTS))))
def test_the_files_that_it_names_exist(path: str) -> None:
    """A part that was renamed is renamed in the model too."""
    assert (REPOSITORY / path).is_file()


def test_each_mistake_of_the_model_is_tried() -> None:
    """And each that is tried is in the model."""
    assert set(re.findall(r"BUG_([A-Z_]+)", PARTS)) == {mistake.name for mistake in MISTAKES}
