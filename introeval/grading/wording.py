"""A model's sentences, made fit to show: one line, no control characters, no stray script, no cut word.

A small model whose sentence is cut at ``maxLength`` sometimes ends it in Chinese (seen with Qwen2.5-1.5B).
Letters of another script are dropped when the transcript itself has none.
"""

import re
import unicodedata

_CUT_WORD = re.compile(r"[\s,;:]+\S*$")


def tidy(text: str, transcript: str, max_chars: int) -> str:
    """One clean line of at most ``max_chars`` characters; ``transcript`` decides whether other scripts may
    appear.
    """
    line = " ".join("".join(" " if _unshowable(char) else char for char in text).split())
    if not any(_foreign(char) for char in transcript):
        line = _without_foreign(line)
    cut = len(text) >= max_chars and not line.endswith((".", "!", "?"))
    if cut:
        shorter = _CUT_WORD.sub("", line[:max_chars])
        line = (shorter or line[:max_chars]).rstrip(" ,;:(") + "\u2026"
    return line


def _without_foreign(line: str) -> str:
    """Letters of other scripts dropped, and what then dangles at the end."""
    kept = "".join(char for char in line if not _foreign(char))
    return " ".join(kept.split()).rstrip(" ,;:('\"")


def _foreign(char: str) -> bool:
    """A letter that is not Latin."""
    return char.isalpha() and not unicodedata.name(char, "").startswith("LATIN")


def _unshowable(char: str) -> bool:
    return unicodedata.category(char)[0] == "C" or unicodedata.category(char) in ("Zl", "Zp")
