"""Draws the diagrams of README.md and docs/architecture.md from the transition tables.

``python docs/diagrams.py`` rewrites what stands between the markers; ``--check`` changes nothing and fails on a
difference. The pictures are Mermaid, which code hosts render.
"""

import re
import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from scheduler.task import TaskState
from scheduler.transitions import BATCH_TRANSITIONS, PHASE_TRANSITIONS, TASK_TRANSITIONS, TaskEvent

REPOSITORY = Path(__file__).parents[1]
PAGES = (REPOSITORY / "README.md", REPOSITORY / "docs" / "architecture.md")
BLOCK = re.compile(r"(<!-- diagram: (?P<name>\w+) -->\n).*?(<!-- end -->)", re.DOTALL)

State = StrEnum | TaskState
Table = Mapping[Any, Mapping[Any, Any]]
TABLES: Mapping[str, Table] = {
    "phases": PHASE_TRANSITIONS,
    "tasks": TASK_TRANSITIONS,
    "batches": BATCH_TRANSITIONS,
}


def draw(table: Table) -> str:
    """A table as a Mermaid state diagram."""
    arrows = [
        f"    {_label(source)} --> {_label(target)}: {event}"
        for source, row in table.items()
        for event, target in row.items()
    ]
    # A regrade leads out of an end, but nobody has to take it.
    ends = [
        f"    {_label(state)} --> [*]" for state, row in table.items() if row.keys() <= {TaskEvent.REGRADED}
    ]
    start = [] if not ends else [f"    [*] --> {_label(next(iter(table)))}"]
    return "\n".join(["```mermaid", "stateDiagram-v2", *start, *arrows, *ends, "```", ""])


def drawn(text: str) -> str:
    """A page with its diagrams as the tables have them."""
    return BLOCK.sub(lambda match: f"{match[1]}{draw(TABLES[match['name']])}{match[3]}", text)


def _label(state: State) -> str:
    return str(state).replace("/", "_")


def main(check: bool) -> int:
    """Rewrite the pages, or (``check``) count those that differ."""
    differing = 0
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        if drawn(text) != text:
            differing += 1
            if not check:
                page.write_text(drawn(text), encoding="utf-8")
    return differing if check else 0


if __name__ == "__main__":
    sys.exit(main(check="--check" in sys.argv[1:]))
