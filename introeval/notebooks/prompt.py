"""The two questions: the technical model's about the code, the feedback model's about the analysis and the text. Pure.

Rules:

1. What comes before the data depends on the assignment alone, so that a server's prefix cache serves all students.
2. The data stands between tags that nothing in it can close (``screening``, ``layout``).
3. The feedback model sees the analysis after the guards, and never the code. What the technical model wrote comes from
   a student's notebook, too: it is screened like one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from introeval.grading.rubric import Criterion
from introeval.notebooks.addressed import screen_text
from introeval.notebooks.counts import Counts
from introeval.notebooks.layout import Layout
from introeval.notebooks.report import NotebookCriterion
from introeval.notebooks.screening import safe
from introeval.notebooks.templates import DEFAULTS, Placeholder, Role, fill

INSTRUCTION_CHARS = 4_000
"""Of the assignment's instructions in a prompt."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """``schema``: the JSON schema that binds the reply."""

    text: str
    schema: dict[str, Any]


def technical_prompt(
    criteria: Sequence[Criterion],
    instructions: str,
    language: str,
    counts: Counts,
    layout: Layout,
    schema: dict[str, Any],
    template: str | None = None,
) -> Prompt:
    """The same inputs give the same bytes."""
    failed = ", ".join(map(str, counts.failed)) or "none"
    counted = f"Counted: {language}, {counts.code_cells} code cells, {counts.ran} of them run, with errors: {failed}."
    if counts.meant:
        counted += (
            f" Marked by the student as meant to end with an error: {', '.join(map(str, counts.meant))}."
        )
    if counts.missing:
        counted += f" Asked for and not in the code: {', '.join(counts.missing)}."
    data = f"<notebook>\n{counted}\n{layout.text}\n</notebook>"
    return _prompt("technical", template, criteria, instructions, {Placeholder.NOTEBOOK: data}, schema)


def feedback_prompt(
    criteria: Sequence[Criterion],
    instructions: str,
    analysis: str,
    layout: Layout,
    schema: dict[str, Any],
    template: str | None = None,
) -> Prompt:
    """The same inputs give the same bytes."""
    text = layout.text or "[the student wrote no text]"
    data = {
        Placeholder.ANALYSIS: f"<review>\n{analysis}\n</review>",
        Placeholder.TEXT: f"<student_text>\n{text}\n</student_text>",
    }
    return _prompt("feedback", template, criteria, instructions, data, schema)


def analysis_text(summary: str, criteria: Sequence[NotebookCriterion], reasons: Sequence[str]) -> str:
    """The technical part as the feedback model sees it. ``reasons``: those of the guards."""
    lines = [f"The code: {_safe(summary)}"] if summary else []
    for item in criteria:
        lines.append(f"{item.name} ({_word(item.score / item.max_score)}): {_safe(item.reason)}")
        lines += [f"- issue: {_safe(issue)}" for issue in item.issues]
        lines += [f"- suggestion: {_safe(suggestion)}" for suggestion in item.suggestions]
    lines += [f"counted: {_safe(reason)}" for reason in dict.fromkeys(reasons)]
    return "\n".join(lines)


def _prompt(
    role: Role,
    template: str | None,
    criteria: Sequence[Criterion],
    instructions: str,
    data: dict[Placeholder, str],
    schema: dict[str, Any],
) -> Prompt:
    values = data | {
        Placeholder.ASSIGNMENT: _cut(instructions.strip()) or "(no instructions were given)",
        Placeholder.RUBRIC: "\n".join(_criterion(criterion) for criterion in criteria),
    }
    return Prompt(fill(template or DEFAULTS[role], values), schema)


def _criterion(criterion: Criterion) -> str:
    levels = "; ".join(f"{level} = {meaning}" for level, meaning in criterion.levels.items())
    return f"{criterion.name}: {criterion.question}\n{levels}"


def _cut(instructions: str) -> str:
    if len(instructions) <= INSTRUCTION_CHARS:
        return instructions
    return f"{instructions[:INSTRUCTION_CHARS]} [cut: {len(instructions) - INSTRUCTION_CHARS} characters]"


def _safe(text: str) -> str:
    (shown,), _ = screen_text([" ".join(text.split())])
    return safe(shown)


def _word(share: float) -> str:
    return "good" if share >= 0.75 else "partly" if share >= 0.45 else "weak"
