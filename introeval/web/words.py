"""What people read about a submission's way: one sentence each, in plain English. Pure.

Students read them too: a flag is worded as something that a person will look at, never as an accusation.
"""

import math
from datetime import datetime

from introeval.web.grade_schema import GuardBody
from introeval.web.kinds import KindWords, words_of
from introeval.web.schema import SubmissionBody
from introeval.web.status_schema import StatusBody

STAGES = {"stt": "Transcription", "llm": "Grading", "completed": "Graded", "failed": "Not graded"}
STATUSES = {
    "pending": "waiting",
    "processing": "in progress",
    "retry": "waiting for another attempt",
    "completed": "done",
    "failed": "ended without a grade",
}
PHASES = {"stt": "Transcribing", "llm": "Grading", "switching": "Switching over"}
BATCHES = {
    "waiting": "waiting",
    "transcribing": "being transcribed",
    "evaluating": "being graded",
    "done": "done",
}
RUNS = {
    "waiting": "Nothing handed in yet",
    "running": "Under way",
    "complete": "Complete",
    "incomplete": "Incomplete",
}
PLANS = {
    "round_robin": "each submission by one model in turn, and a share by two so that they can be compared",
    "both": "each submission by two models",
    "single": "each submission by one model",
}

_ONE_AT_A_TIME = "the machine can either transcribe or grade, never both at once"
_STUDENT_FLAGS = {
    "no_speech": "No speech was heard in the recording. Please record again.",
    "too_few_words": "There were too few words to grade. Please record again.",
    "no_facts": "Nothing was found that the speech says about you.",
    "off_topic": "This seems to be about something else than what was asked for.",
    "transcript_cut": "The speech is very long; only its first part was graded.",
}
_NEUTRAL_FLAG = "Your teacher will look at this result as well."


def student_flag(code: str) -> str:
    """What a student reads in place of the teacher's wording."""
    return _STUDENT_FLAGS.get(code, _NEUTRAL_FLAG)


def student_guard(guard: GuardBody) -> str:
    """Why the grade is not more, for the student."""
    return _STUDENT_FLAGS.get(guard.code, guard.reason)


def whole_minutes(seconds: float) -> str:
    """An upper bound, so rounded up."""
    minutes = math.ceil(seconds / 60)
    return f"{minutes} minute{'s' if minutes > 1 else ''}"


def why(submission: SubmissionBody, status: StatusBody) -> str:
    """What happens to a submission now, or what it waits for."""
    kind = words_of(submission.kind)
    if submission.current_phase == "completed":
        done = "transcribed and graded" if kind.spoken else "graded"
        sure = submission.grade is None or submission.grade.final
        later = "" if sure else " The grade is provisional until your teacher has confirmed it."
        return f"Your {kind.noun} has been {done}.{later}"
    if submission.current_phase == "failed":
        earlier = " The grade below is the earlier one." if submission.grade else ""
        return f"There will be no {'new ' if earlier else ''}grade for this {kind.noun}.{earlier}"
    if submission.status == "processing":
        doing = "transcribed" if submission.current_phase == "stt" else "graded"
        return f"Your {kind.noun} is being {doing} right now."
    again = "The first attempt did not work; it will be tried again. " if submission.status == "retry" else ""
    if submission.grade is not None:
        again = f"It is to be graded once more; the grade below is the earlier one. {again}"
    return again + (_why_stt(status) if submission.current_phase == "stt" else _why_llm(kind, status))


def _why_stt(status: StatusBody) -> str:
    if status.phase == "stt":
        return "Videos are being transcribed now, and yours is in the queue."
    doing = "Another group is being graded" if status.phase == "llm" else "The machine is switching over"
    return f"{doing}; {_ONE_AT_A_TIME}. Yours is transcribed after that."


def _why_llm(kind: KindWords, status: StatusBody) -> str:
    ready = "Your transcript is ready." if kind.spoken else f"Your {kind.noun} is here."
    if status.servers and not any(server.healthy for server in status.servers):
        return f"{ready} The grading service cannot be reached; yours waits and is not lost."
    if status.phase == "llm":
        return f"{ready} Grading is under way; yours is in the queue."
    others = "Others are still being transcribed" if kind.spoken else "Videos are being transcribed"
    doing = others if status.phase == "stt" else "The machine is switching over"
    return f"{ready} {doing}; {_ONE_AT_A_TIME}. Grading follows."


def duration(seconds: float) -> str:
    """A span for people, rounded."""
    if seconds < 60:
        return "less than a minute" if seconds < 50 else "about a minute"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"about {minutes} minute{'s' if minutes > 1 else ''}"
    hours, rest = divmod(minutes, 60)
    return f"about {hours} h {rest} min" if rest else f"about {hours} h"


def position(seconds: float) -> str:
    """A moment of a recording as m:ss."""
    whole = int(seconds)
    return f"{whole // 60}:{whole % 60:02d}"


def day(at: datetime) -> str:
    """A date as people write it."""
    return f"{at.day} {at:%B %Y}"


def humanised(name: str) -> str:
    """A name of ours (``use_of_examples``) as people write it."""
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def file_size(count: int) -> str:
    """Bytes for people."""
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{max(1, round(count / 1e3))} kB"
