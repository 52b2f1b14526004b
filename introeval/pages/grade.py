"""From checked replies to marks: evidence, guards and the total, all in code. Pure.

The order of use: ``number_lines``, ``items``, ``refused`` (a grade without a model, or ``None``), ``build_prompts``,
ask, ``parse_reply`` for each, ``grade``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from introeval.grading.report import AppliedGuard, CriterionGrade, Evidence, Flag, GradeReport
from introeval.grading.rounding import kept_mark, summed
from introeval.grading.wording import tidy
from introeval.pages import guards
from introeval.pages.lines import Sheet
from introeval.pages.marking import Item, Point
from introeval.pages.reply import REASON_CHARS, ItemReply, PointReply, Reply

EVIDENCE_MAX = 6
BLANK = "The pages are blank: there is no answer to mark."
UNREAD = "Nothing on the pages could be read, though they are not blank. A teacher must mark them."
UNSAID = "no word of it is on the lines"
UNBACKED = "no line was given for it"
NO_ANSWER = "No line of the pages answers this question."


@dataclass(frozen=True, slots=True)
class Marked:
    """One question after the guards. ``evidence``: numbers of lines. ``doubt``: why a teacher must look, if so.

    ``unsaid``: a guard held some of its marking points at half.
    """

    item: Item
    score: float
    model_score: float
    reason: str
    evidence: tuple[int, ...]
    limit: guards.Limit | None = None
    doubt: str | None = None
    unsaid: bool = False


@dataclass(frozen=True, slots=True)
class _Judged:
    """One marking point: what it gets, and what held it below what the model gave, if anything did."""

    point: Point
    reply: PointReply
    given: float
    held: str = ""

    def told(self, sheet: Sheet) -> str:
        """For the student and the teacher."""
        words = " ".join(line.quote for line in sheet.lines)
        why = tidy(self.reply.reason, words, REASON_CHARS) or "The model gave no reason."
        if self.held:
            why = f"{self.held}. The model gave {self.reply.points:g}: {why}"
        end = "" if why.endswith((".", "!", "?", "\u2026")) else "."
        return f"{self.given:g} of {self.point.points:g} ({self.point.criterion}): {why}{end}"


def refused(sheet: Sheet, items: Sequence[Item], name: str, version: int) -> GradeReport | None:
    """The grade of pages that no model needs to see; ``None`` when one must be asked."""
    if not sheet.blank:
        return None
    unread = [page.page for page in sheet.pages if page.inked and not page.lines]
    reason = UNREAD if unread else BLANK
    criteria = tuple(
        CriterionGrade(name=item.title, score=0, max_score=item.max_mark, reason=reason) for item in items
    )
    flag = Flag(code="unread_pages" if unread else "blank_pages", message=reason)
    return GradeReport(
        score=0,
        max_score=_most(items),
        criteria=criteria,
        flags=(flag, *sheet_flags(sheet)[0]),
        guards=(AppliedGuard(code="blank", reason=reason, cap=0.0),),
        rubric=name,
        rubric_version=version,
        asked_model=False,
        review=(reason,) if unread else (),
    )


def grade(
    sheet: Sheet, items: Sequence[Item], replies: Iterable[Reply], name: str, version: int
) -> GradeReport:
    """The marks for replies that ``parse_reply`` gave for the prompts of the same sheet and questions.

    ``name``, ``version``: of the assignment. Raises ``KeyError`` when no reply has a question.
    """
    said = merged(items, replies)
    marked = [mark(item, said[item.name], sheet, items) for item in items]
    flags, doubts = sheet_flags(sheet)
    limited = [one for one in marked if one.limit is not None]
    flags += tuple(
        Flag(code=one.limit.code, message=f"{one.item.title}: {one.limit.reason} Please check.")
        for one in limited
        if one.limit is not None
    )
    return GradeReport(
        score=summed(one.score for one in marked),
        max_score=_most(items),
        criteria=tuple(_criterion(one, sheet) for one in marked),
        flags=flags,
        guards=_applied(marked, _most(items)),
        rubric=name,
        rubric_version=version,
        review=doubts + tuple(one.doubt for one in marked if one.doubt is not None),
    )


def merged(items: Sequence[Item], replies: Iterable[Reply]) -> dict[str, ItemReply]:
    """One reply per question: of several parts of the pages, the part that gave a marking point most counts for it."""
    found: dict[str, ItemReply] = {}
    for reply in replies:
        for name, said in reply.items():
            found[name] = _better(found[name], said) if name in found else said
    return {item.name: found[item.name] for item in items}


def mark(item: Item, said: ItemReply, sheet: Sheet, exam: Sequence[Item]) -> Marked:
    """One question: rules 2 to 5 of ``guards``."""
    answer = guards.countable(said.answer_lines, sheet)
    earned = [(point, said.points[point.name]) for point in item.points]
    own = {point.name: guards.countable(reply.lines, sheet) for point, reply in earned}
    cited = sorted({*answer, *(number for lines in own.values() for number in lines)})
    claimed = sum(reply.points for _, reply in earned)
    if not cited:
        told = f"The model gave {item.title} {claimed:g} points without any line to show for them."
        return Marked(item, 0.0, claimed, NO_ANSWER, (), doubt=told if claimed else None)
    judged = [
        _judge(item, point, reply, bool(own[point.name] or answer), cited, sheet) for point, reply in earned
    ]
    limit = guards.limit(item, cited, sheet, exam)
    most = item.max_mark * (1.0 if limit is None else limit.share)
    reason = " ".join(one.told(sheet) for one in judged)
    if limit is not None:
        # What the model said of each point would only contradict this; it is kept with its reply.
        reason = f"{limit.reason} At most {limit.share:.0%} of the marks."
    given = {number for one in judged if one.given for number in own[one.point.name]}
    held = [one for one in judged if one.held]
    doubt = None
    if limit is not None and claimed >= item.max_mark / 2:
        doubt = f"The model gave {item.title} {claimed:g} of {item.max_mark:g}, but: {limit.reason}"
    elif held and limit is None:
        doubt = f"{item.title}: " + " ".join(f"{one.point.criterion}: {one.held}." for one in held)
    return Marked(
        item,
        score=kept_mark(sum(one.given for one in judged), most),
        model_score=claimed,
        reason=reason,
        evidence=tuple(sorted(given or cited))[:EVIDENCE_MAX],
        limit=limit,
        doubt=doubt,
        unsaid=any(one.held == UNSAID for one in held),
    )


def _judge(
    item: Item, point: Point, reply: PointReply, backed: bool, cited: Sequence[int], sheet: Sheet
) -> _Judged:
    if reply.points and not backed:
        return _Judged(point, reply, 0.0, UNBACKED)
    half = guards.UNSAID_SHARE * point.points
    if reply.points > half and guards.unsaid(item, point, cited, sheet):
        return _Judged(point, reply, half, UNSAID)
    return _Judged(point, reply, reply.points)


def _better(one: ItemReply, other: ItemReply) -> ItemReply:
    points = {
        name: max(one.points[name], other.points[name], key=lambda reply: (reply.points, len(reply.lines)))
        for name in one.points
    }
    lines = tuple(sorted({*one.answer_lines, *other.answer_lines}))
    return ItemReply.model_construct(answer_lines=lines, points=points)


def _criterion(one: Marked, sheet: Sheet) -> CriterionGrade:
    lines = [sheet.line(number) for number in one.evidence]
    return CriterionGrade(
        name=one.item.title,
        score=one.score,
        max_score=one.item.max_mark,
        reason=one.reason,
        model_score=kept_mark(one.model_score, one.item.max_mark),
        evidence=tuple(Evidence(place=line.place, quote=line.quote) for line in lines),
    )


def _applied(marked: Sequence[Marked], whole: float) -> tuple[AppliedGuard, ...]:
    """One guard for each kind of limit, naming its questions."""
    found: dict[str, AppliedGuard] = {}
    for code in ("off_topic", "repeats_question"):
        held = [one for one in marked if one.limit is not None and one.limit.code == code]
        if held and (first := held[0].limit) is not None:
            names = ", ".join(one.item.number for one in held)
            reason = f"Question {names}: {first.reason} At most {first.share:.0%} of the marks."
            found[code] = AppliedGuard(code=first.code, reason=reason, cap=whole)
    unsaid = [one.item.number for one in marked if one.unsaid and one.limit is None]
    if unsaid:
        told = "no word of some marking points is on the lines; these got at most half."
        reason = f"Question {', '.join(unsaid)}: {told}"
        found["unsaid"] = AppliedGuard(code="unsaid", reason=reason, cap=whole)
    return tuple(found.values())


def sheet_flags(sheet: Sheet) -> tuple[tuple[Flag, ...], tuple[str, ...]]:
    """What a teacher should look at, and what keeps the grade from being final."""
    found: list[Flag] = []
    doubts: list[str] = []
    for line in sheet.lines:
        if line.addressed:
            words = f'On {line.place} the pages address the grader: "{" ".join(line.addressed)}" '
            told = "These words were not shown to the model and did not change the grade."
            found.append(Flag(code="addressed_to_grader", message=words + told))
    unread = [page.page for page in sheet.pages if page.inked and not page.lines]
    if unread and not sheet.blank:
        message = f"Page {_listed(unread)}: there is something on it that could not be read."
        found.append(Flag(code="unread_pages", message=message))
        doubts.append(message)
    unsure = [page.page for page in sheet.pages if page.unsure and page.lines]
    if unsure:
        message = f"Page {_listed(unsure)} was hard to read; please compare it with the text."
        found.append(Flag(code="hard_to_read", message=message))
        doubts.append(message)
    if sheet.cut:
        message = f"Page {_listed(sheet.cut)} is very long; only its first part was graded."
        found.append(Flag(code="page_cut", message=message))
        doubts.append(message)
    return tuple(found), tuple(doubts)


def _most(items: Iterable[Item]) -> float:
    return summed(item.max_mark for item in items)


def _listed(pages: Sequence[int]) -> str:
    return ", ".join(str(page) for page in pages)
