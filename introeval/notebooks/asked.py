"""The names that an assignment's instructions ask the student to write. Pure; for instructions in English.

Rules, since what is missing costs marks:

1. A name stands in backticks, after a verb of making in the same clause: right behind it ("write `mean`"), or as the
   name of a function, class or method ("implement a class `Stack` with the methods `push` and `pop`").
2. What comes nearest before a name counts: after a word of using or forbidding ("use the method `groupby`", "without
   the function `sum`", "do not define `x`") it is not asked for.
3. "Create a `DataFrame`" asks for one of a kind, not for the name; "write a `mean` function" asks for the name.
"""

import re

_CODE = re.compile(r"`([A-Za-z_][\w.]*)(?:\([^`\n]*\))?`")
_NAME = r"`[A-Za-z_][\w.]*`"
_NAMES = rf"{_NAME}(?:(?:\s*,\s*|,?\s+and\s+){_NAME})*"
_NOUN = r"(?:functions?|class(?:es)?|methods?)"
_MAKE = r"(?:writ(?:e|ing)|defin(?:e|ing)|implement(?:ing)?|creat(?:e|ing)|complet(?:e|ing))"
_VERB = rf"(?:{_MAKE}|add|build|develop|make)"
_USING = (
    r"(?:us(?:e|es|ed|ing)|calls?|calling|imports?|importing|given|provided|without|not|cannot|never|avoid(?:ing)?"
    r"|instead|rather|except|forbidden)"
)
_CLAUSE = re.compile(
    rf"[.;:!?](?=\s|$)|\n\s*(?:\n|[-*+]\s|\d+[.)]\s)|,(?!\s*(?:and\s+)?(?:(?:an?|another|the)\s+)?(?:{_NOUN}\s+)?`)"
)
_MARK = re.compile(
    rf"(?P<using>(?:\b(?:not|never|avoid|without)|n['\u2019]t)(?:\s+\w+){{0,2}}?\s+{_VERB}\b|\b{_USING}\b|n['\u2019]t\b)"
    rf"|\b{_VERB}\b",
    re.IGNORECASE,
)
_NAMED = re.compile(rf"\b{_NOUN},?\s+(?:called|named)\b", re.IGNORECASE)
"""Enough where a clause has neither: "a class named `F`"."""

_PHRASE = re.compile(
    rf"\b(?:{_NOUN},?\s+(?:(?:called|named)\s+)?|{_MAKE}\s+(?:(?:the|your|own)\s+)*)(?P<names>{_NAMES})"
    rf"|\b{_MAKE}\s+an?\s+(?P<one>{_NAME})\s+{_NOUN}",
    re.IGNORECASE,
)
_REFUSED = re.compile(
    r"\s+(?:is|are)\s+(?:given|provided|forbidden|not)\b|\s+(?:may|must|should|can)\s?not\b"
)


def asked_names(instructions: str) -> tuple[str, ...]:
    """Each once, in their order."""
    # Without their arguments, the commas that are left are those of sentences and lists.
    plain = _CODE.sub(r"`\1`", instructions)
    found = (name for clause in _CLAUSE.split(plain) for name in _asked(clause))
    return tuple(dict.fromkeys(found))


def _asked(clause: str) -> list[str]:
    found = list[str]()
    for phrase in _PHRASE.finditer(clause):
        names = phrase["names"] or phrase["one"]
        before = clause[: phrase.start("names" if phrase["names"] else "one")]
        marks = list(_MARK.finditer(before)) or list(_NAMED.finditer(before))
        if marks and marks[-1].lastgroup is None and not _REFUSED.match(clause, phrase.end()):
            found += re.findall(r"`(.*?)`", names)
    return found
