"""Grading: rubric and transcript in, prompt out; reply in, explained grade out. Pure: no I/O but the default
rubric.

1. ``rubric``     what is graded          5. ``reply``    what a model must answer, and its reading
2. ``speech``     numbered, safe lines    6. ``guards``   what code decides whatever a model says
3. ``injection``  words to the grader     7. ``grade``    quotes and scores, computed
4. ``prompt``     the question            8. ``report``   the result's shape
"""

from introeval.grading.errors import GradeReplyError, RubricError
from introeval.grading.grade import grade, precheck
from introeval.grading.prompt import Prompt, build_prompt
from introeval.grading.reply import Reply, parse_reply
from introeval.grading.report import GradeReport
from introeval.grading.rubric import Rubric, default_rubric, load_rubric
from introeval.grading.speech import Segment

__all__ = [
    "GradeReplyError",
    "GradeReport",
    "Prompt",
    "Reply",
    "Rubric",
    "RubricError",
    "Segment",
    "build_prompt",
    "default_rubric",
    "grade",
    "load_rubric",
    "parse_reply",
    "precheck",
]
