"""The daemon on a terminal: a lane for speech to text, a lane for the language models, never both at work. Pure."""

import math
from collections.abc import Mapping, Sequence

from rich.bar import Bar
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from introeval.cli.terminal import clock_time, shown
from introeval.client.shapes import Line, Running, Server, Status
from introeval.grading.rounding import score_text

WORKING, RESTING = "bold green", "dim"
PHASE_NAMES = {"stt": "speech to text", "llm": "language models", "switching": "hand-over"}
STATE_STYLES = {"completed": "green", "failed": "red", "processing": "bold", "retry": "yellow"}


def overview(status: Status, now: float) -> Group:
    """``now``: the daemon's clock, in seconds since the epoch."""
    lanes = Table.grid(expand=True, padding=0)
    lanes.add_column(ratio=1)
    lanes.add_column(ratio=1)
    lanes.add_row(_speech(status, now), _language(status, now))
    return Group(headline(status, now), shown(status.why, "dim"), lanes, totals(status))


def headline(status: Status, now: float) -> Text:
    """The phase with its age, and the hand-overs so far."""
    name = PHASE_NAMES.get(status.phase, status.phase)
    line = Text.assemble(("Phase: ", "bold"), shown(name, "bold cyan"), f"  {clock_time(now - status.since)}")
    line.append(f"   hand-overs {status.switchovers}")
    if status.last_switchover_seconds is not None:
        line.append(f" (last {status.last_switchover_seconds:.1f} s)")
    line.append(f"   violations {status.violations}", "bold red" if status.violations else "")
    return line


def totals(status: Status) -> Text:
    """How many are where, and the newest error."""
    counts = status.totals
    line = Text(
        f"Waiting for speech to text {status.queues.stt}, for a grade {status.queues.llm}; "
        f"completed {counts.get('completed', 0)}, failed {counts.get('failed', 0)}"
    )
    if status.max_wait_seconds is not None:
        line.append(
            f"\nA closed batch gets its phase within {math.ceil(status.max_wait_seconds / 60)} min.", "dim"
        )
    if status.last_error:
        line.append("\nLast error: ").append_text(shown(status.last_error, "yellow"))
    return line


def students(lines: Sequence[Line], status: Status, now: float) -> Table:
    """A row for each submission, by roll number, with its progress."""
    running = {task.task_id: task for task in status.running}
    table = Table("ROLL", "NAME", "STATE", "PROGRESS", "SCORE", box=None, pad_edge=False, expand=False)
    for line in sorted(lines, key=lambda line: (line.roll_number, line.id)):
        task = running.get(line.id)
        table.add_row(
            shown(line.roll_number),
            shown(line.name),
            shown(state_words(line), STATE_STYLES.get(line.status, "")),
            _progress(line, task, now),
            _score(line),
        )
    return table


def state_words(line: Line) -> str:
    """Where a submission is, for people."""
    if line.ended:
        return line.current_phase
    waiting = {"stt": "waits for speech to text", "llm": "waits for a grade"}
    working = {"stt": "being transcribed", "llm": "being graded"}
    words = (working if line.status == "processing" else waiting).get(line.current_phase, line.current_phase)
    return f"{words} (retry {line.retry_count})" if line.status == "retry" else words


def _speech(status: Status, now: float) -> Panel:
    active = status.phase == "stt"
    rows: list[RenderableType] = [shown(status.stt_model or "no model", "dim")]
    rows += [_task(task, now) for task in status.running if task.stage == "stt"]
    return _lane("speech to text", "exclusive", active, rows)


def _language(status: Status, now: float) -> Panel:
    active = status.phase == "llm"
    by_server: dict[str | None, list[Running]] = {}
    for task in status.running:
        if task.stage == "llm":
            by_server.setdefault(task.server, []).append(task)
    rows: list[RenderableType] = []
    for server in status.servers:
        rows.append(_server(server))
        rows += [_task(task, now) for task in by_server.pop(server.name, [])]
    # Work whose server the daemon does not name is not to be read as the last server's.
    nameless = [_task(task, now) for tasks in by_server.values() for task in tasks]
    rows += [Text("being graded:"), *nameless] if nameless else []
    return _lane("language models", "shared", active, rows)


def _lane(title: str, kind: str, active: bool, rows: Sequence[RenderableType]) -> Panel:
    style = WORKING if active else RESTING
    state = "has the machine" if active else "waits"
    return Panel(Group(*rows), title=f"{title} ({kind}): {state}", border_style=style, title_align="left")


def _server(server: Server) -> Text:
    state, style = ("loaded", "green") if server.loaded else ("unloaded", "dim")
    if not server.healthy:
        state, style = "down", "red"
    line = shown(server.name, "bold").append(" ").append_text(shown(server.model, "dim"))
    line.append(f" {state}", style).append(
        f"  {server.in_flight}/{server.slots} busy  {server.graded} graded"
    )
    if server.next_try_seconds is not None:
        line.append(
            f"  failed {server.strikes} times in a row, next try in {server.next_try_seconds:.0f} s", "dim"
        )
    if server.last_error and not server.healthy:
        line.append("\n  ").append_text(shown(server.last_error, "red"))
    return line


def _task(task: Running, now: float) -> Text:
    done = "" if task.progress is None else f" {task.progress:4.0%}"
    return (
        Text("  ").append_text(shown(task.roll_number)).append(f"{done} {clock_time(now - task.started_at)}")
    )


def _progress(line: Line, task: Running | None, now: float) -> RenderableType:
    halves: Mapping[str, float] = {"stt": 0.0, "llm": 0.5, "completed": 1.0, "failed": 1.0}
    # A terminal's bar is for the way as a whole: transcription is its first half, the grade its second.
    way = halves.get(line.current_phase, 0.0) + (0.5 * (task.progress or 0.0) if task else 0.0)
    grid = Table.grid(padding=(0, 1))
    age = clock_time(now - task.started_at) if task else ""
    colour = "red" if line.current_phase == "failed" else "green"
    grid.add_row(Bar(1.0, 0, min(way, 1.0), width=16, color=colour), age)
    return grid


def _score(line: Line) -> Text:
    if line.score is None or line.max_score is None:
        return Text("")
    return Text(f"{score_text(line.score)}/{score_text(line.max_score)}")
