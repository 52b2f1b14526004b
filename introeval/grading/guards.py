"""What is decided in code, whatever a model says.

Rules:

1. No words, or fewer than ``min_words``: no model is asked and the score is 0, with the reason.
2. Few words (``short``, ``brief``), no fact about the speaker, or another topic: each criterion is capped at a
   share of its maximum, with the reason. The lowest cap counts.
3. A fact counts when its own words are in a segment in which the speaker says "I" (or "my", "we", ...): a model can
   list a recipe as facts. The place is corrected when another segment has the words. When fewer than three are
   left, plain statements ("I study ...") found in code take their place if they are more: nobody is capped for
   what a model overlooked.
4. Another topic is believed only while fewer than three facts count, and not of a speaker with a fact who mostly says
   "I": one wrong word must cost neither a clear introduction its grade nor a rambling one the right reason.
5. Criteria marked ``from_facts`` cannot exceed what the facts carry, nor those marked ``from_wording`` what the
   fillers and unsure words allow.
6. Words to the grader change nothing here: they are flagged, and were not shown to the model (``speech``).

Rules 3 and 4 need English; in a transcript that does not look English, facts and topic are taken as the model gave
them.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from introeval.grading.reply import Fact, Reply
from introeval.grading.report import AppliedGuard, Flag
from introeval.grading.rubric import Criterion, Rubric
from introeval.grading.signals import measure
from introeval.grading.speech import WITHHELD, Line, Speech
from introeval.grading.statements import stated

FACT_CEILINGS = (1, 4, 6)
"""The highest ``from_facts`` score with 0, 1 and 2 facts; from three on there is none."""

_FIRST_PERSON = re.compile(r"\b(?:i|i'm|i've|i'd|i'll|my|me|mine|myself|we|our|us|name's)\b", re.IGNORECASE)
_COMMON = "a an and are but for i in is it like my of on so that the this to was we with you"
_HOLLOW = "the and are was has have that this with from speaker student about said says their they"
_ENGLISH, _EMPTY_WORDS = frozenset(_COMMON.split()), frozenset(_HOLLOW.split())
_WORD = re.compile(r"[^\W_]+")


def refuse(speech: Speech, media_seconds: float, rubric: Rubric) -> AppliedGuard | None:
    """Rule 1: the guard that grades without a model, if there is one."""
    words = speech.gradable_words
    if not speech.lines:
        reason = f"No speech was found in the {media_seconds:.0f} seconds of this video. Please record again."
        return AppliedGuard(code="no_speech", reason=reason, cap=0.0)
    if words < rubric.guards.min_words:
        reason = (
            f"Only {words} words can be graded, fewer than {rubric.guards.min_words}. Please record again."
        )
        return AppliedGuard(code="too_few_words", reason=reason, cap=0.0)
    return None


def caps(speech: Speech, facts: Sequence[Fact], reply: Reply, rubric: Rubric) -> tuple[AppliedGuard, ...]:
    """Rules 2 and 4."""
    limits, words, whole = rubric.guards, speech.gradable_words, rubric.max_score
    found: list[AppliedGuard] = []
    few = f"The speech has {words} words; fewer than"
    if words < limits.short_words:
        reason = f"{few} {limits.short_words} can show very little."
        found.append(AppliedGuard(code="short", reason=reason, cap=limits.short_cap * whole))
    elif words < limits.brief_words:
        reason = f"{few} {limits.brief_words} cannot show enough for a high grade."
        found.append(AppliedGuard(code="brief", reason=reason, cap=limits.brief_cap * whole))
    if not facts:
        reason = "The speech says nothing that could be counted as a fact about the speaker."
        found.append(AppliedGuard(code="no_facts", reason=reason, cap=limits.no_facts_cap * whole))
    if (
        reply.topic == "other"
        and len(facts) < len(FACT_CEILINGS)
        and not (facts and _mostly_first_person(speech))
    ):
        reason = "The speech is about something else than the speaker."
        found.append(AppliedGuard(code="off_topic", reason=reason, cap=limits.off_topic_cap * whole))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Ceiling:
    """Rule 5: the highest score of the criteria that carry ``mark``, and why."""

    mark: Literal["from_facts", "from_wording"]
    code: Literal["few_facts", "fillers", "unsure"]
    score: int
    reason: str

    def bounds(self, criterion: Criterion) -> bool:
        """Whether the rubric lets this ceiling bound the criterion."""
        return criterion.from_facts if self.mark == "from_facts" else criterion.from_wording


def ceilings(speech: Speech, facts: Sequence[Fact], rubric: Rubric) -> tuple[Ceiling, ...]:
    """Rule 5, for this speech."""
    found, limits, seen = [], rubric.guards, measure(speech)
    if len(facts) < len(FACT_CEILINGS):
        count = ("no fact", "only one fact", "only two facts")[len(facts)]
        found.append(
            Ceiling("from_facts", "few_facts", FACT_CEILINGS[len(facts)], f"{count} about the speaker")
        )
    if seen.per_hundred(seen.fillers) > limits.fillers_per_100:
        why = f"{seen.fillers} fillers in {seen.words} words"
        found.append(Ceiling("from_wording", "fillers", limits.fillers_ceiling, why))
    if seen.per_hundred(seen.unsure) > limits.unsure_per_100:
        why = f"{seen.unsure} unsure or vague phrases in {seen.words} words"
        found.append(Ceiling("from_wording", "unsure", limits.unsure_ceiling, why))
    return tuple(found)


def counted_facts(facts: Iterable[Fact], speech: Speech) -> tuple[Fact, ...]:
    """Rule 3: the facts that count, each once and with its right place."""
    if not _looks_english(speech):
        return tuple(facts)
    kept: dict[str, Fact] = {}
    for fact in facts:
        line = _home(fact, speech)
        if line is not None:
            kept.setdefault(fact.fact.casefold(), fact.model_copy(update={"segment": line.number}))
    plain = stated(speech)
    return tuple(kept.values()) if len(kept) >= len(FACT_CEILINGS) or len(kept) >= len(plain) else plain


def flags(speech: Speech, guards: Sequence[AppliedGuard]) -> tuple[Flag, ...]:
    """What the teacher should look at."""
    found = [
        Flag(
            code="addressed_to_grader",
            message=f'At {line.start:.0f} s the speech addresses the grader: "{" ".join(line.addressed)}" '
            "These words were not shown to the model and did not change the grade.",
        )
        for line in speech.addressed
    ]
    if speech.cut:
        found.append(
            Flag(code="transcript_cut", message="The speech is very long; only its first part was graded.")
        )
    found += [
        Flag(code=guard.code, message=f"{guard.reason} No model was asked.")
        for guard in guards
        if guard.code in ("no_speech", "too_few_words")
    ]
    doubtful = [guard for guard in guards if guard.code in ("no_facts", "off_topic")]
    # Another topic says it all: a second flag for its missing facts would only be noise.
    found += [
        Flag(code=guard.code, message=f"{guard.reason} The grade is capped at {guard.cap:g}; please check.")
        for guard in doubtful[-1:]
    ]
    return tuple(found)


def _home(fact: Fact, speech: Speech) -> Line | None:
    """The segment that shares most words with the fact and is in the first person; the cited one wins a tie."""
    wanted = _stems(fact.fact)
    shared = {
        line.number: len(wanted & _stems(_shown(line)))
        for line in speech.lines
        if _first_person(line, speech.lines)
    }
    most = max(shared.values(), default=0)
    if not most:
        return None
    best = [at for at, count in shared.items() if count == most]
    return speech.lines[(fact.segment if fact.segment in best else best[0]) - 1]


def _mostly_first_person(speech: Speech) -> bool:
    """Whether more than half of the segments speak of the speaker; never in a language that rule 3 cannot read."""
    said = sum(_first_person(line, speech.lines) for line in speech.lines)
    return _looks_english(speech) and 2 * said > len(speech.lines)


def _first_person(line: Line, lines: Sequence[Line]) -> bool:
    """Also when the sentence began in the segment before: recognisers cut sentences anywhere."""
    before = lines[line.number - 2] if line.number > 1 else None
    runs_on = before is not None and not before.quote.endswith((".", "!", "?"))
    heard = _shown(before) + " " + _shown(line) if before and runs_on else _shown(line)
    return bool(_FIRST_PERSON.search(heard))


def _shown(line: Line) -> str:
    return line.shown.replace(WITHHELD, " ")


def _stems(text: str) -> frozenset[str]:
    """Words of three letters or more, cut to four letters so that "studies" meets "study"."""
    words = (word.casefold() for word in _WORD.findall(text))
    return frozenset(word[:4] for word in words if len(word) > 2 and word not in _EMPTY_WORDS)


def _looks_english(speech: Speech) -> bool:
    """At least an eighth of the words are among the commonest English ones."""
    words = [word.casefold() for line in speech.lines for word in _WORD.findall(_shown(line))]
    return 8 * sum(word in _ENGLISH for word in words) >= len(words)
