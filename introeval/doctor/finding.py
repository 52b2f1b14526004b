"""What one check found."""

from dataclasses import dataclass
from enum import Enum


class Level(Enum):
    """``WARN``: a session can run, but worse. ``FAIL``: it cannot."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """``subject``: what was looked at. ``detail``: what is there. ``advice``: what to do; empty when nothing is."""

    subject: str
    level: Level
    detail: str
    advice: str = ""
