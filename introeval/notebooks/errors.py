"""What can be wrong with a handed-in notebook, in words that a student can act upon.

All but ``NotebookReaderError`` are rejections: the same file fails the same way each time. A blank notebook is one too
for whoever reads it at the door; where it has been accepted all the same, the grader turns it into a grade of 0
(``introeval.graders.notebooks``).
"""

from scheduler.errors import AttemptFailedError, RejectedWorkError


class NotebookRejectedError(RejectedWorkError):
    """Base of all."""

    code = "notebook_rejected"


class NotJsonError(NotebookRejectedError):
    """The file is not JSON, so it is no notebook."""

    code = "notebook_not_json"


class NotANotebookError(NotebookRejectedError):
    """JSON, but not in Jupyter's notebook format; the message names the place."""

    code = "not_a_notebook"


class NotebookTooLargeError(NotebookRejectedError):
    """More bytes or cells than are read."""

    code = "notebook_too_large"


class BlankNotebookError(NotebookRejectedError):
    """All cells are empty."""

    code = "blank_notebook"


class NoCellsError(BlankNotebookError):
    """There is not even an empty cell."""

    code = "notebook_no_cells"


class NotebookReaderError(AttemptFailedError):
    """The confined process that reads notebooks did not do its work."""

    code = "notebook_reader"
