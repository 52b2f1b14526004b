"""``Earlier``: the backups that are there already: what a new one takes from them, and what only they still have."""

from pathlib import Path

from introeval.keeping import files
from introeval.keeping.errors import RestoreError
from introeval.keeping.manifest import KeptFile, Manifest, read_manifest
from introeval.keeping.shelf import Shelf


class Earlier:
    """Of one shelf, the newest first. Those whose manifest cannot be read do not count."""

    def __init__(self, shelf: Shelf) -> None:
        self._folders = shelf.backups()
        self._manifests: dict[Path, Manifest | None] = {}

    def same(self, name: str, size: int, sha256: str | None) -> tuple[Path, KeptFile] | None:
        """The file of this name in the newest one, if it is this file; ``sha256``: what its row says, if it does."""
        for folder in self._folders:
            manifest = self._read(folder)
            if manifest is not None:
                kept = manifest.files.get(name)
                fits = kept is not None and kept.size == size and sha256 in (None, kept.sha256)
                return (folder / name, kept) if kept and fits and (folder / name).is_file() else None
        return None

    def last(self, name: str, sha256: str | None) -> tuple[Path, KeptFile] | None:
        """The newest good copy of a file that the state has lost, by every byte of it; ``None``: no backup has one."""
        for folder in self._folders:
            manifest = self._read(folder)
            kept = None if manifest is None else manifest.files.get(name)
            if kept is None or sha256 not in (None, kept.sha256):
                continue
            try:
                if files.digest(folder / name) == kept.sha256:
                    return folder / name, kept
            except OSError:
                # Damaged in this one; an older one may have it.
                continue
        return None

    def _read(self, folder: Path) -> Manifest | None:
        if folder not in self._manifests:
            try:
                self._manifests[folder] = read_manifest(folder)
            except RestoreError:
                self._manifests[folder] = None
        return self._manifests[folder]
