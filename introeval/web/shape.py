"""What every shape that goes out is made of.

Absent values are ``null``; times are ISO 8601 in UTC; spans are seconds.
"""

from datetime import UTC, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

StageName = Literal["stt", "llm", "completed", "failed"]
StatusName = Literal["pending", "processing", "completed", "failed", "retry"]
PhaseName = Literal["stt", "llm", "switching"]


def utc(seconds: float) -> datetime:
    """Seconds since the epoch as a point in time."""
    return datetime.fromtimestamp(seconds, UTC)


class Body(BaseModel):
    """Base of all. Reports come from another version of the program at times: unknown members are left out."""

    model_config = ConfigDict(
        extra="ignore", frozen=True, str_strip_whitespace=True, protected_namespaces=(), defer_build=True
    )
