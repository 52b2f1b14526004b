"""The demo's pure parts: which criterion explains a grade, the table, the lines of progress, the fallback of models."""

import asyncio
from pathlib import Path

import pytest
from rich.console import Console

from introeval.cli.lanes import overview, students
from introeval.cli.terminal import clock_time, plain
from introeval.client.follow import View
from introeval.client.shapes import (
    Criterion,
    Evidence,
    Flag,
    Grade,
    Guard,
    Line,
    Running,
    Server,
    Status,
    Submission,
)
from introeval.demo.daemon import DemoDaemon
from introeval.demo.errors import DemoError
from introeval.demo.grades import grades_table
from introeval.demo.samples import demo_entries
from introeval.demo.show import changes
from introeval.demo.weights import have_all, have_or_smaller
from models.weights import WeightsError
from scheduler.errors import ConfigurationError

QUOTE = Evidence(start=75.4, end=78.0, quote="I built a robot")
CLARITY = Criterion(name="clarity", score=9, max_score=10, reason="Clear.", evidence=(QUOTE,))
CONTENT = Criterion(name="content", score=4, max_score=10, reason="Little said.", evidence=(QUOTE,))
FILLERS = Guard(code="fillers", reason="clarity at most 4 of 10: 12 fillers in 90 words.", cap=10)
OFF_TOPIC = Guard(code="off_topic", reason="It is about soup.", cap=2)


def printed(*renderables: object) -> str:
    """What a terminal of 100 columns would show, without colours."""
    out = Console(width=100, color_system=None, markup=False, emoji=False, highlight=False)
    with out.capture() as captured:
        out.print(*renderables)
    return captured.get()


def test_the_table_has_score_reason_timed_quote_and_flags() -> None:
    """A refused file and a failed one have their reasons."""
    graded = Submission(
        id="1",
        roll_number="D1",
        name="Maya",
        current_phase="completed",
        status="completed",
        grade=Grade(score=6.5, max_score=10, criteria=(CLARITY, CONTENT), guards=(FILLERS, OFF_TOPIC)),
        flags=(Flag(code="off_topic", message="It is about soup; please check."),),
    )
    failed = Submission(
        id="2", roll_number="D2", current_phase="failed", status="failed", error_message="No sound."
    )
    text = printed(grades_table([graded, failed], [("D3", "Sam", "Not a video.")]))
    for part in (
        "6.5 / 10",
        "content 4/10: Little said.",
        '01:15 "I built a robot"',
        "Why not more: clarity at most 4 of 10: 12 fillers in 90 words.",
        "Look at it: It is about soup; please check.",
        "No sound.",
        "Not a video.",
    ):
        assert part in text
    # What a flag says is not said twice.
    assert text.count("It is about soup") == 1


def status(phase: str, *running: Running) -> Status:
    """A daemon in ``phase``."""
    servers = (Server(name="left", model="q", healthy=True, loaded=True, slots=1, in_flight=1),)
    return Status(at=100.0, phase=phase, since=40.0, servers=servers, running=running)


def line(state: str, at: str = "pending", **fields: object) -> Line:
    """A submission in a list."""
    values = {"id": "1", "roll_number": "D1", "name": "Maya", "current_phase": state, "status": at}
    return Line.model_validate(values | fields)


def test_the_lane_that_has_the_machine_is_named() -> None:
    """And the other waits; work is shown under its server."""
    text = printed(
        overview(
            status(
                "llm", Running(task_id="1", roll_number="D1", stage="llm", started_at=70.0, server="left")
            ),
            100,
        )
    )
    assert "language models (shared): has the machine" in text
    assert "speech to text (exclusive): waits" in text
    assert "D1 00:30" in text
    assert "Phase: language models  01:00" in text


def test_students_show_where_they_are() -> None:
    """By roll number, with the score once there is one."""
    rows = [
        line("completed", "completed", score=7.0, max_score=10.0),
        line("stt", "retry", id="2", roll_number="D0", retry_count=1),
    ]
    text = printed(students(rows, status("stt"), 100)).splitlines()
    assert text[1].startswith("D0")
    assert "waits for speech to text (retry 1)" in text[1]
    assert text[2].rstrip().endswith("7/10")


