"""From a checked reply to a grade: guards, quotes and the score, all in code. Pure.

The order of use: ``precheck`` (a grade without a model, or ``None``), ``build_prompt``, ask, ``parse_reply``,
``grade``.
"""

from collections.abc import Sequence

from introeval.grading.guards import Ceiling, caps, ceilings, counted_facts, flags, refuse
from introeval.grading.reply import NOTE_CHARS, REASON_CHARS, Judgement, Reply
from introeval.grading.report import AppliedGuard, CriterionGrade, Evidence, GradeReport, Note
from introeval.grading.rounding import kept_grade, kept_mark
from introeval.grading.rubric import CRITERION_MAX, Criterion, Rubric
from introeval.grading.speech import Line, Segment, Speech, number
from introeval.grading.wording import tidy


def precheck(segments: Sequence[Segment], media_seconds: float, rubric: Rubric) -> GradeReport | None:
    """The grade of a speech that no model needs to see; ``None`` when one must be asked."""
    speech = number(segments)
    guard = refuse(speech, media_seconds, rubric)
    if guard is None:
        return None
    evidence = tuple(_evidence(line) for line in speech.lines[:1])
    criteria = tuple(
        CriterionGrade(
            name=criterion.name, score=0, max_score=CRITERION_MAX, reason=guard.reason, evidence=evidence
        )
        for criterion in rubric.criteria
    )
    return GradeReport(
        score=0,
        max_score=rubric.max_score,
        criteria=criteria,
        flags=flags(speech, (guard,)),
        guards=(guard,),
        rubric=rubric.name,
        rubric_version=rubric.version,
        asked_model=False,
    )


def grade(rubric: Rubric, segments: Sequence[Segment], media_seconds: float, reply: Reply) -> GradeReport:
    """The grade for a reply that ``parse_reply`` gave for the same rubric and segments."""
    refused = precheck(segments, media_seconds, rubric)
    if refused is not None:
        return refused
    speech = number(segments)
    facts = counted_facts(reply.facts, speech)
    guards = caps(speech, facts, reply, rubric)
    share = min((guard.cap for guard in guards), default=rubric.max_score) / rubric.max_score
    bounds = ceilings(speech, facts, rubric)
    limits = [_limit(criterion, share, bounds) for criterion in rubric.criteria]
    judged = [reply.criteria[criterion.name] for criterion in rubric.criteria]
    criteria = tuple(
        _criterion(criterion, judgement, limit, speech)
        for criterion, judgement, limit in zip(rubric.criteria, judged, limits, strict=True)
    )
    return GradeReport(
        score=_total(rubric, criteria, share * rubric.max_score),
        max_score=rubric.max_score,
        criteria=criteria,
        flags=flags(speech, guards),
        facts=tuple(_note(fact.fact, fact.segment, speech) for fact in facts),
        problems=tuple(_note(item.problem, item.segment, speech) for item in reply.problems),
        guards=guards + _held(rubric, reply, [bound for bound in bounds if not _said(bound, guards, share)]),
        rubric=rubric.name,
        rubric_version=rubric.version,
    )


def _limit(criterion: Criterion, share: float, bounds: Sequence[Ceiling]) -> float:
    scores = [bound.score for bound in bounds if bound.bounds(criterion)]
    return min([share * CRITERION_MAX, *scores])


def _said(bound: Ceiling, guards: Sequence[AppliedGuard], share: float) -> bool:
    """Whether the caps of the whole grade tell as much already."""
    return bound.score >= share * CRITERION_MAX or (
        bound.code == "few_facts" and any(guard.code == "no_facts" for guard in guards)
    )


def _held(rubric: Rubric, reply: Reply, bounds: Sequence[Ceiling]) -> tuple[AppliedGuard, ...]:
    """One guard for each ceiling that held a criterion below what the model gave."""
    found = []
    for bound in bounds:
        names = [
            criterion.name
            for criterion in rubric.criteria
            if bound.bounds(criterion) and reply.criteria[criterion.name].score > bound.score
        ]
        if names:
            held = " and ".join(names).replace("_", " ").capitalize()
            reason = f"{held} at most {bound.score} of {CRITERION_MAX}: {bound.reason}."
            found.append(AppliedGuard(code=bound.code, reason=reason, cap=rubric.max_score))
    return tuple(found)


def _criterion(criterion: Criterion, judgement: Judgement, limit: float, speech: Speech) -> CriterionGrade:
    transcript = " ".join(line.quote for line in speech.lines)
    numbers = sorted(set(judgement.segments))
    # A model may point at a line that it was not shown; such a line is evidence only where it gave no other.
    read = [at for at in numbers if not speech.lines[at - 1].withheld]
    return CriterionGrade(
        name=criterion.name,
        score=kept_mark(judgement.score, limit),
        max_score=CRITERION_MAX,
        reason=tidy(judgement.reason, transcript, REASON_CHARS) or "The model gave no reason.",
        model_score=float(judgement.score),
        evidence=tuple(_evidence(speech.lines[at - 1]) for at in read or numbers),
    )


def _total(rubric: Rubric, criteria: Sequence[CriterionGrade], most: float) -> float:
    """The weighted mean of the criteria on the grade's scale, and no more than ``most``."""
    weights = [criterion.weight for criterion in rubric.criteria]
    reached = sum(weight * item.score for weight, item in zip(weights, criteria, strict=True))
    return kept_grade(rubric.max_score * reached / (CRITERION_MAX * sum(weights)), most)


def _note(text: str, at: int, speech: Speech) -> Note:
    line = speech.lines[at - 1]
    return Note(text=tidy(text, line.quote, NOTE_CHARS), start=line.start, end=line.end)


def _evidence(line: Line) -> Evidence:
    return Evidence(start=line.start, end=line.end, quote=line.quote)
