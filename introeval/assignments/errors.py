"""What can be wrong with an assignment."""

from scheduler.errors import ConfigurationError


class AssignmentError(ConfigurationError):
    """An assignment that cannot be used; the message names every wrong field."""

    code = "assignment"
