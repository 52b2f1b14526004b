"""From checked replies to a grade: guards, evidence and the sums, all in code. Pure.

The order of use: ``open_case``; where it asks the technical model, ``ask_technical`` and ``read_technical``; then
``analyse``, ``ask_feedback``, ``read_feedback``, and ``grade``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from introeval.grading.rounding import kept_mark
from introeval.grading.rubric import CRITERION_MAX, Criterion, Rubric
from introeval.grading.wording import tidy
from introeval.notebooks.case import Case
from introeval.notebooks.evidence import code_evidence, text_evidence
from introeval.notebooks.guards import Bound, bounds, far, flags, off_topic
from introeval.notebooks.prompt import Prompt, analysis_text, feedback_prompt, technical_prompt
from introeval.notebooks.reply import (
    DOES_CHARS,
    ISSUES_MAX,
    NOTE_CHARS,
    REASON_CHARS,
    SUGGESTIONS_MAX,
    FeedbackReply,
    TechnicalReply,
    feedback_schema,
    parse_feedback,
    parse_technical,
    technical_schema,
)
from introeval.notebooks.report import NotebookCriterion, NotebookGuard, NotebookReport
from introeval.notebooks.totals import letter, review, totals


@dataclass(frozen=True, slots=True)
class Analysis:
    """The technical part after the guards. ``share``: of the maximum, that no criterion of either part can exceed."""

    criteria: tuple[NotebookCriterion, ...]
    caps: tuple[NotebookGuard, ...]
    bounds: tuple[Bound, ...]
    summary: str
    share: float

    @property
    def reasons(self) -> tuple[str, ...]:
        """Of all guards that speak of the code."""
        own = (bound.guard.reason for bound in self.bounds if bound.part == "technical")
        return (*(guard.reason for guard in self.caps), *own)


def ask_technical(case: Case, template: str | None = None) -> Prompt:
    """The technical question; only where ``case.asks_technical``."""
    longest = max(case.code.shown[cell] for cell in case.code_cells)
    criteria = case.criteria("technical")
    schema = technical_schema(criteria, case.code_cells, longest)
    return technical_prompt(
        criteria, case.instructions, case.notebook.language, case.counts, case.code, schema, template
    )


def read_technical(case: Case, text: str) -> TechnicalReply:
    """Raises ``GradeReplyError``."""
    return parse_technical(text, case.criteria("technical"), set(case.code_cells))


def analyse(case: Case, replies: Sequence[TechnicalReply]) -> Analysis:
    """The technical part; ``replies``: one of each technical model that was asked, none where none was."""
    topic = off_topic(case.counts, replies, case.rubric)
    caps = tuple(guard for guard in (case.refused, topic) if guard is not None)
    share = min((guard.cap for guard in caps), default=case.rubric.max_score) / case.rubric.max_score
    limits = bounds(case.counts, case.rubric)
    most = _most("technical", limits, share)
    why = caps[0].reason if caps else "No code could be shown to the model."
    criteria = tuple(
        _technical(case, criterion, replies, most)
        if replies
        else NotebookCriterion(
            name=criterion.name, part="technical", score=0, max_score=CRITERION_MAX, reason=why
        )
        for criterion in case.criteria("technical")
    )
    summary = tidy(replies[0].does, case.sample, DOES_CHARS) if replies else ""
    return Analysis(criteria, caps, limits, summary, share)


def ask_feedback(case: Case, analysis: Analysis, template: str | None = None) -> Prompt:
    """The feedback question."""
    criteria = case.criteria("reflection")
    told = analysis_text(analysis.summary, analysis.criteria, analysis.reasons)
    schema = feedback_schema(criteria, case.text_cells)
    return feedback_prompt(criteria, case.instructions, told, case.text, schema, template)


def read_feedback(case: Case, text: str) -> FeedbackReply:
    """Raises ``GradeReplyError``."""
    return parse_feedback(text, case.criteria("reflection"), set(case.text_cells))


def grade(case: Case, analysis: Analysis, reply: FeedbackReply) -> NotebookReport:
    """The whole grade: technical and reflection, each with its own maximum."""
    most = _most("reflection", analysis.bounds, analysis.share)
    reflection = tuple(_reflection(case, item, reply, most) for item in case.criteria("reflection"))
    criteria = analysis.criteria + reflection
    guards = analysis.caps + _held(analysis, criteria)
    score, parts = totals(case.rubric, criteria, cap=analysis.share * case.rubric.max_score)
    return NotebookReport(
        score=score,
        max_score=case.rubric.max_score,
        parts=parts,
        criteria=criteria,
        summary=analysis.summary,
        feedback=letter(reply, case.sample),
        flags=flags(
            case.screened.addressed,
            case.code.cut or case.text.cut,
            guards,
            unlike=not analysis.caps and far(case.counts, case.rubric),
        ),
        guards=guards,
        rubric=case.rubric.name,
        rubric_version=case.rubric.version,
        language=case.notebook.language,
        review=review(criteria, guards),
    )


def blank(rubric: Rubric, reason: str) -> NotebookReport:
    """The grade of a notebook in which nothing was written; nobody is asked."""
    guard = NotebookGuard(code="blank_notebook", reason=reason, cap=0.0)
    criteria = tuple(
        NotebookCriterion(name=item.name, part=item.part, score=0, max_score=CRITERION_MAX, reason=reason)
        for item in rubric.criteria
    )
    score, parts = totals(rubric, criteria, cap=0.0)
    return NotebookReport(
        score=score,
        max_score=rubric.max_score,
        parts=parts,
        criteria=criteria,
        flags=flags((), False, (guard,)),
        guards=(guard,),
        rubric=rubric.name,
        rubric_version=rubric.version,
        language="unknown",
        asked_model=False,
    )


def _technical(
    case: Case, criterion: Criterion, replies: Sequence[TechnicalReply], most: float
) -> NotebookCriterion:
    """The mean of what the models gave, with the words of the one nearest to it."""
    judged = [reply.criteria[criterion.name] for reply in replies]
    mean = fmean(item.score for item in judged)
    nearest = min(judged, key=lambda item: abs(item.score - mean))
    return NotebookCriterion(
        name=criterion.name,
        part="technical",
        score=kept_mark(mean, most),
        max_score=CRITERION_MAX,
        reason=_reason(case, nearest.reason),
        model_score=kept_mark(mean, CRITERION_MAX),
        evidence=code_evidence(case, nearest.evidence),
        issues=_notes(case, nearest.issues, ISSUES_MAX),
        suggestions=_notes(case, nearest.suggestions, SUGGESTIONS_MAX),
    )


def _reflection(case: Case, criterion: Criterion, reply: FeedbackReply, most: float) -> NotebookCriterion:
    judged = reply.criteria.get(criterion.name)
    if judged is None:
        why = "There is no text of your own in the notebook."
        return NotebookCriterion(
            name=criterion.name, part="reflection", score=0, max_score=CRITERION_MAX, reason=why
        )
    return NotebookCriterion(
        name=criterion.name,
        part="reflection",
        score=kept_mark(judged.score, most),
        max_score=CRITERION_MAX,
        reason=_reason(case, judged.reason),
        model_score=float(judged.score),
        evidence=text_evidence(case, judged.cells),
    )


def _most(part: str, limits: Sequence[Bound], share: float) -> float:
    return min([share * CRITERION_MAX, *(bound.score for bound in limits if bound.part == part)])


def _held(analysis: Analysis, criteria: Sequence[NotebookCriterion]) -> tuple[NotebookGuard, ...]:
    """The bounds that held a criterion below what a model gave, and say more than the caps."""
    return tuple(
        bound.guard
        for bound in analysis.bounds
        if bound.score < analysis.share * CRITERION_MAX
        and (
            bound.guard.code == "no_text"
            or any(item.part == bound.part and (item.model_score or 0) > bound.score for item in criteria)
        )
    )


def _reason(case: Case, text: str) -> str:
    return tidy(text, case.sample, REASON_CHARS) or "The model gave no reason."


def _notes(case: Case, texts: Sequence[str], most: int) -> tuple[str, ...]:
    tidied = (tidy(text, case.sample, NOTE_CHARS) for text in texts[:most])
    return tuple(text for text in tidied if text)
