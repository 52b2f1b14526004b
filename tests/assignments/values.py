"""Assignments of all kinds, drawn by hypothesis and read from the samples."""

from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from introeval.assignments import Assignment, Kind, load_assignment

SAMPLES = Path(__file__).parents[2] / "samples" / "assignments"

TEXTS = st.text(max_size=60)
LINES = st.text(st.characters(exclude_characters="\n\r<>", codec="utf-8"), min_size=1, max_size=30)
SAID = LINES.filter(lambda text: text.strip() != "")
MARKS = st.integers(1, 40).map(lambda quarters: quarters / 4)
MODELS = st.from_regex(r"\A[a-z][a-z0-9.]{0,8}(:[0-9]b)?\Z")


def sample(name: str) -> Assignment:
    """One of the samples, by its file's name."""
    return load_assignment((SAMPLES / f"{name}.toml").read_text(encoding="utf-8"))


@st.composite
def rubrics(draw: st.DrawFn) -> dict[str, Any]:
    """A rubric of a few criteria."""
    names = draw(st.lists(st.from_regex(r"\A[a-z]{3,9}\Z"), min_size=1, max_size=3, unique=True))
    criteria = [
        {
            "name": f"c_{name}",
            "question": draw(SAID),
            "weight": draw(st.floats(0.01, 100)),
            "levels": {0: draw(SAID), draw(st.integers(1, 9)): draw(SAID), 10: draw(SAID)},
        }
        for name in names
    ]
    return {"name": "drawn", "max_score": draw(st.floats(1, 1000)), "criteria": criteria}


@st.composite
def pages(draw: st.DrawFn) -> dict[str, Any]:
    """Questions whose points add up, and answers to some of them."""
    questions, marking, answers = list[Any](), list[Any](), list[Any]()
    for number in range(draw(st.integers(1, 3))):
        name: dict[str, Any] = {"question_number": f"{number}(a)"}
        points = draw(st.lists(MARKS, min_size=1, max_size=3))
        questions.append(name | {"max_mark": sum(points), "text": draw(TEXTS)})
        marking += [name | {"points": each, "criterion": draw(SAID)} for each in points]
        answers += [name | {"answer": draw(TEXTS)}] if draw(st.booleans()) else []
    return {"questions": questions, "marking": marking, "answer_key": answers}


@st.composite
def assignments(draw: st.DrawFn) -> Assignment:
    """Any assignment that can be written."""
    kind = draw(st.sampled_from(Kind))
    plan = draw(st.sampled_from([{}, {"plan": "both"}, {"plan": "single", "model": draw(MODELS)}]))
    pair = {"rubric_model": {"name": draw(MODELS)}, "assessment_model": {"name": draw(MODELS), "tries": 2}}
    values = {
        "id": draw(st.from_regex(r"\A[a-z0-9][a-z0-9_-]{0,20}\Z")),
        "version": draw(st.integers(1, 99)),
        "kind": kind,
        "title": draw(SAID),
        "instructions": draw(TEXTS),
        "pass_threshold": draw(st.floats(0.01, 1)),
        "retention_days": draw(st.none() | st.integers(1, 400)),
        "rubric": draw(st.none() | rubrics()),
        "plan": plan | {"pairs": [pair] * draw(st.integers(0, 2)), "tries": draw(st.integers(1, 10))},
        "prompts": {"technical": draw(st.none() | TEXTS)},
    }
    return Assignment.model_validate(values | (draw(pages()) if kind is Kind.PAGES else {}))
