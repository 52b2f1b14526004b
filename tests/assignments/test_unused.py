"""What a kind has no use for is refused in what is written now; what was stored before stays as it is."""

from pathlib import Path
from typing import Any

import pytest

from db.assignments import Assignments, StoredAssignment
from db.database import Database
from introeval.assignments import Assignment, AssignmentError, Kind
from introeval.assignments.unused import UNUSED, unused
from introeval.cli.main import main
from introeval.clock import SystemClock
from introeval.grading import default_rubric
from introeval.library import AssignmentLibrary
from tests.assignments.values import sample
from tests.web.homework import KINDS, PATH
from tests.web.running import running

PAIR = {"rubric_model": {"name": "llama3"}, "assessment_model": {"name": "mistral"}}
QUESTIONS = [{"question_number": "1", "max_mark": 20, "text": "Write f."}]
SAID: dict[str, Any] = {
    "questions": QUESTIONS,
    "marking": [{"question_number": "1", "points": 20, "criterion": "f is right"}],
    "answer_key": [{"question_number": "1", "answer": "x"}],
    "rubric": default_rubric().model_dump(mode="json"),
    "plan.pairs": [PAIR],
    "plan.tries": 3,
    "plan.technical_model": "mistral",
    "plan.feedback_model": "mistral",
    "plan.vision_model": "llava",
}


def saying(kind: Kind, field: str) -> dict[str, Any]:
    """A document of that kind that says something in the field."""
    document: dict[str, Any] = {"id": "x", "kind": kind.value, "title": "T", "questions": QUESTIONS}
    if field.startswith("plan."):
        return document | {"plan": {field.removeprefix("plan."): SAID[field]}}
    return document | {field: SAID[field]}


@pytest.mark.parametrize(("kind", "field"), [(kind, field) for kind in Kind for field in UNUSED[kind]])
def test_the_field_is_named(kind: Kind, field: str) -> None:
    """Beside the questions of an introduction, which are in each of these documents."""
    found = unused(Assignment.model_validate(saying(kind, field)))
    assert [error.field for error in found if error.field != "questions" or field == "questions"] == [field]
    assert all(error.message for error in found)


@pytest.mark.parametrize("field", SAID)
def test_each_field_is_of_use_somewhere_or_a_sessions(field: str) -> None:
    """None is refused everywhere but those that only sessions have."""
    assert all(field in UNUSED[kind] for kind in Kind) == (field in ("plan.pairs", "plan.tries"))


@pytest.mark.parametrize("name", KINDS)
def test_the_samples_say_nothing_in_vain(name: str) -> None:
    """With all their defaults."""
    assert unused(sample(name)) == []


async def test_over_http(tmp_path: Path) -> None:
    """Refused with each field; nothing is stored."""
    async with running(tmp_path) as room:
        body = saying(Kind.PAGES, "rubric") | {"plan": {"pairs": [PAIR], "tries": 3, "reasoning": True}}
        answer = await room.client.post(PATH, json=body)
        told = await answer.json()
        assert (answer.status, told["code"]) == (422, "invalid_document")
        assert [error["field"] for error in told["errors"]] == ["rubric", "plan.pairs", "plan.tries"]
        assert "POST /grade/single" in told["errors"][1]["message"]
        assert (await room.client.get(f"{PATH}/x")).status == 404


def test_check_names_it_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a daemon. The marks of a notebook's questions are not told as what it is worth: its rubric says that."""
    file = tmp_path / "x.toml"
    head = 'id = "x"\nkind = "notebook"\ntitle = "T"\n[[questions]]\nquestion_number = "1"\nmax_mark = 20\n'
    file.write_text(head, encoding="utf-8")
    assert main(["assignment", "check", str(file)]) == 0
    out = capsys.readouterr().out
    assert "1 questions" in out
    assert "marks" not in out
    file.write_text(
        head + '[[marking]]\nquestion_number = "1"\npoints = 20\ncriterion = "f"\n', encoding="utf-8"
    )
    assert main(["assignment", "check", str(file)]) == 2
    assert "marking: a notebook is graded by its rubric's criteria" in capsys.readouterr().err


async def stored(database: Database, document: dict[str, Any]) -> Assignment:
    """A version as an older program stored it."""
    given = Assignment.model_validate(document)
    new = StoredAssignment(
        id=given.id,
        version=1,
        kind=given.kind.value,
        title=given.title,
        definition=given.model_dump_json(),
        created_at=0.0,
    )
    await Assignments(database).add(new)
    return given


async def test_what_is_stored_stays(tmp_path: Path) -> None:
    """It is read, and the same again is no change; only its next version is refused."""
    async with Database.open(tmp_path) as database:
        old = await stored(database, saying(Kind.PAGES, "plan.pairs"))
        library = AssignmentLibrary(Assignments(database), SystemClock())
        assert await library.latest("x") == await library.version("x", 1) == old
        assert await library.add(old) == old
        with pytest.raises(AssignmentError, match=r"plan\.pairs: no assignment is graded by pairs"):
            await library.add(old.model_copy(update={"title": "Other"}))
        assert (await library.latest("x")).version == 1


async def test_it_stops_no_start(tmp_path: Path) -> None:
    """The rubric of the settings makes a version of the introductions, whatever else they say."""
    async with Database.open(tmp_path) as database:
        document = saying(Kind.INTRO_VIDEO, "plan.tries") | {"id": "introductions"}
        await stored(database, document)
        started = await AssignmentLibrary(Assignments(database), SystemClock()).introductions(
            default_rubric()
        )
        assert (started.version, started.plan.tries, started.rubric) == (2, 3, default_rubric())
