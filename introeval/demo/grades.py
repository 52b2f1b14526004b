"""The table at the end: each student's score, a reason for it and a quote with its time. Pure."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from introeval.cli.terminal import clock_time, shown
from introeval.client.shapes import Evidence, Submission
from introeval.grading.rounding import score_text
from introeval.grading.telling import telling


def grades_table(submissions: Sequence[Submission], refused: Sequence[tuple[str, str, str]] = ()) -> Table:
    """``refused``: (roll number, name, reason) of what was not accepted."""
    table = Table(title="Grades", title_justify="left", show_lines=True)
    for heading in ("Roll", "Name", "Score"):
        table.add_column(heading, no_wrap=True)
    table.add_column("Why", ratio=1)
    for submission in submissions:
        table.add_row(
            shown(submission.roll_number), shown(submission.name), _score(submission), _why(submission)
        )
    for roll, name, reason in refused:
        table.add_row(shown(roll), shown(name), Text("refused", "red"), shown(reason))
    return table


def _score(submission: Submission) -> Text:
    if submission.grade is None:
        return Text(submission.current_phase, "red")
    return Text(f"{score_text(submission.grade.score)} / {score_text(submission.grade.max_score)}", "bold")


def _where(evidence: Evidence) -> str:
    return evidence.place or "" if evidence.start is None else clock_time(evidence.start)


def _why(submission: Submission) -> Text:
    lines: list[Text] = []
    if submission.error_message:
        lines.append(shown(submission.error_message))
    grade = submission.grade
    criterion = telling(grade.criteria, [guard.reason for guard in grade.guards]) if grade else None
    if criterion is not None and criterion.score is not None:
        full = "" if criterion.max_score is None else f"/{score_text(criterion.max_score)}"
        lines.append(shown(f"{criterion.name} {score_text(criterion.score)}{full}: {criterion.reason or ''}"))
        lines += [
            shown(f'{_where(evidence)} "{evidence.quote}"', "cyan") for evidence in criterion.evidence[:1]
        ]
    lines += [shown(f"Why not more: {reason}", "yellow") for reason in submission.why_not_more]
    lines += [shown(f"Look at it: {flag.message or flag.code}", "yellow") for flag in submission.flags]
    return Text("\n").join(lines)
