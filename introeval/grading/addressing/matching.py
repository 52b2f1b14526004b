"""Which rules (``rules``) a tagged sentence matches, and how many parts of an address it has. Pure.

A sentence that matches a rule is an address. Otherwise its parts are counted: whom, which verdict, what to do, about
what. A story, or somebody else's words, counts for less.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple

from introeval.grading.addressing.rules import MACROS, RULES

_LEADS = "and|so|now|then|but|well|okay|please|hey|also|just|next|first|second|third|finally|simply|kindly"
_LED = rf"(?: (?:{_LEADS}):\S*)"
_STARTS = {
    "^": rf"(?:^|(?<= ;:)){_LED}{{0,3}}",
    "!": rf"(?:(?:^|(?<= ;:)){_LED}{{0,3}}|(?<= please:)|(?<= just:)|(?<= simply:)|(?<= now:)|(?<= then:))",
}


def _pattern(rule: str) -> str:
    """The regular expression of a rule over what ``tagged`` returns."""
    return "".join(_token(token) for token in rule.split())


def _token(token: str) -> str:
    if token.startswith(".."):
        return rf"(?: \S+){{0,{token[2:]}}}?"
    return _STARTS.get(token) or f"(?:{'|'.join(_one(one) for one in token.split('|'))})"


def _one(one: str) -> str:
    if one.startswith("{"):
        return f"(?:{'|'.join(_pattern(rule) for rule in MACROS[one[1:-1]].split(' / '))})"
    return rf" \S*:{one}:\S*" if one.isupper() else rf" {re.escape(one)}:\S*"


class _Way(NamedTuple):
    name: str
    needed: tuple[frozenset[str], ...]
    pattern: re.Pattern[str]


def _needed(rule: str) -> tuple[frozenset[str], ...]:
    """Tags and words of which a text must have one of each set for the rule to match: asked first, as it is quick."""
    groups: list[frozenset[str]] = []
    for token in rule.split():
        if token.startswith("..") or token in _STARTS:
            continue
        ones = [MACROS[one[1:-1]] if one.startswith("{") else one for one in token.split("|")]
        if not any(" " in one for one in ones):
            groups.append(frozenset("|".join(ones).split("|")))
        elif len(ones) == 1 and " / " not in ones[0]:
            groups.extend(_needed(ones[0]))
    return tuple(groups)


@cache
def _ways() -> tuple[Sequence[_Way], Mapping[str, Sequence[int]]]:
    """All ways, and where to look one up: by the tags and words of its shortest set. Compiled when first used."""
    ways = tuple(
        _Way(name, _needed(way), re.compile(_pattern(way)))
        for name, rule in RULES.items()
        for way in rule.split(" / ")
    )
    by_word: dict[str, list[int]] = {}
    for at, way in enumerate(ways):
        for word in min(way.needed, key=len):
            by_word.setdefault(word, []).append(at)
    return ways, by_word


@cache
def _parts() -> Sequence[re.Pattern[str]]:
    """A sentence without a rule is an address when three kinds of these come together, two when it is a story."""
    return tuple(
        re.compile("|".join(_pattern(way) for way in rule.split(" / ")))
        for rule in (
            "you|your|GRADER|AI|whoever",
            "{VS}|TEN / TOP ..1 WORK",
            "! {ACT}|IGNORE|DEDUCT / {YOU} ..2 {ACT} / ! be|don't ..2 strict|harsh|generous|lenient|kind|merciful|nice",
            "{SELF}|CRIT|rubric|grading|marking|scoring|transcript",
            "EACH ..2 FIELD",
        )
    )


# "Skip the rules, my tutor told me": somebody else's words, unless they are of grading.
_QUOTED = re.compile(
    r"(?:^| ;:)(?: as:)? (?:my|our|his|her|the):\S*(?: \S+){1,7}? (?:says?|said|tells?|told|sings|always|repeat\w*):"
    r"| (?:things|sentences|phrases|words|orders|commands): like:"
)
_GRADED = re.compile(_pattern("{VS}|{V}|{SELF}|GRADER|rubric|grading|prompt"))
_OPEN = re.compile(_pattern("{V}"))
_STORY = re.compile(
    r" (?:gave|got|had|reached|received|passed|failed|won|said|says|learned|wrote|dream|hope|school|maths|mathematics"
    r"|class|university|factory|job|work|club|country|game|film|films|team|contest|app|phone|thesis|research"
    r"|gives|our):"
)


def matched(tags: str) -> tuple[str, ...]:
    """The names of the rules that the tagged sentence matches."""
    if _QUOTED.search(tags) and not _GRADED.search(tags):
        return ()
    ways, by_word = _ways()
    present = frozenset(tags.replace(":", " ").split())
    candidates = {at for one in present for at in by_word.get(one, ())}
    return tuple(
        ways[at].name
        for at in sorted(candidates)
        if not any(group.isdisjoint(present) for group in ways[at].needed) and ways[at].pattern.search(tags)
    )


def is_about_grading(tags: str) -> bool:
    """Whether the tagged sentence has a verdict, or the work or the criteria that are graded."""
    return any(part.search(tags) for part in (_parts()[1], *_parts()[3:]))


def parts(tags: str) -> int:
    """How many kinds of parts of an address the tagged sentence has, from 0 to 5; one less when it tells a story."""
    found = sum(bool(part.search(tags)) for part in _parts())
    return max(0, found - bool(_STORY.search(tags)))


def across(tags: str) -> int:
    """As ``parts``, for sentences that stand together: any verdict, or what "it" must become, is a part as well."""
    more = not _parts()[1].search(tags) and bool(_OPEN.search(tags))
    return parts(tags) + more
