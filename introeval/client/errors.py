"""What can go wrong between a client and the daemon::

IntroevalError
└── ClientError
    ├── UnreachableError     no answer: not running, cut off, or something else listens there
    └── DaemonRefusedError   the daemon answered with a problem (RFC 9457); ``str`` is its detail
"""

from dataclasses import dataclass
from typing import Any

from scheduler.errors import IntroevalError


class ClientError(IntroevalError):
    """A request to the daemon did not succeed."""

    code = "client"


class UnreachableError(ClientError):
    """The daemon did not answer, or the answer broke off."""

    code = "unreachable"


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem document. ``retry_after``: seconds that the daemon asks a client to wait, if it does."""

    status: int
    title: str
    detail: str
    retry_after: float | None = None

    @classmethod
    def parse(cls, status: int, body: Any, retry_after: str | None) -> "Problem":
        """``body`` is the decoded JSON, or anything else when the answer was none."""
        fields = body if isinstance(body, dict) else {}
        title = str(fields.get("title") or f"HTTP {status}")
        detail = str(fields.get("detail") or title)
        return cls(status, title, detail, _seconds(retry_after))


class DaemonRefusedError(ClientError):
    """The daemon refused or could not do what was asked."""

    code = "problem"

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


def _seconds(header: str | None) -> float | None:
    # The date form of Retry-After is never sent by our daemon; a proxy's is treated as absent.
    try:
        return None if header is None else max(0.0, float(header))
    except ValueError:
        return None
