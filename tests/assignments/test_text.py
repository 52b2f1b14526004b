"""An assignment goes to text and back, whatever people write into it."""

from hypothesis import given, settings
from hypothesis import strategies as st

from introeval.assignments import Assignment, load_assignment
from introeval.assignments.text import as_toml, with_version
from tests.assignments.values import assignments, sample


@settings(max_examples=50)
@given(assignments())
def test_toml_and_back(assignment: Assignment) -> None:
    """Every character and every number survives; so does the version."""
    assert load_assignment(as_toml(assignment)) == assignment


@settings(max_examples=50)
@given(assignments())
def test_json_and_back(assignment: Assignment) -> None:
    """As the API and the tables write it."""
    assert load_assignment(assignment.model_dump_json(), "json") == assignment


@settings(max_examples=50)
@given(assignments(), st.integers(1, 99))
def test_a_text_names_its_new_version(assignment: Assignment, version: int) -> None:
    """Nothing else of it changes."""
    changed = with_version(as_toml(assignment), version)
    assert changed is not None
    assert load_assignment(changed) == assignment.model_copy(update={"version": version})


def test_comments_stay() -> None:
    """Only the number is written anew."""
    text = '# mine\nid = "x"\nversion = 2   # read on Monday\nkind = "intro_video"\ntitle = "T"\n'
    assert with_version(text, 3) == text.replace("= 2", "= 3")


def test_a_version_that_cannot_be_told() -> None:
    """That of a rubric is another one, and what stands in a text is no version at all."""
    head = 'id = "x"\nkind = "intro_video"\ntitle = "T"\n'
    rubric = '[rubric]\nname = "r"\nversion = 2\n[[rubric.criteria]]\nname = "c"\nquestion = "q"\n'
    levels = '[rubric.criteria.levels]\n0 = "a"\n10 = "b"\n'
    assert with_version(head + rubric + levels, 3) is None
    assert with_version(head + 'instructions = """\nversion = 7"""\n', 3) is None


def test_what_is_empty_can_be_added() -> None:
    """An empty list is left out: TOML allows no ``[[questions]]`` after ``questions = []``."""
    text = as_toml(sample("introduction"))
    assert "questions" not in text
    added = text + '\n[[questions]]\nquestion_number = "1"\nmax_mark = 2\n'
    assert [question.max_mark for question in load_assignment(added).questions] == [2]


def test_long_text_is_written_as_it_was_typed() -> None:
    """Over several lines."""
    assert "\n1. Write a function `yearly_total` and print the total.\n" in as_toml(sample("notebook"))
