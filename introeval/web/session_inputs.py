"""The shapes of sessions that come in: what a session is made of, and what is asked for."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field

from introeval.assignments import Question
from introeval.exams.placeholders import MOST_CHARACTERS
from introeval.exams.request import SessionId
from introeval.web.inputs import Printable
from introeval.web.shape import Body

MOST_QUESTIONS = 100
MOST_WAIT = 60.0
RoleName = Literal["student", "answer_key", "grading_rubric"]


class _Form(Body):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NewSession(_Form):
    """What is to be graded, in a few words."""

    title: Annotated[Printable, Field(min_length=1, max_length=100)] = "session"


class ImageForm(Body):
    """The text fields of a page image."""

    session_id: SessionId
    role: RoleName = Field(description="what the page is of")
    order_index: Annotated[int, Field(ge=0, le=999)] = Field(description="its place within its role")


def _numbered(value: Any) -> Any:
    """People number their questions: 1 is "1"."""
    if isinstance(value, dict) and type(value.get("question_number")) is int:
        return value | {"question_number": str(value["question_number"])}
    return value


def _distinct(questions: tuple[Question, ...]) -> tuple[Question, ...]:
    numbers = [question.question_number for question in questions]
    double = next((number for number in numbers if numbers.count(number) > 1), None)
    if double is not None:
        raise ValueError(f"question_number '{double}' is there twice")
    if not numbers:
        raise ValueError("at least one question is needed")
    return questions


class QuestionsForm(_Form):
    """All questions of a session; they take the place of those before."""

    session_id: SessionId
    questions: Annotated[
        tuple[Annotated[Question, BeforeValidator(_numbered)], ...],
        Field(max_length=MOST_QUESTIONS),
        AfterValidator(_distinct),
    ]


class TemplateForm(_Form):
    """A prompt; ``null`` goes back to the program's own."""

    model_config = ConfigDict(str_strip_whitespace=False)

    template: Annotated[str, Field(max_length=2 * MOST_CHARACTERS)] | None


class WaitQuery(_Form):
    """``wait``: seconds that the answer may take for the grading to end; ``Prefer: wait=10`` says the same."""

    wait: Annotated[float, Field(ge=0, le=MOST_WAIT)] | None = None


class SessionResultsQuery(_Form):
    """``task``: which of the session's gradings; not given: the newest."""

    task: Annotated[str, Field(max_length=64)] | None = None
