"""Deliberate defects that only a regrade shows (see ``mutants``)."""

from db import regrades
from tests.simulator.edits import Mutant, happens, put, statement

REGRADES = (
    Mutant(
        "a regrade without a result takes the grade away (as it was)",
        "transitions",
        (put(regrades, "ending", lambda event, graded: event),),
        needs=happens("regrade"),
    ),
    Mutant(
        "a task keeps the version that could not grade it",
        "store",
        (statement(("keep_grade",), "assignment_version = :version, ", ""),),
        needs=happens("regrade"),
    ),
    Mutant(
        "the next regrade has the last one's note",
        "store",
        (statement(("forget_regrade",), "WHERE", "WHERE 0 AND"),),
        needs=happens("regrade"),
    ),
)
