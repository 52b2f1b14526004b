"""The shapes of a grade: what it is, what it rests on, and how far it can be trusted."""

from introeval.web.shape import Body


class EvidenceBody(Body):
    """A quote, and where it is in the recording."""

    start: float
    end: float
    quote: str


class CriterionBody(Body):
    """The score of one criterion of the rubric, with its reason."""

    name: str
    score: float | None = None
    max_score: float | None = None
    reason: str | None = None
    evidence: tuple[EvidenceBody, ...] = ()


class NoteBody(Body):
    """Something that the grader noted, and where it is in the recording."""

    text: str
    start: float
    end: float


class GuardBody(Body):
    """A rule that bounded the grade: why it is not more. ``cap``: the highest grade it allows."""

    code: str
    reason: str
    cap: float


class GradeBody(Body):
    """A grade, complete. ``facts``: about the speaker; ``problems``: of the speech; ``guards``: what bounded it."""

    score: float
    max_score: float
    criteria: tuple[CriterionBody, ...] = ()
    facts: tuple[NoteBody, ...] = ()
    problems: tuple[NoteBody, ...] = ()
    guards: tuple[GuardBody, ...] = ()


class FlagBody(Body):
    """Something a person should look at."""

    code: str
    message: str