def test_plain_lines_tell_changes_only() -> None:
    """The first look tells all, a look without news tells nothing."""
    first = View(status("stt"), (line("stt"),))
    then = View(status("llm"), (line("completed", "completed", score=7.0, max_score=10.0),))
    assert changes(None, first) == ["phase: speech to text", "D1 Maya: waits for speech to text"]
    assert changes(first, first) == []
    assert changes(first, then) == ["phase: language models", "D1 Maya: completed, 7 of 10"]


def test_untrusted_text_cannot_steer_the_terminal() -> None:
    """Escape sequences, reordering marks and line breaks become blanks; markup stays text."""
    assert plain("a\x1b[31m\u202eb\nc") == "a [31m b c"
    assert "[bold]x[/bold]" in printed(students([line("stt", name="[bold]x[/bold]")], status("stt"), 100))


def test_times_are_minutes_and_seconds() -> None:
    """Below zero there is none: clocks differ."""
    assert [clock_time(seconds) for seconds in (-1, 0, 75.9, 6000)] == ["00:00", "00:00", "01:15", "100:00"]


def test_the_repositorys_samples_are_found() -> None:
    """With their students, as the manifest says."""
    found = {entry.path.name: entry.roll_number for entry in demo_entries(None)}
    assert len(found) >= 6
    assert found["strong.mp4"] == "D001"


async def test_the_next_smaller_model_is_taken_and_explained() -> None:
    """Each model that cannot be had adds a remark on what the smaller one means for the grades."""

    async def pull(name: str) -> Path:
        if "qwen" in name:
            raise WeightsError(f"the model {name} could not be installed")
        return Path(name)

    had, remarks = await have_or_smaller("qwen2.5-coder-1.5b-instruct", pull)
    assert had == "smollm2-135m-instruct"
    assert [("nearly flat" in remark, "mean nothing" in remark) for remark in remarks] == [
        (True, False),
        (False, True),
    ]
    with pytest.raises(WeightsError):
        await have_or_smaller("qwen2.5-coder-1.5b-instruct", _offline)


async def test_models_are_had_at_once_and_told_in_order() -> None:
    """Nobody waits for another's download; names and remarks keep their order, whoever is first."""
    together = asyncio.Barrier(3)

    async def pull(name: str) -> Path:
        if name.startswith("qwen2.5-coder"):
            raise WeightsError(f"the model {name} could not be installed")
        await together.wait()
        return Path(name)

    names = ("whisper-base", "qwen2.5-coder-1.5b-instruct", "smollm2-135m-instruct")
    had = await have_all(names, pull)
    assert [name for name, _ in had] == ["whisper-base", "smollm2-135m-instruct", "smollm2-135m-instruct"]
    assert [len(remarks) for _, remarks in had] == [0, 2, 0]


@pytest.mark.parametrize("name", ["smollm2-135m-instruct", "nobody"])
async def test_a_model_that_cannot_be_had_ends_the_other_pulls(name: str) -> None:
    """One error, no group of them, and no download goes on behind it."""
    ended = asyncio.Event()

    async def pull(name: str) -> Path:
        if name == "whisper-base":
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()
        return await _offline(name)

    with pytest.raises(ConfigurationError, match=f"no source|{name}"):
        await have_all(("whisper-base", name), pull)
    assert ended.is_set()


async def _offline(name: str) -> Path:
    raise WeightsError("no source")


async def test_a_daemon_that_cannot_start_says_its_last_words(tmp_path: Path) -> None:
    """A wrong setting in the environment ends the demo with the daemon's own message."""
    daemon = DemoDaemon(tmp_path, tmp_path, 0, {"INTROEVAL_MAX_RETRIES": "many"})
    with pytest.raises(DemoError, match="max_retries"):
        await daemon.start()
    await daemon.stop()
