"""What can go wrong on the way from a file to a transcript, under the kinds of ``scheduler.errors``::

    RejectedWorkError
    └── MediaRejectedError          the file itself is at fault; the message speaks to the student
        ├── EmptyFileError
        ├── MediaMissingError
        ├── NotAVideoError          not a container of the allow-list (a playlist and a picture are none either)
        ├── NoAudioTrackError
        ├── TooLongError
        └── CorruptMediaError       a container we know, with nothing in it that can be decoded
    AttemptFailedError
    ├── ExtractionFailedError       ffmpeg was killed, or ran out of time
    ├── ProbeFailedError            the probe could not be started or was killed from outside
    ├── WhisperChildError
    │   ├── ChildCrashedError
    │   ├── ChildHungError
    │   └── ChildTooLargeError      its memory grew over the cap
    └── BrokenTranscriptError       a transcript file that does not end as one
    StateError
    └── WorkFolderError             no room for a WAV or a transcript: nobody's fault, the task waits

The first kind ends a task at once with its message, the second costs it one attempt.
"""

from scheduler.errors import AttemptFailedError, RejectedWorkError, StateError


class MediaRejectedError(RejectedWorkError):
    """The file cannot be used, now or later."""

    code = "media_rejected"


class EmptyFileError(MediaRejectedError):
    """A file of no bytes."""

    code = "empty_file"


class WorkFolderError(StateError):
    """A file of ours could not be written, most likely because the disk is full."""

    code = "work_folder"


class MediaMissingError(MediaRejectedError):
    """The stored upload is not where it was put."""

    code = "media_missing"


class NotAVideoError(MediaRejectedError):
    """No container of the allow-list."""

    code = "not_a_video"


class NoAudioTrackError(MediaRejectedError):
    """A video without sound."""

    code = "no_audio_track"


class TooLongError(MediaRejectedError):
    """More seconds than the lab allows."""

    code = "too_long"


class CorruptMediaError(MediaRejectedError):
    """The container is known, its audio cannot be decoded."""

    code = "corrupt_media"


class ExtractionFailedError(AttemptFailedError):
    """ffmpeg did not end by itself, or could not write."""

    code = "extraction_failed"


class ProbeFailedError(AttemptFailedError):
    """The probe ended without an answer and without blaming the file."""

    code = "probe_failed"


class WhisperChildError(AttemptFailedError):
    """The Whisper child ended this attempt; the next job gets a new child."""

    code = "whisper_child"


class ChildCrashedError(WhisperChildError):
    """The child exited, was killed, or reported an error in the middle of its work."""

    code = "whisper_crashed"


class ChildHungError(WhisperChildError):
    """The child showed no life, or no progress, for longer than its limit; it was killed."""

    code = "whisper_hung"


class ChildTooLargeError(WhisperChildError):
    """The child's memory grew over the cap; it was killed."""

    code = "whisper_too_large"


class BrokenTranscriptError(AttemptFailedError):
    """A transcript file without its last line, or with a line that is none."""

    code = "broken_transcript"
