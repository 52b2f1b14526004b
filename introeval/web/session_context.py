"""``SessionPorts``: what the web needs for sessions, as one value of the ``WebContext``."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from db.session_results import SessionResults
from db.sessions import Sessions

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it is kept: ``media_type``, and its size in pixels."""

    media_type: str
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPorts:
    """``picture``: checks what was sent (by its content; its name must not say otherwise) and writes our own, upright,
    into the second path; raises a ``RejectedWorkError`` whose text a teacher understands. ``max_bytes``: of one
    picture. ``most_images``: of one role of a session.
    """

    sessions: Sessions
    results: SessionResults
    picture: Callable[[Path, Path, str], Awaitable[Picture]]
    max_bytes: int = 10 * MIB
    most_images: int = 40
