"""The shapes of a teacher's commands for exams on paper, and their endpoints as data."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from introeval.web.grade_schema import FailureBody
from introeval.web.schema import StatusName
from introeval.web.shape import Body

Name = Annotated[str, Field(min_length=1, max_length=64)]


class ProposalRequest(Body):
    """``submissions``: only these (``transcribe``). ``questions``: only these. None means all."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    submissions: Annotated[tuple[Name, ...], Field(max_length=1000)] = ()
    questions: Annotated[tuple[Name, ...], Field(max_length=100)] = ()


class TasksBody(Body):
    """The tasks that do it, queued now or waiting already; each has its state at ``/api/v1/proposals/{id}``."""

    tasks: tuple[str, ...]


class ProposalBody(Body):
    """A task of a teacher: its state, and when it is done what was read or is proposed (``report``)."""

    id: str
    kind: str
    assignment: str
    assignment_version: int
    status: StatusName
    report: dict[str, Any] | None
    failures: tuple[FailureBody, ...]
    error_code: str | None
    error_message: str | None
