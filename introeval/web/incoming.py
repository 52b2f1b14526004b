"""``Incoming``: what has been read of one upload, and the checks on it. Pure."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import ValidationError

from db.intake import Accepted
from introeval.assignments import INTRODUCTIONS, Assignment
from introeval.web.inputs import SubmissionForm
from introeval.web.problems import ProblemError
from introeval.web.storage import Draft

_KEY = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass
class Incoming:
    """``drafts``: the files that were read, in their order, and ``file_names`` what their sender calls them."""

    key: str | None
    texts: dict[str, str] = field(default_factory=dict)
    assignment: Assignment | None = None
    earlier: Accepted | None = None
    file_names: list[str] = field(default_factory=list)
    drafts: list[Draft] = field(default_factory=list)
    size: int = 0

    @property
    def file_name(self) -> str:
        """For people."""
        first, more = self.file_names[0], len(self.file_names) - 1
        return f"{first} and {more} more" if more else first

    def take(self, name: str, value: str) -> None:
        """A text field that means something to us. Raises ``ProblemError`` for a second, other value."""
        if self.texts.setdefault(name, value) != value:
            raise ProblemError("bad_field", f"The field '{name}' was sent twice.")

    def proves(self) -> bool:
        """Whether the fields before the file already show that this is the earlier submission."""
        if self.earlier is None or not {"roll_number", "sha256"} <= self.texts.keys():
            return False
        if "assignment" not in self.texts and self.earlier.task.assignment_id != INTRODUCTIONS:
            # It may still come, behind the file.
            return False
        require_same(form_of(self.texts), self.texts["sha256"], self.earlier)
        return True


def digest_of(digests: list[str]) -> str:
    """One for all files: their own, or that of several as ``SubmissionForm.sha256`` says. Hexadecimal."""
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()


def key_of(given: str | None) -> str | None:
    """An idempotency key that can be used. Raises ``ProblemError``."""
    if given is None or _KEY.fullmatch(given):
        return given
    raise ProblemError("bad_key", "An Idempotency-Key is 1 to 255 printable ASCII characters without blanks.")


def form_of(texts: Mapping[str, str]) -> SubmissionForm:
    """The text fields, validated. Raises ``ProblemError``."""
    try:
        return SubmissionForm.model_validate(texts)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        message = "it is missing" if first["type"] == "missing" else first["msg"]
        raise ProblemError(
            "bad_field", f"The field '{first['loc'][0]}' cannot be used: {message}."
        ) from error


def require_same(form: SubmissionForm, sha256: str, earlier: Accepted) -> None:
    """Raise ``ProblemError`` unless this is what the key was used for."""
    task = earlier.task
    if (form.roll_number, form.assignment, sha256) != (task.roll_number, task.assignment_id, earlier.sha256):
        raise ProblemError(
            "key_reused",
            "This Idempotency-Key was used for another file, roll number or assignment. Use a new key.",
        )


def require_digest(form: SubmissionForm, sha256: str) -> None:
    """Raise ``ProblemError`` unless the file is the one that its sender speaks of."""
    if form.sha256 not in (None, sha256):
        raise ProblemError("digest_mismatch", "The file is not the one that sha256 speaks of. Send it again.")


def too_large(most: int) -> ProblemError:
    """The refusal of more than ``most`` bytes."""
    size = f"At most {most / 1e6:,.6g} MB are accepted."
    detail = f"{size} Make it smaller (a video: with a lower resolution) and send it again."
    return ProblemError("too_large", detail, {"Connection": "close"})
