"""Where sentences begin and end, as spans of the text. Speech recognition leaves punctuation out at times: what runs on
for too long is cut into windows, so that one order does not hide in a minute of speech.
"""

import re
from collections.abc import Iterator

LONGEST = 40
"""Words of a sentence; a longer one is taken in pieces."""
PIECE = 8
"""Words of a piece; two neighbours are looked at together."""

Span = tuple[int, int]

_END = ".!?\u3002\uff01\uff1f\u061f\u0964"
_SENTENCE = re.compile(rf"[^{_END}]+(?:[{_END}]+|$)")
_ABBREVIATED = re.compile(r"\b(?:Mr|Mrs|Ms|Dr|Prof|St|e\.g|i\.e|etc|vs)\.$")
_WORD = re.compile(r"\S+")


def sentences(text: str) -> Iterator[Span]:
    """Spans without blanks at their ends, in order. Together they cover every word."""
    held: Span | None = None
    for match in _SENTENCE.finditer(text):
        start, end = held[0] if held else match.start(), match.end()
        # "B. Sc." and "10.5" end no sentence.
        if _ABBREVIATED.search(text[start:end]) or (
            end < len(text) and text[end - 1] == "." and text[end].isalnum()
        ):
            held = (start, end)
            continue
        held = None
        yield from _pieces(text, *_trimmed(text, start, end))
    if held:
        yield from _pieces(text, *_trimmed(text, *held))


def _trimmed(text: str, start: int, end: int) -> Span:
    part = text[start:end]
    return start + len(part) - len(part.lstrip()), end - (len(part) - len(part.rstrip()))


def _pieces(text: str, start: int, end: int) -> Iterator[Span]:
    words = list(_WORD.finditer(text, start, end))
    if len(words) <= LONGEST:
        if words:
            yield start, end
        return
    for at in range(0, len(words), PIECE):
        part = words[at : at + PIECE]
        yield part[0].start(), part[-1].end()
