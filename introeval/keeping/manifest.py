"""``Manifest``: what a backup must hold, each file with its size and SHA-256. Without it there is no backup.

It names nothing outside of the backup: whoever reads one may have been given it.
``changing`` is true while a purge rewrites the backup: its database then has no SHA-256 that could be compared.
"""

import json
import re
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from db.database import FILE_NAME
from introeval.keeping.errors import RestoreError
from introeval.keeping.files import write_whole

NAME = "manifest.json"
FORMAT = 1
FOLDERS = ("videos", "transcripts", "images")
_INSIDE = re.compile(rf"({'|'.join(FOLDERS)})/[\w-][\w.-]*")


@dataclass(frozen=True, slots=True)
class KeptFile:
    """``size`` in bytes, ``sha256`` in hex."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """``made_at``: seconds since the epoch, UTC. ``schema``: the database's version. ``files``: by name, relative to
    the backup. ``missing``: files that rows named and that were not there when the backup was made.
    """

    made_at: float
    schema: int
    submissions: int
    files: dict[str, KeptFile] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    changing: bool = False
    format: int = FORMAT

    def write(self, backup: Path) -> None:
        """Write it into the backup's folder, durably."""
        write_whole(backup / NAME, json.dumps(asdict(self), indent=1) + "\n")

    def only(self, names: set[str]) -> "Manifest":
        """Less all files but these."""
        left = {name: kept for name, kept in self.files.items() if name in names}
        return replace(self, files=left, missing=tuple(name for name in self.missing if name in names))


def read_manifest(backup: Path) -> Manifest:
    """Read it. Raises ``RestoreError``."""
    path = backup / NAME
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["format"] != FORMAT:
            raise RestoreError(
                f"{path} was written by another version of introeval (format {found['format']})."
            )
        files = {
            str(name): KeptFile(int(kept["size"]), str(kept["sha256"]))
            for name, kept in found["files"].items()
        }
        outside = next((name for name in files if name != FILE_NAME and not _INSIDE.fullmatch(name)), None)
        if outside is not None:
            raise RestoreError(f"{path} names a file that no backup of ours has: it is not trusted.")
        return Manifest(
            made_at=float(found["made_at"]),
            schema=int(found["schema"]),
            submissions=int(found["submissions"]),
            files=files,
            missing=tuple(map(str, found["missing"])),
            changing=bool(found["changing"]),
        )
    except FileNotFoundError as error:
        raise RestoreError(f"{backup} is no backup: it holds no {NAME}.") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RestoreError(
            f"{path} cannot be read ({type(error).__name__}): this backup is damaged."
        ) from error
