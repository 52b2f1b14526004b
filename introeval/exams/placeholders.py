"""Templates of prompts and their placeholders: what a template may hold, and how it is filled. Pure.

The rules:

1. A *placeholder* is one of the six texts of ``Placeholder``, exactly as written there, brackets included.
2. Other text in square brackets is an *unknown placeholder*, and refused, when it

   a. says the same as a known one in another spelling (capitals, several blanks, ``_`` or ``-`` for a blank:
      ``[question_list]``), or
   b. has the form of one: two to four words of the letters A to Z with single blanks, the first beginning with a
      capital (``[Teacher notes]``).

   Everything else in brackets is plain text: ``[1 mark]``, ``[optional]``, ``[Hint]``, ``[x, y]``, ``[see page 2]``.
3. Each kind of template needs some placeholders, may have others, and has each at most once.
4. Filling goes over the template once. What is put in is never looked at again, so nothing that a student, a rubric
   or a model wrote can become a placeholder.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum

from introeval.exams.errors import TemplateError

MOST_CHARACTERS = 20_000


class Placeholder(StrEnum):
    """The six of them."""

    RUBRIC_IMAGES = "[Grading rubric images]"
    QUESTIONS = "[Question list]"
    ANSWER_KEY = "[Answer key]"
    SCHEMA = "[Response schema]"
    STUDENT = "[Student assessment]"
    RUBRIC = "[Grading Rubric]"


@dataclass(frozen=True, slots=True)
class TemplateKind:
    """What a template of this kind needs, and what it may have besides. ``name``: its name in the tables."""

    name: str
    required: tuple[Placeholder, ...]
    optional: tuple[Placeholder, ...]

    @property
    def allowed(self) -> tuple[Placeholder, ...]:
        """All that it may have."""
        return self.required + self.optional


RUBRIC_PROMPT = TemplateKind(
    "rubric-prompt",
    (Placeholder.RUBRIC_IMAGES, Placeholder.QUESTIONS),
    (Placeholder.ANSWER_KEY, Placeholder.SCHEMA),
)
ASSESSMENT_PROMPT = TemplateKind(
    "prompt",
    (Placeholder.QUESTIONS, Placeholder.STUDENT, Placeholder.RUBRIC),
    (Placeholder.ANSWER_KEY, Placeholder.SCHEMA, Placeholder.RUBRIC_IMAGES),
)

_KNOWN = re.compile("|".join(re.escape(placeholder) for placeholder in Placeholder))
_BRACKETED = re.compile(r"\[[^\[\]]{1,60}\]")
_FORM = re.compile(r"\[[A-Z][A-Za-z]*(?: [A-Za-z]+){1,3}\]")


def check_template(template: str, kind: TemplateKind) -> None:
    """Raise ``TemplateError``, which names everything that is wrong, unless the template can be used."""
    if len(template) > MOST_CHARACTERS:
        raise TemplateError(
            f"A template has at most {MOST_CHARACTERS} characters; this one has {len(template)}."
        )
    if any(not (char.isprintable() or char in "\n\r\t") for char in template):
        raise TemplateError("The template holds characters that cannot be printed. Remove them.")
    found = [Placeholder(match.group()) for match in _KNOWN.finditer(template)]
    problems = [_unknown(text, kind) for text in unknown_placeholders(template)]
    problems += [
        f"{item} has no meaning in this template." for item in _once(found) if item not in kind.allowed
    ]
    problems += [f"{item} is there more than once." for item in _once(found) if found.count(item) > 1]
    problems += [f"{item} is missing." for item in kind.required if item not in found]
    if problems:
        raise TemplateError(f"{' '.join(problems)} Allowed here: {', '.join(kind.allowed)}.")


def unknown_placeholders(template: str) -> tuple[str, ...]:
    """The unknown placeholders (rule 2) of a template, each once, in their order."""
    known = {_folded(placeholder) for placeholder in Placeholder}
    texts = (match.group() for match in _BRACKETED.finditer(template))
    strange = (text for text in texts if not _KNOWN.fullmatch(text))
    return tuple(dict.fromkeys(text for text in strange if _FORM.fullmatch(text) or _folded(text) in known))


def parts(template: str) -> Iterator[str | Placeholder]:
    """The template in its order: plain texts, and placeholders."""
    end = 0
    for match in _KNOWN.finditer(template):
        if match.start() > end:
            yield template[end : match.start()]
        yield Placeholder(match.group())
        end = match.end()
    if end < len(template):
        yield template[end:]


def fill(template: str, values: Mapping[Placeholder, str]) -> str:
    """The template with each placeholder's value in its place (rule 4). Raises ``KeyError`` for one without a value."""
    return "".join(values[part] if isinstance(part, Placeholder) else part for part in parts(template))


def _unknown(text: str, kind: TemplateKind) -> str:
    near = get_close_matches(_folded(text), [_folded(item) for item in kind.allowed], n=1, cutoff=0.6)
    meant = next((item for item in kind.allowed if near and _folded(item) == near[0]), None)
    shown = " ".join(text.split())
    return f"{shown} is no placeholder; did you mean {meant}?" if meant else f"{shown} is no placeholder."


def _folded(text: str) -> str:
    return re.sub(r"[\s_-]+", " ", text.strip("[]")).strip().casefold()


def _once(found: list[Placeholder]) -> tuple[Placeholder, ...]:
    return tuple(dict.fromkeys(found))
