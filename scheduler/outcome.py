"""What a piece of work came to: from the exception it ended with to the event that is recorded. Pure.

==========================  ==============================================================
``AttemptFailedError``      retried within the batch while retries are left, then given up
``RejectedWorkError``       given up at once: no attempt can succeed
``NoServerError``           released: it waits, and no retry is counted (but see ``MOST_HAND_OUTS``)
``StateError``              released: the disk is full or broken, which is nobody's fault; all wait a moment
``RefusedRowError``         though a ``StateError``: a bug of ours, see the last line. Released it would come back for
                            ever, and make all wait each time
a cancellation              released: the daemon stops
anything else               a bug of ours: as an attempt that failed, so that one bad file
                            can neither stop the daemon nor come back for ever
==========================  ==============================================================
"""

from scheduler.errors import (
    AttemptFailedError,
    IntroevalError,
    NoServerError,
    RefusedRowError,
    RejectedWorkError,
    StateError,
)
from scheduler.task import Task
from scheduler.transitions import TaskEvent, failure_event

MOST_HAND_OUTS = 20
"""From then on ``NoServerError`` counts as a failed attempt: a transcript that kills whichever server it is given to
would else go round for ever, and take the servers from everybody. Servers that are merely away are no reason: while
none is healthy nothing is handed out, and work for one that is away waits (``pauses``)."""


class UnexpectedError(AttemptFailedError):
    """An exception that no adapter translated. The message names its type; the log has the traceback."""

    code = "unexpected"


def translated(error: BaseException) -> IntroevalError:
    """``error`` as it is recorded and shown: one of ours, whatever it was."""
    if isinstance(error, (AttemptFailedError, RejectedWorkError, NoServerError)):
        return error
    if isinstance(error, StateError) and may_pass(error):
        return error
    return UnexpectedError(
        f"an internal error ({type(error).__name__}); the administrator's log has the details"
    )


def may_pass(error: Exception) -> bool:
    """Whether the same write can go well later: the disk refused it, and not the tables what was to be written."""
    return isinstance(error, StateError) and not isinstance(error, RefusedRowError)


def event_for(task: Task, error: Exception, max_retries: int) -> TaskEvent:
    """The event that follows from ``error`` (see the table above) for a task that was being worked on."""
    if isinstance(error, StateError):
        return TaskEvent.RELEASED
    if isinstance(error, NoServerError) and (not error.asked or task.hand_outs < MOST_HAND_OUTS):
        return TaskEvent.RELEASED
    retryable = not isinstance(error, RejectedWorkError)
    return failure_event(task.retry_count, max_retries, retryable=retryable)
