"""What is particular to each kind of work on the pages: its words, and which files a browser offers. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from introeval.assignments import Kind

PICTURES = ".jpg,.jpeg,.png,.webp,.heic,.heif"


@dataclass(frozen=True, slots=True, kw_only=True)
class KindWords:
    """``name``: of the kind, in lists. ``noun``: of one piece of work, after "your". ``label``: of the form's field.

    ``accept``: for the browser's file dialog only; what counts is the content. ``asks``: what the form says of it.
    ``spoken``: it is transcribed first.
    """

    name: str
    noun: str
    label: str
    accept: str
    asks: str
    spoken: bool = False


KINDS: Mapping[str, KindWords] = {
    Kind.INTRO_VIDEO: KindWords(
        name="Video",
        noun="introduction",
        label="Video",
        accept="video/*,audio/*",
        asks="It needs sound.",
        spoken=True,
    ),
    Kind.NOTEBOOK: KindWords(
        name="Notebook",
        noun="notebook",
        label="Notebook (.ipynb)",
        accept=".ipynb,application/json",
        asks="Run all cells and save it first: it is read as it is, and nothing in it is executed.",
    ),
    Kind.PAGES: KindWords(
        name="Exam pages",
        noun="exam",
        label="Pages",
        accept=f"application/pdf,.pdf,image/*,{PICTURES}",
        asks="One PDF, or photos of the pages in their order: choose them all at once, named by page number.",
    ),
}

OTHERS: Mapping[str, str] = {
    "session": "Exam session",
    "transcription": "Reading of pages",
    "answer_key": "Answer key",
    "rubric": "Marking points",
}
"""Names of what a teacher asks for over HTTP: tasks in the same queue, that nobody hands in."""


def words_of(kind: str) -> KindWords:
    """The words for a kind. One that nobody hands in has no form: what it ``accepts`` is empty."""
    return KINDS.get(kind) or KindWords(
        name=OTHERS.get(kind, "Other work"), noun="request", label="", accept="", asks=""
    )
