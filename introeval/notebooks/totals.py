"""Sums, doubts and the letter of a graded notebook. Pure.

Rules:

1. A part is worth the rubric's maximum times its share of the weights, rounded as grades are; a part's score is the
   weighted mean of its criteria. The grade is the sum of the parts, and no more than the lowest cap.
2. A score above 0 without evidence, and praise for what a guard found off topic, are for a teacher to confirm.
3. The letter names no score: sentences that do are left out.
"""

import re
from collections.abc import Sequence
from math import floor
from statistics import fmean

from introeval.grading.rounding import kept_grade, summed
from introeval.grading.rubric import CRITERION_MAX, Rubric
from introeval.grading.wording import tidy
from introeval.notebooks.reply import LETTER_CHARS, FeedbackReply
from introeval.notebooks.report import Letter, NotebookCriterion, NotebookGuard, PartGrade, PartName

PRAISE = 0.5
"""Share of the maximum from which a model's own score contradicts a guard that found next to nothing."""

EPSILON = 1e-6
_PARTS: tuple[PartName, ...] = ("technical", "reflection")
_SENTENCE = re.compile(r"[^.!?]+(?:[.!?]+|$)")
_SCORED = re.compile(
    r"\b\d+(?:\.\d+)?\s*(?:/|out of|of)\s*10\b|\b\d+\s*(?:points?|marks?|%)|\b(?:score|grade) of \d",
    re.IGNORECASE,
)


def totals(
    rubric: Rubric, criteria: Sequence[NotebookCriterion], cap: float
) -> tuple[float, tuple[PartGrade, ...]]:
    """The grade and its parts (rule 1). ``criteria``: all of the rubric's."""
    weights = {criterion.name: criterion.weight for criterion in rubric.criteria}
    parts: list[PartGrade] = []
    left = rubric.max_score
    names = [part for part in _PARTS if any(item.part == part for item in criteria)]
    for name in names:
        own = [item for item in criteria if item.part == name]
        weight = sum(weights[item.name] for item in own)
        whole = rubric.max_score * weight / sum(weights.values())
        most = left if name == names[-1] else kept_grade(whole, left)
        left = summed((left, -most))
        reached = sum(weights[item.name] * item.score for item in own) / (CRITERION_MAX * weight)
        parts.append(PartGrade(name=name, score=kept_grade(most * reached, most), max_score=most))
    total = summed(part.score for part in parts)
    if total > cap + EPSILON:
        parts = _lowered(parts, total - floor(cap * 10 + EPSILON) / 10)
    return summed(part.score for part in parts), tuple(parts)


def review(criteria: Sequence[NotebookCriterion], guards: Sequence[NotebookGuard]) -> tuple[str, ...]:
    """Why a teacher must confirm the grade (rule 2); empty when it is final."""
    found = [
        f"No evidence was given for {item.name.replace('_', ' ')}."
        for item in criteria
        if item.score > 0 and not item.evidence
    ]
    off_topic = next((guard for guard in guards if guard.code == "off_topic"), None)
    scores = [
        item.model_score for item in criteria if item.part == "technical" and item.model_score is not None
    ]
    praised = fmean(scores) / CRITERION_MAX if scores else 0.0
    if off_topic and praised >= PRAISE:
        found.append(f"The model gave {praised:.0%}, but a guard decided otherwise: {off_topic.reason}")
    return tuple(found)


def letter(reply: FeedbackReply, sample: str) -> Letter:
    """What the student reads. ``sample``: of the notebook, for its scripts."""
    return Letter(
        strengths=_told(reply.strengths, sample),
        improve=_told(reply.improve, sample),
        next_step=_told(reply.next_step, sample),
    )


def _told(text: str, sample: str) -> str:
    line = tidy(text, sample, LETTER_CHARS)
    kept = [match[0].strip() for match in _SENTENCE.finditer(line) if not _SCORED.search(match[0])]
    return " ".join(kept) or "See the reasons below."


def _lowered(parts: Sequence[PartGrade], excess: float) -> list[PartGrade]:
    lowered = []
    for part in parts:
        taken = min(excess, part.score)
        excess -= taken
        lowered.append(part.model_copy(update={"score": summed((part.score, -taken))}))
    return lowered
