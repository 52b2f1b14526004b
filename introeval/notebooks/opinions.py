"""Whose opinion is asked of a notebook, and one grade out of several. Pure.

Rules:

1. A role has the model that the plan names for it; or the plan's one model; or, of the models that are up, the first is
   the technical and the last the feedback model, so that every student of an assignment is judged by the same and both
   work at once. Where one model is up it has both roles, by its name. What has replied already stays
   (``introeval.graders.choice``).
2. ``both``: two models analyse the code. What addresses the grader is analysed a second time.
3. Several analyses give the mean of each criterion. When the grades that they lead to are further apart than the plan
   allows, a teacher must confirm the mean.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from introeval.assignments.definition import GradingPlan
from introeval.assignments.opinions import Asked
from introeval.grading.report import Flag, OpinionGrade
from introeval.grading.rounding import score_text
from introeval.notebooks.case import Case
from introeval.notebooks.grade import analyse, grade
from introeval.notebooks.reply import FeedbackReply, TechnicalReply
from introeval.notebooks.report import NotebookReport


@dataclass(frozen=True, slots=True)
class Opinion:
    """One analysis of the code. ``attempt``: the model's try, from 1."""

    model: str
    attempt: int
    reply: TechnicalReply


def technical_models(plan: GradingPlan, models: Sequence[str]) -> tuple[Asked, ...]:
    """Who may be asked about the code, the best first (rules 1 and 2). ``models``: all that are set up, each once."""
    named = plan.technical_model or plan.model
    if named is not None:
        return (Asked(named),)
    return tuple(Asked(model) for model in models) or (Asked(None),)


def feedback_models(plan: GradingPlan, models: Sequence[str]) -> tuple[Asked, ...]:
    """Who may be asked for feedback, the best first (rule 1)."""
    named = plan.feedback_model or plan.model
    if named is not None:
        return (Asked(named),)
    others = [model for model in models if model != plan.technical_model]
    last_first = dict.fromkeys((*reversed(others), *models))
    return tuple(Asked(model) for model in last_first) or (Asked(None),)


def combined(
    case: Case, opinions: Sequence[Opinion], feedback: FeedbackReply, disagreement: float
) -> NotebookReport:
    """The grade. ``disagreement``: a share of the maximum; see rule 3."""
    report = grade(case, analyse(case, [opinion.reply for opinion in opinions]), feedback)
    if len(opinions) < 2:
        return report
    each = [grade(case, analyse(case, [opinion.reply]), feedback) for opinion in opinions]
    given = tuple(
        OpinionGrade(
            model=opinion.model,
            attempt=opinion.attempt,
            score=one.score,
            criteria={item.name: item.score for item in one.criteria},
        )
        for opinion, one in zip(opinions, each, strict=True)
    )
    apart = max(one.score for one in each) - min(one.score for one in each)
    flags, review = report.flags, report.review
    if apart > disagreement * report.max_score:
        told = ", ".join(f"{one.model} {score_text(one.score)}" for one in given)
        message = f"The models are {score_text(apart)} apart ({told}); the grade is their mean until a teacher decides."
        flags, review = (
            (*flags, Flag(code="models_disagree", message=message)),
            (*review, message),
        )
    return report.model_copy(update={"opinions": given, "flags": flags, "review": review})
