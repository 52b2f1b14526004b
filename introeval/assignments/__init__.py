"""Assignments: what is handed in, and who grades it how. Pure."""

from introeval.assignments.definition import (
    INTRODUCTIONS,
    Assignment,
    GradingPlan,
    KeyAnswer,
    Kind,
    MarkingPoint,
    Prompts,
    Question,
    load_assignment,
)
from introeval.assignments.errors import AssignmentChangedError, AssignmentError, FieldError
from introeval.assignments.pairs import ModelPairSpec, ModelSpec

__all__ = [
    "INTRODUCTIONS",
    "Assignment",
    "AssignmentChangedError",
    "AssignmentError",
    "FieldError",
    "GradingPlan",
    "KeyAnswer",
    "Kind",
    "MarkingPoint",
    "ModelPairSpec",
    "ModelSpec",
    "Prompts",
    "Question",
    "load_assignment",
]
