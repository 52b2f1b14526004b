"""Templates: which placeholders are known, unknown, missing; and that nothing filled in can become one."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from introeval.exams.errors import TemplateError
from introeval.exams.placeholders import (
    ASSESSMENT_PROMPT,
    MOST_CHARACTERS,
    RUBRIC_PROMPT,
    Placeholder,
    TemplateKind,
    check_template,
    fill,
    parts,
    unknown_placeholders,
)
from introeval.exams.templates import DEFAULTS

RUBRIC = "Read [Grading rubric images] for [Question list]."
ASSESSMENT = "[Question list] [Grading Rubric] [Student assessment]"

pieces = [
    *Placeholder,
    "[",
    "]",
    "[Question ",
    "list]",
    "Teacher",
    " notes",
    "_",
    "1 mark",
    "\n",
    "\u00e9",
    "\\1",
    "{0}",
]
texts = st.lists(st.sampled_from(pieces) | st.text(max_size=3), max_size=8).map("".join)


@pytest.mark.parametrize("kind", [RUBRIC_PROMPT, ASSESSMENT_PROMPT], ids=lambda kind: kind.name)
def test_the_programs_own_templates_can_be_used(kind: TemplateKind) -> None:
    """What is used while nothing is stored passes the check of what is stored."""
    check_template(DEFAULTS[kind.name], kind)


@pytest.mark.parametrize(
    "plain",
    ["[1 mark]", "[optional]", "[Hint]", "[x, y]", "[see page 2]", "[]", "[ ]", "[2 Marks Each]", "[a b c]"],
)
def test_text_in_brackets_is_no_placeholder(plain: str) -> None:
    """Exams are full of brackets."""
    check_template(f"{RUBRIC} {plain}", RUBRIC_PROMPT)


@pytest.mark.parametrize(
    ("unknown", "named"),
    [
        ("[Teacher notes]", r"\[Teacher notes\] is no placeholder\."),
        ("[question_list]", r"\[question_list\] is no placeholder; did you mean \[Question list\]\?"),
        ("[GRADING RUBRIC IMAGES]", r"did you mean \[Grading rubric images\]\?"),
        ("[Question  list]", r"did you mean \[Question list\]\?"),
        ("[Question\nlist]", r"did you mean \[Question list\]\?"),
        ("[Answer keys]", r"did you mean \[Answer key\]\?"),
    ],
)
def test_unknown_placeholders_are_named(unknown: str, named: str) -> None:
    """Another spelling of one, or another text of its form, is an error that says what was meant."""
    with pytest.raises(TemplateError, match=named):
        check_template(f"{RUBRIC} {unknown}", RUBRIC_PROMPT)


def test_missing_foreign_and_repeated_placeholders_are_named_together() -> None:
    """One message has all that is wrong, and what is allowed."""
    with pytest.raises(TemplateError) as raised:
        check_template("[Question list] [Question list] [Student assessment]", RUBRIC_PROMPT)
    assert str(raised.value) == (
        "[Student assessment] has no meaning in this template. [Question list] is there more than once. "
        "[Grading rubric images] is missing. Allowed here: [Grading rubric images], [Question list], [Answer key], "
        "[Response schema]."
    )


def test_each_required_placeholder_is_required() -> None:
    """A template without one of them is refused, whichever it is."""
    for kind, whole in ((RUBRIC_PROMPT, RUBRIC), (ASSESSMENT_PROMPT, ASSESSMENT)):
        check_template(whole, kind)
        for placeholder in kind.required:
            with pytest.raises(TemplateError, match="is missing"):
                check_template(whole.replace(placeholder, ""), kind)


def test_templates_are_bounded_and_printable() -> None:
    """Neither a novel nor a NUL."""
    with pytest.raises(TemplateError, match="at most 20000 characters"):
        check_template(RUBRIC + "x" * MOST_CHARACTERS, RUBRIC_PROMPT)
    with pytest.raises(TemplateError, match="cannot be printed"):
        check_template(RUBRIC + "\x00", RUBRIC_PROMPT)
    check_template(RUBRIC + "\r\n\té", RUBRIC_PROMPT)


@given(template=texts)
def test_the_parts_are_the_template(template: str) -> None:
    """Nothing is lost or invented, and no plain part holds a placeholder."""
    found = list(parts(template))
    assert "".join(found) == template
    plain = [part for part in found if not isinstance(part, Placeholder)]
    assert not [part for part in plain if any(placeholder in part for placeholder in Placeholder)]


@given(template=texts, values=st.fixed_dictionaries(dict.fromkeys(Placeholder, texts)))
@example(
    template="[Question list]", values=dict.fromkeys(Placeholder, "[Question list] [Student assessment]")
)
@example(
    template="[Question [Answer key]",
    values={**dict.fromkeys(Placeholder, ""), Placeholder.ANSWER_KEY: "list]"},
)
def test_nothing_filled_in_becomes_a_placeholder(template: str, values: dict[Placeholder, str]) -> None:
    """What a student, a rubric or a model wrote stands there as it was written, whatever it looks like."""
    marks = {placeholder: chr(0xE000 + at) for at, placeholder in enumerate(Placeholder)}
    if any(mark in template for mark in marks.values()):
        return
    expected = fill(template, marks)
    for placeholder, mark in marks.items():
        assert expected.count(mark) == list(parts(template)).count(placeholder)
    by_mark = {mark: values[placeholder] for placeholder, mark in marks.items()}
    assert fill(template, values) == "".join(by_mark.get(char, char) for char in expected)


@given(template=texts)
def test_an_accepted_template_has_only_known_placeholders(template: str) -> None:
    """What the check accepts holds each required placeholder once and no unknown one."""
    try:
        check_template(template, RUBRIC_PROMPT)
    except TemplateError:
        return
    found = [part for part in parts(template) if isinstance(part, Placeholder)]
    assert unknown_placeholders(template) == ()
    assert sorted(found) == sorted(set(found))
    assert set(RUBRIC_PROMPT.required) <= set(found) <= set(RUBRIC_PROMPT.allowed)
