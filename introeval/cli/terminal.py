"""What may reach a terminal: students' names, speech and models' text are untrusted, escape sequences included."""

import os
import sys
import unicodedata

from rich.console import Console
from rich.text import Text

HIDDEN = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
"""Unicode categories that steer a terminal or reorder text: controls, formats, private use, separators."""


PIPE_WIDTH = 140


def plain(text: str) -> str:
    """One line without anything that steers a terminal."""
    return "".join(" " if unicodedata.category(char) in HIDDEN else char for char in text)


def shown(text: str, style: str = "") -> Text:
    """Untrusted text for rich: never read as markup."""
    return Text(plain(text), style=style)


def console(stderr: bool = False) -> Console:
    """A console that does not guess at meanings (no markup, no emoji codes, no highlighting)."""
    stream = sys.stderr if stderr else sys.stdout
    # rich takes a pipe for 80 columns wide; a table in a log need not be broken there.
    width = None if stream.isatty() or "COLUMNS" in os.environ else PIPE_WIDTH
    return Console(stderr=stderr, markup=False, emoji=False, highlight=False, width=width)


def clock_time(seconds: float) -> str:
    """``mm:ss``; minutes may pass 99."""
    whole = max(0, int(seconds))
    return f"{whole // 60:02d}:{whole % 60:02d}"
