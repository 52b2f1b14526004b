"""Words on a page that are meant for the grader: found across lines, for a sentence on paper rarely fits into one.

The rules:

1. An exam may be about anything: scores, instructions, JSON, prompts. What is withheld here is missing in somebody's
   answer, so the patterns ask for an order or a verdict about *this work*, not for a word. (Introductions have a
   detector of their own, ``introeval.grading.injection``; there nobody has a reason to write ``"points": 4``.)
2. A *fragment* is a part of a line between sentence ends. Fragments that no sentence end parts belong together.
   Windows of one, two and three such fragments are tried, the smallest first; one that addresses the grader is
   withheld as a whole. More are never joined: handwriting often has no full stops, and a page must not be withheld for
   one sentence.
3. English only; other languages are left to the reply's schema and to the guards.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

WINDOW = 3
_FRAGMENT = re.compile(r"[^.!?]+(?:[.!?]+(?=\s|$)|[.!?]+|$)")

_GRADER = (
    r"(?:gr[ae]der|marker|examiner|evaluator|assessor|corrector|a\.?i\.?|language model|assistant|chat ?bot|chat ?gpt"
    r"|llama|mistral|teacher|professor|sir|madam)"
)
_MARKS = r"(?:marks?|points?|scores?|credits?|grades?)"
_FULL = r"(?:full|maximum|max(?:imal)?|highest|top|perfect|best(?: possible)?|all(?: the)?|every|100 ?%?|a hundred)"
_SCHEME = r"(?:mark(?:ing)? schemes?|marking(?: points| guides?| rules)?|rubrics?|answer keys?|model answers?|criteria)"
_WORK = r"(?:paper|exam|answers?|questions?|script|student|candidate|submission|work|test|page|me|us|my|this|it|them)"
_GIVE = r"(?:give|award|grant|assign|allot)"
_MUST = r"(?:must|should|shall|has to|have to|needs? to)"
_EARNS = r"(?:deserves?|is worth|earns?|gets?|receives?)"

_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # Orders about marks: "give this student full marks", "award me all the points", "10/10 for every question".
        rf"\b{_GIVE}\b[^.!?]{{0,30}}\b{_FULL}\b[^.!?]{{0,12}}\b{_MARKS}\b",
        rf"\b(?:enter|put|write)\b[^.!?]{{0,30}}\b(?:full|maximum|highest|top|perfect)\s+{_MARKS}\b",
        rf"\b{_GIVE}\s+(?:me|us|this|my|the (?:student|candidate))\b[^.!?]{{0,25}}"
        rf"\b(?:\d+\s*(?:/|out of|of)\s*\d+|\d+ {_MARKS}|an? [a5]\b|{_MARKS}\b)",
        rf"\b{_MUST}\s+(?:be\s+(?:given|awarded|marked|graded|scored)|get|receive)\b[^.!?]{{0,25}}"
        rf"\b{_FULL}\b[^.!?]{{0,12}}\b{_MARKS}\b",
        rf"\b(?:this|my|every|each)\s+{_WORK}\b[^.!?]{{0,30}}\b{_EARNS}\b[^.!?]{{0,20}}\b{_FULL}\s+{_MARKS}\b",
        rf"\b(?:mark|grade|score|rate|count|treat|accept)\s+(?:me|my|this|every|each|all)\b[^.!?]{{0,30}}"
        rf"\b(?:as\s+(?:right|correct|full|perfect)|{_FULL}\b|correct\b)",
        r"\bplease\s+(?:grade|score|mark|rate|pass)\s+(?:me|this|my|us)\b",
        rf"\b(?:do not|don't|never)\s+(?:deduct|subtract|take (?:off|away)|look for|report|mention)\b[^.!?]{{0,25}}"
        rf"\b(?:{_MARKS}|mistakes|errors|faults)\b",
        # The rules of marking are declared void.
        rf"\b(?:ignore|disregard|forget|skip|override|bypass)\b[^.!?]{{0,25}}\b{_SCHEME}\b",
        r"\b(?:ignore|disregard|forget|override)\s+(?:all\s+|any\s+|the\s+|your\s+|every\s+)*"
        r"(?:previous|prior|above|earlier|preceding|your|other)\b",
        rf"\b{_SCHEME}\s+(?:is|are|was|has been|have been)\s+"
        r"(?:cancelled|void|changed|replaced|withdrawn|wrong|invalid)\b",
        # Somebody is spoken to who reads this in order to mark it.
        rf"\b(?:dear|hello|hey|hi|attention|note (?:to|for)(?: the| my)?|message (?:to|for)(?: the)?)\s+{_GRADER}\b",
        rf"\byou(?: are|'re)\s+(?:now\s+)?(?:an?|the|my)\s+(?:\w+\s+){{0,2}}{_GRADER}\b",
        rf"^\W*(?:system|assistant|developer|user)\s*:\s*"
        rf"(?:you\b|new\b|{_GIVE}\b|ignore\b|override\b|the (?:grade|mark|score))",
        r"\b(?:new|updated|final|hidden|secret)\s+(?:system\s+)?(?:instructions?|prompt|message)\s*(?::|for the)",
        r"\bsystem (?:prompt|message|override)\b",
        # The forms of a reply, of the pages' section, and of chat templates.
        r"[\"']\s*(?:answer_lines|question \w+|point \d+)\s*[\"']\s*:",
        r"[\"'](?:points|score|grade)[\"']\s*:\s*\d+[^\n]*[\"'](?:reason|lines)[\"']|"
        r"[\"'](?:reason|lines)[\"'][^\n]*[\"'](?:points|score|grade)[\"']\s*:\s*\d+",
        r"<\s*/?\s*(?:pages|im_start|im_end|inst|system)\s*>|<\|(?:im_|system|user|assistant|start|end)"
        r"|\[\s*/?\s*INST\s*\]",
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
    return any(pattern.search(sentence) for pattern in _PATTERNS)


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
