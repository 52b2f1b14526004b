"""What can be wrong with pages that were handed in, under the kinds of ``scheduler.errors``::

RejectedWorkError
├── NothingToGradeByError       the assignment says nothing about a question
└── PagesRejectedError          the file itself is at fault; the message speaks to the student
    ├── AnimatedImageError          several frames: nobody knows which one is meant
    ├── BrokenPagesError            a format that we know, damaged or cut
    ├── EmptyPagesError             no bytes, or no page
    ├── EncryptedPagesError         a PDF with a password
    ├── MislabelledPagesError       its name says another type than its bytes
    ├── PagesMissingError           the stored file is gone
    ├── PagesTooLargeError          too many bytes, pixels or pages
    └── UnknownPagesError           no type that is accepted
AttemptFailedError
└── PageReaderError             the process that reads pages did not do its work
"""

from models.errors import SchemaValidationError
from scheduler.errors import AttemptFailedError, RejectedWorkError


class PagesRejectedError(RejectedWorkError):
    """The pages cannot be used, now or later."""

    code = "pages_rejected"


class AnimatedImageError(PagesRejectedError):
    """A picture of several frames."""

    code = "animated_image"


class BrokenPagesError(PagesRejectedError):
    """The type is known, its content cannot be decoded."""

    code = "broken_pages"


class EmptyPagesError(PagesRejectedError):
    """Nothing is in it."""

    code = "empty_pages"


class EncryptedPagesError(PagesRejectedError):
    """It needs a password."""

    code = "encrypted_pages"


class MislabelledPagesError(PagesRejectedError):
    """The name (or the declared type) and the content do not agree."""

    code = "mislabelled_pages"


class PagesMissingError(PagesRejectedError):
    """The stored upload is not where it was put."""

    code = "pages_missing"


class PagesTooLargeError(PagesRejectedError):
    """More bytes, pixels or pages than are accepted."""

    code = "pages_too_large"


class UnknownPagesError(PagesRejectedError):
    """No type of the allow-list."""

    code = "unknown_pages"


class NothingToGradeByError(RejectedWorkError):
    """A question without a text, a marking point or an answer in the key."""

    code = "nothing_to_grade_by"


class PageReaderError(AttemptFailedError):
    """The confined process could not be started, did not end in its time, or gave no answer."""

    code = "page_reader"


class MarksDoNotAddUpError(SchemaValidationError):
    """The points of a question's proposed marking points do not add up to what it is worth."""

    code = "marks_do_not_add_up"
