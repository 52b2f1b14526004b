"""What every section of the settings is."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

FullPath = Annotated[Path, AfterValidator(lambda path: path.expanduser().absolute())]


class Section(BaseModel):
    """Immutable, and a misspelt name is an error rather than a setting without effect."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)
