"""Errors of comparing grades, as refinements of the scheduler's kinds (the whole tree is in ``scheduler.errors``)."""

from dataclasses import dataclass

from scheduler.errors import ConfigurationError

MOST_SHOWN = 10


class AgreementError(ConfigurationError):
    """What was given to compare does not fit: an unknown question, a mark that is no number, a wrong setting."""

    code = "agreement"


@dataclass(frozen=True, slots=True)
class Problem:
    """A place in a file of grades. ``line``: from 1, as an editor counts; ``column``: the header's name, or empty."""

    line: int
    column: str
    message: str

    def __str__(self) -> str:
        return f"line {self.line}{f', column {self.column}' if self.column else ''}: {self.message}"


class HumanGradesError(AgreementError):
    """A teacher's file of grades cannot be used. ``problems``: each place; ``str()`` names the first ten."""

    code = "human_grades"

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        more = len(problems) - MOST_SHOWN
        shown = "; ".join(str(problem) for problem in problems[:MOST_SHOWN])
        super().__init__(
            f"The grades cannot be used: {shown}{f'; and {more} more' if more > 0 else ''}. Correct the file."
        )
