"""The lines between the daemon and a Whisper child: one JSON object a line, each way.

The daemon writes ``Job``; closing the child's standard input ends it. The child writes ``Loaded`` once, then for
each job any number of ``Heard`` and ``Heartbeat``, then one ``Done`` or ``Failed``. One job at a time.
"""

import json
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from stt.errors import ChildCrashedError
from stt.options import DecodeOptions
from stt.transcript import Segment, segment_from_json, segment_to_json

LINE_LIMIT = 4 * 1024 * 1024
"""Bytes of the longest line; a segment with its words has a few thousand."""


@dataclass(frozen=True, slots=True)
class ChildSettings:
    """The child's one argument, as JSON. ``device``: ``auto``, ``cpu`` or ``cuda``. ``parent``: process id."""

    model_dir: str
    device: str
    threads: int
    parent: int
    heartbeat_seconds: float = 2.0


@dataclass(frozen=True, slots=True)
class Job:
    """Transcribe the WAV at ``wav``."""

    wav: str
    options: DecodeOptions = field(default_factory=DecodeOptions)


@dataclass(frozen=True, slots=True)
class Loaded:
    """The model is in memory. ``seconds``: it took."""

    device: str
    compute_type: str
    seconds: float
    kind: Literal["loaded"] = "loaded"


@dataclass(frozen=True, slots=True)
class Heard:
    """One more segment, as ``stt.transcript`` writes it."""

    segment: dict[str, Any]
    kind: Literal["heard"] = "heard"


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Sign of life. ``steps`` grows with each stage of the work; ``rss``: resident memory in bytes."""

    steps: int
    rss: int
    kind: Literal["heartbeat"] = "heartbeat"


@dataclass(frozen=True, slots=True)
class Done:
    """The job is finished. ``compute_seconds``: wall clock in the model. ``language``: ``None`` without speech."""

    language: str | None
    media_seconds: float
    compute_seconds: float
    kind: Literal["done"] = "done"


@dataclass(frozen=True, slots=True)
class Failed:
    """The job raised; ``error`` is for a log."""

    error: str
    kind: Literal["failed"] = "failed"


Message = Loaded | Heard | Heartbeat | Done | Failed

_MESSAGE: TypeAdapter[Message] = TypeAdapter(Annotated[Message, Field(discriminator="kind")])
_JOB = TypeAdapter(Job)
_SETTINGS = TypeAdapter(ChildSettings)


def encode(value: Message | Job | ChildSettings) -> bytes:
    """One line."""
    return json.dumps(asdict(value), ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def heard(segment: Segment) -> Heard:
    """The message that carries ``segment``."""
    return Heard(segment_to_json(segment))


def segment_of(message: Heard) -> Segment:
    """The segment that the message carries. Raises ``ChildCrashedError`` when it is none."""
    try:
        return segment_from_json(message.segment)
    except (KeyError, TypeError, ValueError) as error:
        raise ChildCrashedError(
            f"the speech process sent a segment that is none ({type(error).__name__})"
        ) from error


def decode_message(line: bytes) -> Message:
    """Parse what a child wrote. Raises ``ChildCrashedError``: a child that babbles is as good as dead.

    The message has the line's length only: the line may be speech, and an error's text is stored and shown.
    """
    try:
        return _MESSAGE.validate_json(line)
    except ValidationError as error:
        raise ChildCrashedError(
            f"the speech process sent a line of {len(line)} bytes that is no message"
        ) from error


def decode_job(line: bytes) -> Job:
    """Parse what the daemon wrote. Raises ``pydantic.ValidationError``."""
    return _JOB.validate_json(line)


def decode_settings(text: str) -> ChildSettings:
    """Parse the child's argument. Raises ``pydantic.ValidationError``."""
    return _SETTINGS.validate_json(text)
