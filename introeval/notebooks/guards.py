"""What is decided in code, whatever the models say. Pure.

Rules:

1. Without code, or with nothing but code that was given or has no body, the technical model is not asked: that part is
   0, and the whole is capped.
2. Off topic: the technical model says so, and not many of the assignment's terms are there; or next to none are, nor
   one of the names that were asked for, and assignment and text are English. The whole is capped, and the teacher is
   asked to look. In other languages, and in two, terms differ without a reason: next to none is then only flagged.
3. Few own lines, missing names that were asked for, no run, no output, and errors bound each technical criterion. The
   lowest bound counts. An error that the student has marked as wanted is none, and says as much as an output, where it
   is not all there is.
4. No own text, or little, bounds each criterion of the reflection.
5. Words to the grader change nothing here: they are flagged, and were not shown to a model (``screening``).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from introeval.grading.report import Flag
from introeval.grading.rubric import CRITERION_MAX, Rubric
from introeval.notebooks.addressed import Addressed
from introeval.notebooks.counts import Counts
from introeval.notebooks.reply import TechnicalReply
from introeval.notebooks.report import NotebookGuard, PartName

FLAGGED_WORDS = 5
"""Places with words to the grader that are named; of more only the number is."""
UNLIKE = (
    "Next to none of the assignment's words are in the notebook, and no model said that it is about something else: it "
    "may be in another language, or off topic. Please check."
)
_TO_CHECK = frozenset({"no_code", "template_only", "off_topic"})


@dataclass(frozen=True, slots=True)
class Bound:
    """The highest score of each criterion of ``part``, and the guard that says why."""

    part: PartName
    score: float
    guard: NotebookGuard


def without_code(counts: Counts, rubric: Rubric) -> NotebookGuard | None:
    """Rule 1."""
    cap = rubric.notebook.blank_cap * rubric.max_score
    if not counts.code_cells:
        return NotebookGuard(code="no_code", reason="The notebook has no code.", cap=cap)
    if not counts.own_lines:
        reason = "The code is only what the assignment gave, or has no body; nothing of your own was found."
        return NotebookGuard(code="template_only", reason=reason, cap=cap)
    return None


def off_topic(counts: Counts, replies: Sequence[TechnicalReply], rubric: Rubric) -> NotebookGuard | None:
    """Rule 2."""
    share = counts.topic
    said = bool(replies) and all(reply.topic == "other" for reply in replies)
    plain = counts.alike and len(counts.missing) == counts.asked
    if not (far(counts, rubric) and plain) and not (
        said and (share is None or share < rubric.notebook.doubtful_share)
    ):
        return None
    reason = "The notebook is about something else than the assignment."
    return NotebookGuard(
        code="off_topic", reason=reason, cap=rubric.notebook.off_topic_cap * rubric.max_score
    )


def far(counts: Counts, rubric: Rubric) -> bool:
    """Whether the notebook has next to none of the assignment's terms."""
    return counts.topic is not None and counts.topic < rubric.notebook.off_topic_share


def bounds(counts: Counts, rubric: Rubric) -> tuple[Bound, ...]:
    """Rules 3 and 4, for a notebook with code of its own or without."""
    limits = rubric.notebook
    found: list[Bound] = []

    def bound(part: PartName, code: str, score: float, why: str) -> None:
        name = "Technical criteria" if part == "technical" else "The reflection's criteria"
        reason = f"{name} at most {score:g} of {CRITERION_MAX}: {why}."
        guard = NotebookGuard.model_validate({"code": code, "reason": reason, "cap": rubric.max_score})
        found.append(Bound(part, score, guard))

    if not counts.own_words:
        bound("reflection", "no_text", 0, "there is no text of your own")
    elif counts.own_words < limits.few_words:
        bound(
            "reflection", "few_words", limits.few_words_ceiling, f"only {counts.own_words} words are your own"
        )
    elif counts.own_words < limits.brief_words:
        why = f"{counts.own_words} words of your own cannot explain much"
        bound("reflection", "brief_words", limits.brief_words_ceiling, why)
    if not counts.own_lines:
        return tuple(found)
    if counts.own_lines < limits.few_lines:
        bound(
            "technical",
            "few_lines",
            limits.few_lines_ceiling,
            f"only {counts.own_lines} lines of code are your own",
        )
    if counts.missing:
        names = ", ".join(counts.missing[:5]) + (" and others" if len(counts.missing) > 5 else "")
        most = 2 * len(counts.missing) > counts.asked
        why = (
            f"{len(counts.missing)} of {counts.asked} names that were asked for are not in the code ({names})"
        )
        ceiling = limits.most_missing_ceiling if most else limits.some_missing_ceiling
        bound("technical", "missing_names", ceiling, why)
    if not counts.ran:
        bound(
            "technical",
            "not_run",
            limits.not_run_ceiling,
            "no cell was run, so nothing shows that the code works",
        )
    elif not counts.with_output and not counts.failed and len(counts.meant) in (0, counts.ran):
        shown = "anything but an error" if counts.meant else "an output"
        bound("technical", "no_outputs", limits.no_outputs_ceiling, f"no cell shows {shown}")
    if counts.failed:
        which = ", ".join(map(str, counts.failed[:6])) + (" and others" if len(counts.failed) > 6 else "")
        why = f"{len(counts.failed)} of {counts.ran} cells that were run end with an error (cell {which})"
        if len(counts.failed) == counts.ran:
            bound("technical", "all_errors", limits.all_errors_ceiling, why)
        elif 2 * len(counts.failed) >= counts.ran:
            bound("technical", "many_errors", limits.many_errors_ceiling, why)
        else:
            bound("technical", "some_errors", limits.some_errors_ceiling, why)
    return tuple(found)


def flags(
    addressed: Sequence[Addressed], cut: bool, guards: Sequence[NotebookGuard], unlike: bool = False
) -> tuple[Flag, ...]:
    """What the teacher should look at. ``unlike``: no cap, but the terms are not there (rule 2)."""
    found = [
        Flag(
            code="addressed_to_grader",
            message=f'In {_where(item)} the notebook addresses the grader: "{item.words[:300]}" '
            "These words were not shown to the models and did not change the grade.",
        )
        for item in addressed[:FLAGGED_WORDS]
    ]
    if len(addressed) > FLAGGED_WORDS:
        more = f"The notebook addresses the grader in {len(addressed) - FLAGGED_WORDS} more places."
        found.append(Flag(code="addressed_to_grader", message=more))
    if cut:
        found.append(
            Flag(code="notebook_cut", message="The notebook is very long; parts of it were not graded.")
        )
    found += [
        Flag(code=guard.code, message=f"{guard.reason} The grade is capped at {guard.cap:g}; please check.")
        for guard in guards
        if guard.code in _TO_CHECK
    ]
    if unlike:
        found.append(Flag(code="few_terms", message=UNLIKE))
    return tuple(found)


def _where(item: Addressed) -> str:
    return f"cell {item.cell}, line {item.line}" if item.line else f"an output of cell {item.cell}"
