"""Where introeval keeps its files. Pure path arithmetic: nothing here touches the disk.

Two folders, by how dear their content is:

* state: what cannot be made again (the database, videos, transcripts); back this up.
* cache: what can (weights); may be removed while the daemon is stopped.

Under systemd ``StateDirectory=`` and ``CacheDirectory=`` name them (``$STATE_DIRECTORY``, ``$CACHE_DIRECTORY``);
for a user's own run the XDG Base Directory specification does (``~/.local/state``, ``~/.cache``).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

APPLICATION = "introeval"
SYSTEM_CONFIG = Path("/etc/introeval/introeval.toml")


def default_state_dir(environ: Mapping[str, str]) -> Path:
    """The folder of the state when no setting names one."""
    return _folder(environ, "STATE_DIRECTORY", "XDG_STATE_HOME", ".local/state")


def default_cache_dir(environ: Mapping[str, str]) -> Path:
    """The folder of the weights when no setting names one."""
    return _folder(environ, "CACHE_DIRECTORY", "XDG_CACHE_HOME", ".cache")


def _folder(environ: Mapping[str, str], service_variable: str, xdg_variable: str, below_home: str) -> Path:
    # systemd separates several folders by colons; the unit's first one is ours (systemd.exec(5)).
    given = environ.get(service_variable, "").split(":")[0]
    if given:
        return Path(given)
    xdg = Path(environ.get(xdg_variable, ""))
    # The specification says to ignore a relative path.
    base = xdg if xdg.is_absolute() else Path(environ.get("HOME") or Path.home()) / below_home
    return base / APPLICATION


@dataclass(frozen=True, slots=True)
class StateLayout:
    """The names below the state folder, all on one file system. Uploads grow in ``videos``, as ``.part`` files."""

    root: Path

    @property
    def database(self) -> Path:
        return self.root / "introeval.sqlite3"

    @property
    def videos(self) -> Path:
        return self.root / "videos"

    @property
    def images(self) -> Path:
        return self.root / "images"

    @property
    def audio(self) -> Path:
        return self.root / "audio"

    @property
    def transcripts(self) -> Path:
        return self.root / "transcripts"

    @property
    def backups(self) -> Path:
        return self.root / "backups"

    @property
    def instance_lock(self) -> Path:
        return self.root / "introeval.lock"

    @property
    def folders(self) -> tuple[Path, ...]:
        """What must exist before the daemon starts."""
        return (self.root, self.videos, self.images, self.audio, self.transcripts)
