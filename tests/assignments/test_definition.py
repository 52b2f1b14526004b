"""What is wrong with an assignment is told by field, each one."""

import pytest

from introeval.assignments import AssignmentError, Kind, load_assignment
from introeval.assignments.definition import MOST_ERRORS
from introeval.prompts import wrong_prompts
from tests.assignments.values import SAMPLES, sample

HEAD = 'id = "x"\nkind = "{kind}"\ntitle = "T"\n'
QUESTION = '[[questions]]\nquestion_number = "{}"\nmax_mark = {}\n'
POINT = '[[marking]]\nquestion_number = "{}"\npoints = {}\ncriterion = "c"\n'


def wrong(text: str, kind: str = "pages") -> list[str]:
    """The wrong fields of an assignment that begins well."""
    with pytest.raises(AssignmentError) as caught:
        load_assignment(HEAD.format(kind=kind) + text)
    assert all(error.message for error in caught.value.errors)
    assert all(str(error) in str(caught.value) for error in caught.value.errors[:8])
    return [error.field for error in caught.value.errors]


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("", ["questions"]),
        (QUESTION.format(1, 2) + QUESTION.format(1, 3), ["questions[1].question_number"]),
        (QUESTION.format(1, 2) + POINT.format(1, 1.5), ["marking"]),
        (QUESTION.format(1, 2) + POINT.format(7, 2), ["marking[0].question_number"]),
        (
            QUESTION.format(1, 2) + '[[answer_key]]\nquestion_number = "{2}"\nanswer = "a"\n',
            ["answer_key[0].question_number"],
        ),
        (
            QUESTION.format(1, 2) + '[[answer_key]]\nquestion_number = "2"\nanswer = "a"\n',
            ["answer_key[0].question_number"],
        ),
        (QUESTION.format(1, 0), ["questions[0].max_mark"]),
        (QUESTION.format(1, "nan"), ["questions[0].max_mark"]),
        (QUESTION.format(1, 2) + '[plan]\nplan = "single"\n', ["plan.model"]),
        (QUESTION.format(1, 2) + '[plan]\nmodel = "m"\n', ["plan.model"]),
        (QUESTION.format(1, 2) + "[plan]\ntries = 11\n", ["plan.tries"]),
        ("pass_threshold = 0\n" + QUESTION.format(1, 2), ["pass_threshold"]),
        ("retention_days = 0\nweight = 1\n" + QUESTION.format(1, 2), ["retention_days", "weight"]),
    ],
)
def test_each_wrong_field_is_named(text: str, fields: list[str]) -> None:
    """By its path."""
    assert wrong(text) == fields


def test_several_findings_at_once() -> None:
    """A teacher corrects all of them in one go."""
    text = QUESTION.format(1, 2) + QUESTION.format(1, 2) + POINT.format(1, 1) + POINT.format(9, 1)
    assert wrong(text) == ["questions[1].question_number", "marking[1].question_number", "marking", "marking"]


def test_a_rubric_inside() -> None:
    """Its fields have their whole path."""
    text = '[rubric]\nname = "r"\n[[rubric.criteria]]\nname = "topic"\nquestion = "q"\nlevels = {0 = "a"}\n'
    assert wrong(text, "intro_video")[:2] == ["rubric.criteria[0].name", "rubric.criteria[0].levels"]


def test_errors_are_bounded() -> None:
    """However much is wrong with a document."""
    assert len(wrong("".join(f"x{number} = 1\n" for number in range(MOST_ERRORS + 50)))) == MOST_ERRORS


@pytest.mark.parametrize(
    ("text", "fmt"),
    [
        ("id = ", "toml"),
        ("a = 1" + "0" * 5000, "toml"),
        ("a = " + "[" * 5000, "toml"),
        ("{", "json"),
        ('{"a": 1' + "0" * 5000 + "}", "json"),
        ("[" * 100_000, "json"),
    ],
)
def test_what_cannot_be_parsed(text: str, fmt: str) -> None:
    """No parser's own error comes through."""
    with pytest.raises(AssignmentError, match=f"not valid {fmt.upper()}"):
        load_assignment(text, "toml" if fmt == "toml" else "json")


@pytest.mark.parametrize("text", ["[]", "3", '"x"', "null"])
def test_json_that_is_no_object(text: str) -> None:
    """It is the whole that is wrong."""
    with pytest.raises(AssignmentError) as caught:
        load_assignment(text, "json", assignment_id="x")
    assert [error.field for error in caught.value.errors] == ["the whole"]


def test_an_id_from_outside() -> None:
    """The address may say whose definition it is; the document's own word counts more."""
    text = 'kind = "intro_video"\ntitle = "T"\n'
    assert load_assignment(text, assignment_id="a").id == "a"
    assert load_assignment('id = "b"\n' + text, assignment_id="a").id == "b"


def test_samples() -> None:
    """One for each kind, whole and usable."""
    found = [sample(path.stem) for path in sorted(SAMPLES.glob("*.toml"))]
    assert sorted(item.kind for item in found) == sorted(Kind)
    assert [wrong_prompts(item) for item in found] == [[], [], []]
    assert all("# " in path.read_text(encoding="utf-8") for path in SAMPLES.glob("*.toml"))


def test_own_prompts() -> None:
    """Placeholders are checked by role; a prompt that nobody would use is named."""
    notebook = sample("notebook")
    good = "Judge it.\n[Grading rubric]\n[Notebook]\n"
    prompts = notebook.prompts.model_copy(update={"technical": good, "feedback": "Be kind. [Notebook]"})
    (error,) = wrong_prompts(notebook.model_copy(update={"prompts": prompts}))
    assert error.field == "prompts.feedback"
    assert "[Student text] is missing" in error.message
    (error,) = wrong_prompts(sample("pages").model_copy(update={"prompts": prompts}))[:1]
    assert (error.field, "no such prompt" in error.message) == ("prompts.technical", True)
