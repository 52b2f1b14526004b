"""What people read about a submission's way: one sentence each, in plain English. Pure.

Students read them too: a flag is worded as something that a person will look at, never as an accusation.
"""

import math

from introeval.web.grade_schema import GuardBody
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

_ONE_AT_A_TIME = "the machine can either transcribe or grade, never both at once"
_STUDENT_FLAGS = {
    "no_speech": "No speech was heard in the recording. Please record again.",
    "too_few_words": "There were too few words to grade. Please record again.",
    "no_facts": "Nothing was found that the speech says about you.",
    "off_topic": "The speech seems to be about something else than you.",
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
    if submission.current_phase == "completed":
        return "Your introduction has been transcribed and graded."
    if submission.current_phase == "failed":
        return "There will be no grade for this video."
    if submission.status == "processing":
        doing = "transcribed" if submission.current_phase == "stt" else "graded"
        return f"Your introduction is being {doing} right now."
    again = "The first attempt did not work; it will be tried again. " if submission.status == "retry" else ""
    return again + (_why_stt(status) if submission.current_phase == "stt" else _why_llm(status))


def _why_stt(status: StatusBody) -> str:
    if status.phase == "stt":
        return "Videos are being transcribed now, and yours is in the queue."
    doing = "Another group is being graded" if status.phase == "llm" else "The machine is switching over"
    return f"{doing}; {_ONE_AT_A_TIME}. Yours is transcribed after that."


def _why_llm(status: StatusBody) -> str:
    if status.servers and not any(server.healthy for server in status.servers):
        return "Your transcript is ready. The grading service cannot be reached; yours waits and is not lost."
    if status.phase == "llm":
        return "Your transcript is ready and grading is under way; yours is in the queue."
    doing = "Others are still being transcribed" if status.phase == "stt" else "The machine is switching over"
    return f"Your transcript is ready. {doing}; {_ONE_AT_A_TIME}. Grading follows."


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
