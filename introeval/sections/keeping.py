"""The sections about how long things are kept, and where their backups are."""

from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from introeval.sections.base import FullPath, Section


class RetentionSettings(Section):
    """``days``: how long submissions are kept whose assignment says nothing; not given: until somebody deletes them.

    ``raw_replies``: whether the models' raw replies are dropped ``reply_hours`` after a submission has ended. Until
    then the same request is answered from what is kept: a lab session's, and a regrade's of the same day.
    """

    days: Annotated[int, Field(ge=1, le=36500)] | None = None
    raw_replies: Literal["drop", "keep"] = "drop"
    reply_hours: Annotated[float, Field(ge=0, le=876_000)] = 24.0


class BackupSettings(Section):
    """``dir``: not given: ``backups`` in the state folder, which does not outlive its disk. ``keep``: so many, the
    newest."""

    dir: FullPath | None = None
    keep: PositiveInt = 7
