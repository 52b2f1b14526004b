"""What can be wrong with what a teacher asks for; the kinds are those of ``scheduler.errors``."""

from scheduler.errors import ConfigurationError, RejectedWorkError


class GradeRequestError(ConfigurationError):
    """A grading that cannot be planned. ``field``: the request's field that is wrong; the message says why."""

    code = "grade_request"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class TemplateError(ConfigurationError):
    """A prompt template that cannot be used; the message names every placeholder that is unknown or missing."""

    code = "template"


class UnreadableRubricError(RejectedWorkError):
    """Nothing on the rubric's pages could be read, so nobody can grade by it."""

    code = "unreadable_rubric"


class SessionGoneError(RejectedWorkError):
    """A session's task has no plan, or its pictures are no longer there."""

    code = "session_gone"
