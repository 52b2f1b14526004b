"""What can be wrong with an assignment, field by field."""

from collections.abc import Sequence
from dataclasses import dataclass

from scheduler.errors import ConfigurationError

SHOWN = 8


@dataclass(frozen=True, slots=True)
class FieldError:
    """One wrong field. ``field``: its path, such as ``marking[2].points``; ``the whole`` when it is no single one."""

    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


class AssignmentError(ConfigurationError):
    """An assignment that cannot be used; the message names the wrong fields, ``errors`` each of them."""

    code = "assignment"

    def __init__(self, message: str, errors: Sequence[FieldError] = ()) -> None:
        super().__init__(message)
        self.errors = tuple(errors)

    @classmethod
    def of_fields(cls, errors: Sequence[FieldError]) -> "AssignmentError":
        """The error of an assignment with these wrong fields."""
        named = "; ".join(str(error) for error in errors[:SHOWN])
        more = f"; and {len(errors) - SHOWN} more" if len(errors) > SHOWN else ""
        return cls(f"The assignment is not valid: {named}{more}", errors)


class AssignmentChangedError(AssignmentError):
    """Somebody else has added a version since this one was read; nothing was changed. ``newest``: its number."""

    code = "assignment_changed"

    def __init__(self, message: str, newest: int) -> None:
        super().__init__(message, (FieldError("version", message),))
        self.newest = newest
