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
from introeval.assignments.errors import AssignmentError
from introeval.assignments.pairs import ModelPairSpec, ModelSpec

__all__ = [
    "INTRODUCTIONS",
    "Assignment",
    "AssignmentError",
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
