"""Words on a page that are meant for the grader: found across lines, for a sentence on paper rarely fits into one.

The rules:

1. A *fragment* is a part of a line between sentence ends. Fragments that no sentence end parts belong together.
2. Windows of one, two and three such fragments are tried, the smallest first; a window that addresses the grader
   (``introeval.grading.injection``, or a pattern for written work below) is withheld as a whole.
3. More than three are never joined: handwriting often has no full stops, and a whole page must not be withheld for
   one sentence.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from introeval.grading.injection import is_addressed

WINDOW = 3
_FRAGMENT = re.compile(r"[^.!?]+(?:[.!?]+(?=\s|$)|[.!?]+|$)")
_MARKS = r"(?:marks?|points?|scores?|credits?|grades?)"
_FULL = r"(?:full|maximum|max|highest|top|perfect|all(?: the)?|100\s?%?|a hundred(?: per ?cent)?)"
_WRITTEN = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b(?:give|award|grant|assign|allot|enter|put)\b[^.!?]{{0,40}}\b{_FULL}\b[^.!?]{{0,15}}\b{_MARKS}\b",
        rf"\b(?:this|my|every|each|the)\s+(?:paper|exam|answer|question|script|student|candidate)s?\b[^.!?]{{0,30}}"
        rf"\b(?:deserves|is worth|gets|earns|must get|must receive|should get|should receive|receives)\b[^.!?]{{0,30}}"
        rf"\b(?:{_FULL}|{_MARKS})\b",
        r"\b(?:mark(?:ing)?|answer)\s+(?:scheme|key|guide)\s*(?:is|was)?\s*"
        r"(?:cancelled|void|changed|replaced|wrong)\b",
        r"\b(?:ignore|disregard|forget|skip|override)\b[^.!?]{0,40}"
        r"\b(?:marking|mark scheme|answer key|other lines|above)\b",
        r"[\"']\s*(?:answer_lines|points|lines|reason)\s*[\"']\s*:",
        r"<\s*/?\s*(?:pages|page|questions?)\s*>",
    )
)


@dataclass(frozen=True, slots=True)
class _Fragment:
    line: int
    start: int
    end: int
    text: str


def addresses_grader(sentence: str) -> bool:
    """Whether the sentence tells the grader what to do or which verdict to give."""
    return is_addressed(sentence) or any(pattern.search(sentence) for pattern in _WRITTEN)


def split_lines(lines: Sequence[str], placeholder: str) -> list[tuple[str, tuple[str, ...]]]:
    """For each line: what a model may read (``placeholder`` where words are withheld), and the withheld words."""
    withheld = _withheld(_chains(lines))
    found: list[tuple[str, tuple[str, ...]]] = []
    for at, line in enumerate(lines):
        spans = sorted((part.start, part.end) for part in withheld if part.line == at)
        found.append((_without(line, spans, placeholder), tuple(line[a:b].strip() for a, b in spans)))
    return found


def _chains(lines: Sequence[str]) -> list[list[_Fragment]]:
    chains: list[list[_Fragment]] = [[]]
    for at, line in enumerate(lines):
        for match in _FRAGMENT.finditer(line):
            chains[-1].append(_Fragment(at, match.start(), match.end(), match.group().strip()))
            if match.group().rstrip().endswith((".", "!", "?")):
                chains.append([])
    return [chain for chain in chains if chain]


def _withheld(chains: Sequence[Sequence[_Fragment]]) -> set[_Fragment]:
    taken: set[_Fragment] = set()
    for chain in chains:
        for size in range(1, WINDOW + 1):
            for first in range(len(chain) - size + 1):
                window = chain[first : first + size]
                if taken.isdisjoint(window) and addresses_grader(" ".join(part.text for part in window)):
                    taken.update(window)
    return taken


def _without(line: str, spans: Sequence[tuple[int, int]], placeholder: str) -> str:
    if not spans:
        return line
    parts, at = list[str](), 0
    for start, end in spans:
        parts += [line[at:start].strip(), placeholder]
        at = end
    parts.append(line[at:].strip())
    kept = [part for part in parts if part]
    return " ".join(
        part for index, part in enumerate(kept) if part != placeholder or kept[:index][-1:] != [part]
    )
