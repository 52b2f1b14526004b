"""How long until a student's grade: a pure estimate from the pace of recent work.

The model. A batch of ``batch_size`` is transcribed, then graded, then the next batch has its turn; between the two a
switchover. Transcription takes its pace per second of media, one file after another; grading takes its mean per
student on ``llm_slots`` at once. So a task that waits for STT waits for the grades of the batch that is being graded,
for every full batch before its own, and for its own batch's STT; one that waits for its grade waits for the rounds of
grades before it, and for STT when STT has the machine. It is an estimate: retries and new servers change it.
"""

import math
from dataclasses import dataclass

from db.views import Pace
from scheduler.task import Phase, Stage, Task

UNKNOWN_MEDIA_SECONDS = 90.0
"""For a file whose length nobody knows; introductions are about this long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What the estimate knows of the machine. ``stt_left`` and ``llm_left``: waiting and running tasks."""

    phase: Phase
    stt_left: int
    llm_left: int
    llm_slots: int
    batch_size: int
    pace: Pace


def eta_seconds(task: Task, ahead: int | None, outlook: Outlook) -> float | None:
    """Seconds until the task's grade; ``None`` when it has ended or when nothing is known to reckon with."""
    pace = outlook.pace
    if task.state.stage in (Stage.COMPLETED, Stage.FAILED) or not outlook.llm_slots:
        return None
    if pace.llm_seconds is None or (task.state.stage is Stage.STT and pace.stt_per_media_second is None):
        return None
    if task.state.stage is Stage.LLM:
        return _in_llm(task, ahead, outlook)
    return _in_stt(task, ahead or 0, outlook)


def _in_llm(task: Task, ahead: int | None, outlook: Outlook) -> float:
    if ahead is None:
        return outlook.pace.llm_seconds or 0.0
    grades = _grading(ahead + 1, outlook)
    if outlook.phase is Phase.LLM:
        return grades
    left = min(outlook.stt_left, outlook.batch_size) if outlook.phase is Phase.STT else 0
    return _transcribing(left, task, outlook) + _switch(outlook) + grades


def _in_stt(task: Task, ahead: int, outlook: Outlook) -> float:
    rounds, place = divmod(ahead, outlook.batch_size)
    members = max(1, min(outlook.batch_size, outlook.stt_left - rounds * outlook.batch_size))
    full = _transcribing(outlook.batch_size, task, outlook) + _grading(outlook.batch_size, outlook)
    own = _transcribing(members, task, outlook) + _switch(outlook) + _grading(place + 1, outlook)
    before = _grading(outlook.llm_left, outlook) if outlook.phase is not Phase.STT else 0.0
    switches = 0.0 if outlook.phase is Phase.STT else _switch(outlook)
    return before + switches + rounds * (full + 2 * _switch(outlook)) + own


def _transcribing(tasks: int, like: Task, outlook: Outlook) -> float:
    return tasks * (like.media_seconds or UNKNOWN_MEDIA_SECONDS) * (outlook.pace.stt_per_media_second or 0.0)


def _grading(tasks: int, outlook: Outlook) -> float:
    return math.ceil(tasks / outlook.llm_slots) * (outlook.pace.llm_seconds or 0.0)


def _switch(outlook: Outlook) -> float:
    return outlook.pace.switchover_seconds or 0.0
