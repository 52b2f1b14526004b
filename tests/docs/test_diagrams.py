"""The pages show the transition tables as they are."""

import importlib.util
from pathlib import Path
from types import ModuleType

from scheduler.transitions import TASK_TRANSITIONS

REPOSITORY = Path(__file__).parents[2]


def _diagrams() -> ModuleType:
    spec = importlib.util.spec_from_file_location("diagrams", REPOSITORY / "docs" / "diagrams.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_pages_show_the_tables() -> None:
    """``python docs/diagrams.py`` would change nothing, and each page has a diagram at all."""
    diagrams = _diagrams()
    for page in diagrams.PAGES:
        text = page.read_text(encoding="utf-8")
        assert diagrams.BLOCK.search(text), f"{page.name} has no diagram"
        assert diagrams.drawn(text) == text, "run: python docs/diagrams.py"


def test_every_transition_is_an_arrow() -> None:
    """Nothing of the table is left out of the picture."""
    picture = _diagrams().draw(TASK_TRANSITIONS)
    assert picture.count(" --> ") == sum(len(row) for row in TASK_TRANSITIONS.values()) + 3
