"""How far a grade can be trusted as it stands, and one grade out of several opinions. Pure.

The rules:

1. A score above 0 whose evidence is missing, or was withheld from the model, is not final.
2. A model that praised what a guard capped as empty or off topic contradicts the guard: one of the two is wrong, and a
   person must look.
3. Several opinions give the mean of each criterion, with the reason and the quotes of the opinion nearest to it. Where
   their scores are the sums of their criteria the grade is the sum of those means, else the mean of their scores. When
   two differ by more than the assignment's ``disagreement``, the grade is not final.
4. Not final means shown as such, with why; never hidden and never changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from introeval.grading.report import CriterionGrade, Flag, GradeReport, OpinionGrade
from introeval.grading.rounding import kept_grade, kept_mark, score_text, summed
from introeval.grading.speech import WITHHELD

PRAISE = 0.5
"""Share of the maximum from which a model's own score contradicts a guard that found next to nothing."""

_EMPTY_HANDED = frozenset({"no_facts", "off_topic"})


@dataclass(frozen=True, slots=True)
class Opinion:
    """A grade by one model in one try."""

    model: str
    attempt: int
    report: GradeReport


def doubts(report: GradeReport) -> tuple[str, ...]:
    """Why a grade is not final (rules 1 and 2); empty when it is."""
    found = []
    for criterion in report.criteria:
        quotes = [evidence.quote for evidence in criterion.evidence if evidence.quote.strip(f" {WITHHELD}")]
        if criterion.score > 0 and not quotes:
            found.append(f"No evidence was given for {criterion.name.replace('_', ' ')}.")
    given = [c.model_score / c.max_score for c in report.criteria if c.model_score is not None]
    guards = [guard for guard in report.guards if guard.code in _EMPTY_HANDED]
    if given and guards and fmean(given) >= PRAISE:
        found.append(f"The model gave {fmean(given):.0%}, but a guard decided otherwise: {guards[0].reason}")
    return tuple(found)


def combine(opinions: Sequence[Opinion], disagreement: float) -> GradeReport:
    """One grade out of at least one opinion. ``disagreement``: share of the maximum; see rule 3."""
    first = opinions[0].report
    found = (doubt for opinion in opinions for doubt in (*opinion.report.review, *doubts(opinion.report)))
    own = tuple(dict.fromkeys(found))
    if len(opinions) == 1:
        return first.model_copy(update={"review": own})
    reports = [opinion.report for opinion in opinions]
    scores = [report.score for report in reports]
    apart = max(scores) - min(scores)
    flags = tuple(dict.fromkeys(flag for report in reports for flag in report.flags))
    if apart > disagreement * first.max_score:
        told = ", ".join(f"{opinion.model} {score_text(opinion.report.score)}" for opinion in opinions)
        message = f"The models are {score_text(apart)} apart ({told}); the grade is their mean until a teacher decides."
        flags += (Flag(code="models_disagree", message=message),)
        own += (message,)
    guards = {guard.code: guard for report in reversed(reports) for guard in report.guards}
    criteria = tuple(_mean(reports, index) for index in range(len(first.criteria)))
    return first.model_copy(
        update={
            "score": _whole(reports, criteria),
            "criteria": criteria,
            "flags": flags,
            "guards": tuple(guards.values()),
            "opinions": tuple(_opinion(opinion) for opinion in opinions),
            "review": own,
        }
    )


def _whole(reports: Sequence[GradeReport], criteria: Sequence[CriterionGrade]) -> float:
    if all(report.score == summed(item.score for item in report.criteria) for report in reports):
        return summed(item.score for item in criteria)
    return kept_grade(fmean(report.score for report in reports), reports[0].max_score)


def _mean(reports: Sequence[GradeReport], index: int) -> CriterionGrade:
    alike = [report.criteria[index] for report in reports]
    mean = fmean(item.score for item in alike)
    nearest = min(alike, key=lambda item: abs(item.score - mean))
    return nearest.model_copy(update={"score": kept_mark(mean, nearest.max_score)})


def _opinion(opinion: Opinion) -> OpinionGrade:
    criteria = {item.name: item.score for item in opinion.report.criteria}
    return OpinionGrade(
        model=opinion.model, attempt=opinion.attempt, score=opinion.report.score, criteria=criteria
    )
