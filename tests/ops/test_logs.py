"""The log: what is in a line, and what never is."""

import io
import logging

import structlog

from introeval.logs import configure
from scheduler.errors import AttemptFailedError
from tests.ops.lines import lines


def test_allowed_keys_only(stream: io.StringIO) -> None:
    """Names, transcripts and answers do not get in; that they were left out is said."""
    structlog.get_logger("introeval.x").info("graded", task_id=3, roll_number="R1", transcript="I am Ann")
    (line,) = lines(stream)
    assert line["task_id"] == 3
    assert line["dropped"] == ["roll_number", "transcript"]
    assert "Ann" not in stream.getvalue()
    assert {"event", "level", "logger", "timestamp"} <= line.keys()


def test_messages_of_libraries_exceptions_are_left_out(stream: io.StringIO) -> None:
    """A library's error may quote its input; ours are sentences that may be read by anyone."""
    log = structlog.get_logger("introeval.x")
    try:
        try:
            int("I am Ann")
        except ValueError as error:
            raise AttemptFailedError("the reply could not be used") from error
    except AttemptFailedError:
        log.exception("failed", task_id=3)
        logging.getLogger("aiohttp.server").error("Error handling request\nI am Ann", exc_info=True)
    ours, theirs = lines(stream)
    assert "AttemptFailedError: the reply could not be used" in ours["exception"]
    assert "ValueError at" in theirs["exception"]
    assert theirs["event"] == "Error handling request"
    assert "Ann" not in stream.getvalue()


def test_standard_logging_takes_the_same_way(stream: io.StringIO) -> None:
    """The lower packages log without structlog; ``extra`` becomes keys under the same rule."""
    logging.getLogger("scheduler.jobs").info("late", extra={"task_id": 7, "answer": "Ann"})
    logging.getLogger("aiohttp.access").info("GET /")
    (line,) = lines(stream)
    assert (line["task_id"], line["dropped"]) == (7, ["answer"])


def test_console(stream: io.StringIO) -> None:
    """A person gets a readable line, without colours when it is no terminal."""
    target = io.StringIO()
    configure("console", "info", target)
    structlog.get_logger("introeval.x").info("phase entered", phase="stt")
    assert "phase entered" in target.getvalue()
    assert "phase=stt" in target.getvalue()
    assert "\x1b" not in target.getvalue()
