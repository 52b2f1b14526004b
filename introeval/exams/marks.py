"""From a checked reply to marks: evidence and guards, in code. Pure.

The rules, as for exam pages that are read as text (``introeval.pages.guards``):

1. Nothing on the student's pages: no model is asked, every question gets 0. Ink that nobody could read is not nothing:
   a teacher must look.
2. A question for which nothing countable is cited gets 0: there is no answer to be seen. A line counts when something
   of it was shown to the model. What the model gave is kept beside it (``model_mark``), and is a doubt.
3. An answer in lines that share no word with the question, its rubric and its key, or that only repeat the question,
   gets at most a fifth of the question. Pictures have no words to compare, nor has an answer of a letter, a number or a
   name, or one in a script that glues words together (``introeval.pages.guards``, rule 6).
"""

from collections.abc import Iterable, Sequence

from pydantic import BaseModel, ConfigDict

from introeval.assignments.definition import Question
from introeval.exams.assessments import REASON_CHARS, Assessment, Region, Said
from introeval.exams.material import Material
from introeval.exams.readings import Reading
from introeval.grading.rounding import kept_mark, summed
from introeval.grading.wording import tidy
from introeval.pages.grade import BLANK, NO_ANSWER, UNREAD
from introeval.pages.guards import countable, limit
from introeval.pages.lines import Sheet
from introeval.pages.marking import Item

NO_REASON = "The model gave no reason."


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", protected_namespaces=(), defer_build=True)


class Cited(_Value):
    """A place on the student's pages ("page 2, line 5"). ``quote``: what was read there; empty for a picture."""

    place: str
    quote: str = ""


class QuestionMark(_Value):
    """One question in one try. ``mark``: after the guards. ``model_mark``: what the model gave; ``None``: not asked.

    ``doubt``: why a teacher must confirm it. ``guard``: the code of what bounded it.
    """

    question_number: str
    mark: float
    max_mark: float
    reason: str
    model_mark: float | None = None
    evidence: tuple[Cited, ...] = ()
    doubt: str | None = None
    guard: str | None = None


def blank_marks(questions: Sequence[Question], sheet: Sheet) -> tuple[QuestionMark, ...] | None:
    """The marks of pages that no model needs to see (rule 1); ``None`` when one must be asked."""
    if not sheet.blank:
        return None
    unread = any(page.inked and not page.lines for page in sheet.pages)
    return tuple(
        QuestionMark(
            question_number=question.question_number,
            mark=0.0,
            max_mark=question.max_mark,
            reason=UNREAD if unread else BLANK,
            doubt=UNREAD if unread else None,
            guard="blank",
        )
        for question in questions
    )


def marks_of(
    questions: Sequence[Question], assessment: Assessment, material: Material, reading: Reading | None
) -> tuple[QuestionMark, ...]:
    """The marks for a reply about these pages. ``reading``: the rubric that it was given, if a model had read it."""
    sheet = material.student.sheet
    marked = []
    for question in questions:
        said = assessment.said[question.question_number]
        if sheet is None:
            marked.append(_seen(question, said))
        else:
            marked.append(_read(question, said, sheet, _item(question, material, reading)))
    return tuple(marked)


def total(marks: Iterable[QuestionMark]) -> float:
    """The marks together."""
    return summed(mark.mark for mark in marks)


def _seen(question: Question, said: Said) -> QuestionMark:
    places = dict.fromkeys(
        f"page {place.page}, {place.region}" for place in said.evidence if isinstance(place, Region)
    )
    if not places:
        return _unanswered(question, said)
    cited = tuple(Cited(place=place) for place in places)
    return _marked(question, said, said.mark, tidy(said.reason, said.reason, REASON_CHARS), cited)


def _read(question: Question, said: Said, sheet: Sheet, item: Item) -> QuestionMark:
    numbers = countable([place for place in said.evidence if isinstance(place, int)], sheet)
    if not numbers:
        return _unanswered(question, said)
    lines = [sheet.line(number) for number in numbers]
    cited = tuple(Cited(place=line.place, quote=line.quote) for line in lines)
    reason = tidy(said.reason, " ".join(line.quote for line in sheet.lines), REASON_CHARS)
    found = limit(item, numbers, sheet)
    if found is None:
        return _marked(question, said, said.mark, reason, cited)
    told = f"The model gave question {item.number} {said.mark:g} of {item.max_mark:g}, but: {found.reason}"
    return _marked(
        question,
        said,
        min(said.mark, found.share * question.max_mark),
        f"{found.reason} {reason}",
        cited,
        doubt=told if said.mark >= question.max_mark / 2 else None,
        guard=found.code,
    )


def _unanswered(question: Question, said: Said) -> QuestionMark:
    number = question.question_number
    told = f"The model gave question {number} {said.mark:g} marks without any place to show for them."
    return _marked(question, said, 0.0, NO_ANSWER, (), doubt=told if said.mark else None)


def _marked(
    question: Question,
    said: Said,
    mark: float,
    reason: str,
    evidence: tuple[Cited, ...],
    doubt: str | None = None,
    guard: str | None = None,
) -> QuestionMark:
    return QuestionMark(
        question_number=question.question_number,
        mark=kept_mark(mark, question.max_mark),
        max_mark=question.max_mark,
        reason=reason or NO_REASON,
        model_mark=said.mark,
        evidence=evidence,
        doubt=doubt,
        guard=guard,
    )


def _item(question: Question, material: Material, reading: Reading | None) -> Item:
    """The question with all words that an answer to it may share."""
    number = question.question_number
    sheets = [pages.sheet for pages in (material.answer_key, material.rubric) if pages.sheet is not None]
    words = " ".join(line.quote for sheet in sheets for line in sheet.lines)
    points = () if reading is None else reading.points.get(number, ())
    return Item(number, question.max_mark, question.text, words, points)
