"""Every exception of the project, as one tree. The drivers act on these kinds and on nothing else::

    IntroevalError
    ├── ConcurrencyViolationError     STT and language-model work met: a bug, counted, never hidden
    ├── IllegalTransitionError        an event that the tables do not know in this state
    ├── StaleWorkError                a compare-and-swap was lost: somebody else moved the task on
    ├── ConfigurationError            a setting, a rubric or an installed file is wrong: say which
    ├── StateError                    the tables or files could not be written: disk full, I/O error
    ├── HandoverError                 one side did not leave (or take) the machine in its time
    └── WorkError                     a piece of work ended without a result
        ├── AttemptFailedError        this attempt failed: retried within the batch, then failed
        ├── RejectedWorkError         no attempt can succeed: the task fails at once, with the reason
        └── NoServerError             nobody could take the work: it waits, and no retry is counted

``str(error)`` is a sentence that a student or an administrator can act upon; ``code`` is stable. Each package refines
the kinds by subclassing. With the refinements (``tests/docs/test_exceptions.py`` holds this against the classes)::

    IntroevalError                            scheduler.errors
    ├── ClientError                           introeval.client.errors
    │   ├── DaemonRefusedError                introeval.client.errors
    │   └── UnreachableError                  introeval.client.errors
    ├── CommandFailedError                    introeval.cli.exams
    ├── ConcurrencyViolationError             scheduler.errors
    ├── ConfigurationError                    scheduler.errors
    │   ├── AgreementError                    introeval.agreement.errors
    │   │   └── HumanGradesError              introeval.agreement.errors
    │   ├── AssignmentError                   introeval.assignments.errors
    │   │   └── AssignmentChangedError        introeval.assignments.errors
    │   ├── DamagedStateError                 introeval.keeping.errors
    │   ├── EmbeddedServerError               models.embedded.errors
    │   ├── GradeRequestError                 introeval.exams.errors
    │   ├── RestoreError                      introeval.keeping.errors
    │   ├── RubricError                       introeval.grading.errors
    │   ├── SpreadsheetError                  introeval.spreadsheet
    │   ├── TemplateError                     introeval.exams.errors
    │   ├── UnknownModelError                 models.registry
    │   └── WeightsError                      models.weights.errors
    │       └── SourceError                   models.weights.errors
    ├── DemoError                             introeval.demo.errors
    ├── ForbiddenAddressError                 introeval.outbox.errors
    ├── HandoverError                         scheduler.errors
    ├── IllegalTransitionError                scheduler.errors
    ├── ProblemError                          introeval.web.problems
    ├── RequestError                          models.embedded.errors
    │   ├── ModelNotFoundError                models.embedded.errors
    │   └── RunnerError                       models.embedded.errors
    ├── StaleWorkError                        scheduler.errors
    ├── StateError                            scheduler.errors
    │   ├── BackupError                       introeval.keeping.errors
    │   ├── KeepingBusyError                  introeval.keeping.errors
    │   ├── NoRoomError                       scheduler.errors
    │   ├── RefusedRowError                   scheduler.errors
    │   ├── StorageError                      introeval.web.partfile
    │   ├── UncertainCommitError              db.errors
    │   └── WorkFolderError                   stt.errors
    └── WorkError                             scheduler.errors
        ├── AttemptFailedError                scheduler.errors
        │   ├── BrokenTranscriptError         stt.errors
        │   ├── ContextOverflowError          models.errors
        │   ├── ExtractionFailedError         stt.errors
        │   ├── GradeReplyError               introeval.grading.errors
        │   ├── LeaseExpiredError             scheduler.errors
        │   ├── NotebookReaderError           introeval.notebooks.errors
        │   ├── PageReaderError               introeval.pages.errors
        │   ├── ProbeFailedError              stt.errors
        │   ├── ReplyError                    models.errors
        │   │   ├── EmptyReplyError           models.errors
        │   │   ├── OversizedReplyError       models.errors
        │   │   ├── SchemaValidationError     models.errors
        │   │   │   └── MarksDoNotAddUpError  introeval.pages.errors
        │   │   └── TruncatedReplyError       models.errors
        │   ├── RequestRefusedError           models.errors
        │   ├── ResponseShapeError            models.errors
        │   ├── ServerFailedError             models.errors
        │   │   ├── ModelUnavailableError     models.errors
        │   │   ├── NotAskedError             models.errors
        │   │   ├── ServerStatusError         models.errors
        │   │   │   ├── RateLimitedError      models.errors
        │   │   │   └── ServerBusyError       models.errors
        │   │   ├── ServerTimeoutError        models.errors
        │   │   ├── ServerUnreachableError    models.errors
        │   │   ├── StreamCutError            models.errors
        │   │   └── WrongServiceError         models.errors
        │   ├── SlowReplyError                models.errors
        │   ├── UnexpectedError               scheduler.outcome
        │   └── WhisperChildError             stt.errors
        │       ├── ChildCrashedError         stt.errors
        │       ├── ChildHungError            stt.errors
        │       └── ChildTooLargeError        stt.errors
        ├── NoServerError                     scheduler.errors
        └── RejectedWorkError                 scheduler.errors
            ├── MediaRejectedError            stt.errors
            │   ├── CorruptMediaError         stt.errors
            │   ├── EmptyFileError            stt.errors
            │   ├── MediaMissingError         stt.errors
            │   ├── NoAudioTrackError         stt.errors
            │   ├── NotAVideoError            stt.errors
            │   └── TooLongError              stt.errors
            ├── NotebookRejectedError         introeval.notebooks.errors
            │   ├── BlankNotebookError        introeval.notebooks.errors
            │   │   └── NoCellsError          introeval.notebooks.errors
            │   ├── NotANotebookError         introeval.notebooks.errors
            │   ├── NotJsonError              introeval.notebooks.errors
            │   └── NotebookTooLargeError     introeval.notebooks.errors
            ├── NothingToGradeByError         introeval.pages.errors
            ├── PagesRejectedError            introeval.pages.errors
            │   ├── AnimatedImageError        introeval.pages.errors
            │   ├── BrokenPagesError          introeval.pages.errors
            │   ├── EmptyPagesError           introeval.pages.errors
            │   ├── EncryptedPagesError       introeval.pages.errors
            │   ├── MislabelledPagesError     introeval.pages.errors
            │   ├── PagesMissingError         introeval.pages.errors
            │   ├── PagesTooLargeError        introeval.pages.errors
            │   └── UnknownPagesError         introeval.pages.errors
            ├── PromptTooLongError            models.errors
            ├── SessionGoneError              introeval.exams.errors
            └── UnreadableRubricError         introeval.exams.errors
"""

