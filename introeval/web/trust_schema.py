"""The shapes of what says how far grades can be trusted: the fair round robin, and agreement with a teacher."""

from pydantic import Field, RootModel

from introeval.agreement.report import AgreementReport
from introeval.agreement.scale import Equating
from introeval.web.shape import Body


class StandingBody(Body):
    """One submission on the common scale of the models. ``adjusted``: null when nothing is adjusted.

    ``scores``: by model, as given. ``review``: why one model's grade is not enough here.
    """

    id: str
    roll_number: str
    scores: dict[str, float]
    adjusted: float | None
    review: str | None


class FairnessBody(Body):
    """What the models' severities are worth in one version of an assignment; see docs/grading.md."""

    assignment: str
    version: int
    equating: Equating
    items: tuple[StandingBody, ...]


class StrangerBody(Body):
    """A row of a teacher's file that belongs to no submission."""

    line: int
    column: str
    message: str


class AgreementBody(Body):
    """How far grades agree, with intervals. ``strangers``: rows that belong to no submission."""

    assignment: str
    version: int
    report: AgreementReport
    strangers: tuple[StrangerBody, ...] = ()


class TeacherFile(RootModel[str]):
    """A teacher's grades as CSV: submission id or roll number, score, and a question or criterion where it is one's."""


class TrustQuery(Body):
    """``version``: of the assignment; not given: the newest."""

    version: int | None = Field(default=None, ge=1)


class AgreementQuery(TrustQuery):
    """``question_intervals``: also for the statistics by question; each question then takes as long as all the rest."""

    question_intervals: bool = False
