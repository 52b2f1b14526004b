"""The log: JSON lines for machines, readable lines on a terminal, and nothing of a person in either.

Rules:

1. Only the keys of ``ALLOWED`` are written. Another key's value is dropped and its name listed under ``dropped``, so
   that a transcript, an answer or a name cannot get in by a new line of code that nobody looked at twice.
2. The message (``event``) is a constant text; what varies goes into keys.
3. Of an exception the log keeps its kind and its frames. Its message only when it is ours: a library's may quote its
   input (pydantic's does), and the input is a person's speech or a model's text.
4. Lines by way of ``logging`` (the lower packages, aiohttp, asyncio) take the same way, with their ``extra`` as keys,
   cut to their first line; libraries' chatter below ``warning`` is left out.
"""

import logging
import sys
import traceback
from types import TracebackType
from typing import Literal, TextIO

from introeval.lean import absent
from scheduler.errors import IntroevalError

with absent("rich"):  # for tracebacks that rule 3 forbids anyway
    import structlog
    from structlog.typing import EventDict, Processor, WrappedLogger

OWN = frozenset({"event", "level", "timestamp", "logger", "exception", "dropped"})
"""Keys that the log itself adds."""

ALLOWED = OWN | {
    "batch_id", "batch_size", "code", "compute_seconds", "count", "from_phase", "latency_ms", "load_ms",
    "media_seconds", "method", "model", "models", "phase", "pid", "retry_count", "route", "seconds", "server",
    "size_bytes", "status", "switchover_seconds", "task_id", "to_phase", "tokens_in", "tokens_out", "url",
}  # fmt: skip
"""A test holds this against the keys that the source logs."""

_LONGEST_FOREIGN_LINE = 300

Format = Literal["auto", "json", "console"]


def configure(format: Format = "auto", level: str = "info", stream: TextIO | None = None) -> None:
    """Send all logs of this process to ``stream`` (default: stderr). May be called again; the last call counts."""
    stream = stream or sys.stderr
    console = format == "console" or (format == "auto" and stream.isatty())
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=not console),
        keep_frames,
        keep_allowed,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.contextvars.merge_contextvars,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    renderer: Processor = (
        structlog.dev.ConsoleRenderer(colors=stream.isatty())
        if console
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[cut_foreign, structlog.stdlib.ExtraAdder(), *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    _install(handler, level)


def keep_allowed(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Drop what is not in ``ALLOWED`` (rule 1). structlog's own underscored keys pass: they are never printed."""
    dropped = sorted(key for key in event if key not in ALLOWED and not key.startswith("_"))
    for key in dropped:
        del event[key]
    if dropped:
        event["dropped"] = dropped
    return event


def keep_frames(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Replace ``exc_info`` by kinds and frames (rule 3)."""
    given = event.pop("exc_info", None)
    if given is True:
        given = sys.exc_info()
    if isinstance(given, tuple):
        given = given[1]
    if isinstance(given, BaseException):
        event["exception"] = describe(given)
    # The formatter would print the record's own traceback, with the message, below the line.
    record = event.get("_record")
    if isinstance(record, logging.LogRecord):
        record.exc_info = record.exc_text = None
    return event


def describe(error: BaseException) -> str:
    """Kinds, outermost first, each with its innermost frame; messages of our own errors only."""
    parts: list[str] = []
    seen: BaseException | None = error
    while seen is not None and len(parts) < 8:
        message = f": {seen}" if isinstance(seen, IntroevalError) else ""
        parts.append(f"{type(seen).__name__}{message} at {_frames(seen.__traceback__)}")
        if isinstance(seen, BaseExceptionGroup):
            parts.extend(f"in group: {describe(inner)}" for inner in seen.exceptions[:4])
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return "; from ".join(parts)


def cut_foreign(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Keep a library's first line only (rule 4)."""
    lines = str(event.get("event", "")).splitlines() or [""]
    event["event"] = lines[0][:_LONGEST_FOREIGN_LINE]
    return event


def _frames(trace: TracebackType | None) -> str:
    frames = traceback.extract_tb(trace)[-3:]
    return (
        " > ".join(f"{frame.name} ({frame.filename.rpartition('/')[2]}:{frame.lineno})" for frame in frames)
        or "?"
    )


def _install(handler: logging.Handler, level: str) -> None:
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    for package in ("introeval", "scheduler", "stt", "models", "db"):
        logging.getLogger(package).setLevel(level.upper())
