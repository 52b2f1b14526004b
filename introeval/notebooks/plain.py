"""Text of a notebook, made plain: what a terminal or a browser would act upon is gone; what was cut is said.

Rules:

1. No control characters but line feed and tab, no invisible or private-use ones, no half surrogates.
2. Printed text is what a terminal would show at the end: without ANSI codes, and of a line that was overwritten
   (progress bars) the last state.
3. A cut is marked with the number of characters that are missing.
"""

import re

_ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[@-_]?")
_LINE_END = re.compile("\r\n|[\x0b\x0c\x85\u2028\u2029]")
_OVERWRITTEN = re.compile(r"^.*\r(?=[^\r\n])", re.MULTILINE)
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
    "\ufff9-\ufffb\ue000-\uf8ff\U000e0000-\U000e0fff\U000f0000-\U0010ffff]"
)
_HALF = re.compile("[\ud800-\udfff]")


def plain(text: str) -> str:
    """Source of a cell."""
    return _seen(_LINE_END.sub("\n", text).replace("\r", "\n"))


def printed(text: str) -> str:
    """Output of a cell, trailing space of its lines removed."""
    ended = _LINE_END.sub("\n", _ANSI.sub("", text))
    shown = _seen(_OVERWRITTEN.sub("", ended).replace("\r", ""))
    return "\n".join(line.rstrip() for line in shown.split("\n")).strip("\n")


def cut(text: str, most: int) -> str:
    """At most ``most`` characters, and a mark for the rest."""
    return text if len(text) <= most else f"{text[:most]}\n[cut: {len(text) - most} characters]"


def _seen(text: str) -> str:
    return _HALF.sub("\ufffd", _UNSEEN.sub("", text))
