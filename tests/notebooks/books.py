"""Notebooks and replies for the tests of notebooks."""

import json
from pathlib import Path
from typing import Any

from introeval.assignments import Assignment, load_assignment
from introeval.grading import default_rubric
from introeval.notebooks.case import Case, open_case
from introeval.notebooks.notebook import Notebook
from introeval.notebooks.reading import read_notebook

SAMPLES = Path(__file__).parents[2] / "samples" / "notebooks"
RUBRIC = default_rubric("notebook")
ASSIGNMENT: Assignment = load_assignment((SAMPLES / "rainfall.toml").read_text(encoding="utf-8"))
NAMES = {part: [c.name for c in RUBRIC.criteria if c.part == part] for part in ("technical", "reflection")}


def code(source: str, *outputs: dict[str, Any], ran: bool = True) -> dict[str, Any]:
    """A code cell of version 4."""
    return {
        "cell_type": "code",
        "metadata": {},
        "source": source,
        "outputs": list(outputs),
        "execution_count": 1 if ran else None,
    }


def text(source: str) -> dict[str, Any]:
    """A Markdown cell."""
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def stream(words: str) -> dict[str, Any]:
    """Printed text."""
    return {"output_type": "stream", "name": "stdout", "text": words}


def error(name: str = "NameError") -> dict[str, Any]:
    """A run that ended with an error."""
    return {"output_type": "error", "ename": name, "evalue": "no", "traceback": []}


def raw(*cells: dict[str, Any], language: str = "python", **more: Any) -> bytes:
    """A file of version 4."""
    metadata = {"language_info": {"name": language}}
    book = {"nbformat": 4, "nbformat_minor": 4, "metadata": metadata, "cells": list(cells)}
    return json.dumps(book | more).encode()


def book(*cells: dict[str, Any], **more: Any) -> Notebook:
    """The same, read."""
    return read_notebook(raw(*cells, **more))


def case(*cells: dict[str, Any], instructions: str = "", **more: Any) -> Case:
    """The same, opened under the default rubric."""
    return open_case(book(*cells, **more), RUBRIC, instructions)


def sample(name: str) -> Case:
    """One of the samples, opened under their assignment."""
    data = (SAMPLES / f"{name}.ipynb").read_bytes()
    return open_case(read_notebook(data), RUBRIC, ASSIGNMENT.instructions)


def technical(
    scores: int | tuple[int, ...] = 8, cell: int = 1, topic: str = "assignment", **changes: Any
) -> str:
    """A technical model's reply for the default rubric."""
    names = NAMES["technical"]
    given = scores if isinstance(scores, tuple) else (scores,) * len(names)
    criteria = {
        name: {
            "evidence": [{"cell": cell, "from": 1, "to": 1}],
            "issues": ["No check of the result."],
            "suggestions": ["Add one."],
            "reason": "It works.",
            "score": score,
        }
        for name, score in zip(names, given, strict=True)
    }
    return json.dumps({"does": "It adds numbers.", "topic": topic, "criteria": criteria | changes})


def feedback(scores: int | tuple[int, ...] = 8, cell: int | None = 1, **changes: Any) -> str:
    """A feedback model's reply; ``cell``: ``None`` where there is no text to judge."""
    names = NAMES["reflection"]
    given = scores if isinstance(scores, tuple) else (scores,) * len(names)
    judged = {
        name: {"cells": [cell], "reason": "It is explained.", "score": score}
        for name, score in zip(names, given, strict=True)
    }
    letter = {
        "strengths": "Your code is clear.",
        "improve": "Check your results.",
        "next_step": "Read a file.",
    }
    return json.dumps(letter | ({} if cell is None else {"criteria": judged}) | changes)
