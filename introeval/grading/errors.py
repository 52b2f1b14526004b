"""Errors of grading, as refinements of the scheduler's kinds (the whole tree is in ``scheduler.errors``)."""

from scheduler.errors import AttemptFailedError, ConfigurationError


class GradeReplyError(AttemptFailedError):
    """A model's reply cannot be used. ``str()`` names the place and the reason, fit to be sent back to the model."""

    code = "grade_reply"


class RubricError(ConfigurationError):
    """A rubric is not valid. ``str()`` names each wrong field."""

    code = "rubric"