from typing import ClassVar


class IntroevalError(Exception):
    """Base of all. ``code`` is stable, lower-case, for logs, metrics and API clients."""

    code: ClassVar[str] = "error"


class ConcurrencyViolationError(IntroevalError):
    """Work of one side was about to run while the other side held the machine."""

    code = "concurrency_violation"


class IllegalTransitionError(IntroevalError):
    """The event is not in the table for this state; nothing was changed."""

    code = "illegal_transition"


class StaleWorkError(IntroevalError):
    """The row is no longer in the state (or under the lease) that the caller read; nothing was changed."""

    code = "stale_work"


class ConfigurationError(IntroevalError):
    """Something an administrator wrote or installed is wrong; the message names it and says what to do."""

    code = "configuration"


class StateError(IntroevalError):
    """The tables, or a file they speak of, could not be written; nothing was changed. Retried and shown."""

    code = "state"


class NoRoomError(StateError):
    """The disk is full, or would be."""

    code = "disk_full"


class RefusedRowError(StateError):
    """The tables refuse what was to be written (a constraint, a value that is none): the disk is well, and another
    attempt with the same values would end the same way."""

    code = "refused_row"


class HandoverError(IntroevalError):
    """A side did not unload or load within its time. Shown and retried; never a reason to go on."""

    code = "handover"


class WorkError(IntroevalError):
    """A piece of work ended without a result."""

    code = "work"


class AttemptFailedError(WorkError):
    """This attempt failed (a crash, a hang, an unusable reply); another one may succeed."""

    code = "attempt_failed"


class LeaseExpiredError(AttemptFailedError):
    """The work went without progress for longer than anything honest does, and was stopped."""

    code = "lease_expired"


class RejectedWorkError(WorkError):
    """The input itself cannot be worked on; a retry would fail the same way."""

    code = "rejected"


class NoServerError(WorkError):
    """No model server could take the request. The task waits and its retries are not touched.

    ``asked``: a server was given the request and failed on it, so the request itself may be why nobody is left.
    """

    code = "no_server"

    def __init__(self, message: str, *, asked: bool = True) -> None:
        super().__init__(message)
        self.asked = asked
