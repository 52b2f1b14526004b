"""What one sees while the daemon works: a live picture on a terminal, a line for each change elsewhere."""

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from introeval.cli.lanes import PHASE_NAMES, overview, state_words, students
from introeval.cli.terminal import clock_time, plain, shown
from introeval.client.follow import Seen, View

AWAY = "The daemon does not answer at the moment; this is what it said last."


class Show(ABC):
    """Base of the two. ``say`` tells of something that is in no snapshot."""

    def __init__(self, out: Console) -> None:
        self.out = out
        self._began = time.monotonic()

    @property
    def elapsed(self) -> float:
        """Seconds since the show began."""
        return time.monotonic() - self._began

    def say(self, text: str) -> None:
        self.out.print(shown(f"[{clock_time(self.elapsed)}] {text}"), soft_wrap=True)

    @abstractmethod
    def see(self, seen: Seen) -> None:
        """Show what was seen last."""


class PlainShow(Show):
    """For pipes and logs."""

    def __init__(self, out: Console) -> None:
        super().__init__(out)
        self._before: View | None = None

    def see(self, seen: Seen) -> None:
        if isinstance(seen, View):
            for line in changes(self._before, seen):
                self.say(line)
            self._before = seen


class LiveShow(Show):
    """For a terminal: the lanes, and the students below."""

    def __init__(self, out: Console) -> None:
        super().__init__(out)
        self._view: View | None = None
        self._seen_at = 0.0
        self._away = False

    def see(self, seen: Seen) -> None:
        self._away = not isinstance(seen, View)
        if isinstance(seen, View):
            self._view, self._seen_at = seen, time.monotonic()

    def render(self) -> Group:
        clock = Text(f"introeval demo  {clock_time(self.elapsed)}", "bold")
        if self._view is None:
            return Group(clock)
        status = self._view.status
        now = status.at + time.monotonic() - self._seen_at
        trouble = [shown(AWAY, "yellow")] if self._away else []
        rows = students(self._view.submissions, status, now)
        return Group(clock, overview(status, now), rows, *trouble)


@contextmanager
def running_show(out: Console) -> Iterator[Show]:
    """The show that suits ``out``, until the end of the block."""
    if not out.is_terminal:
        yield PlainShow(out)
        return
    show = LiveShow(out)
    with Live(get_renderable=show.render, console=out, refresh_per_second=4):
        yield show


def changes(before: View | None, after: View) -> list[str]:
    """What differs between two looks, a line each: the phase first, then students by roll number."""
    lines = []
    if before is None or before.status.phase != after.status.phase:
        lines.append(f"phase: {PHASE_NAMES.get(after.status.phase, after.status.phase)}")
    known = {line.id: state_words(line) for line in before.submissions} if before else {}
    for line in sorted(after.submissions, key=lambda line: (line.roll_number, line.id)):
        words = state_words(line)
        if known.get(line.id) != words:
            score = "" if line.score is None else f", {line.score:g} of {line.max_score or 0:g}"
            lines.append(f"{plain(line.roll_number)} {plain(line.name)}: {words}{score}")
    return lines
