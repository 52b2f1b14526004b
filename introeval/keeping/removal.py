"""Which files a forgotten submission may have left, and their removal. A file that is gone already is removed."""

from collections.abc import Collection, Iterable
from pathlib import Path

from introeval.keeping.files import sync_folder
from introeval.keeping.manifest import FOLDERS

OWN_FOLDERS = ("videos", "transcripts", "audio")
"""Where a submission's files begin with its id: also what a crash or a cancelled worker left."""


def remove(root: Path, task_id: str, named: Iterable[str]) -> list[str]:
    """Remove these files (relative to ``root``) and all that begin with the id, durably; returns their names."""
    wanted = {name for name in named if _ours(name)}
    for folder in OWN_FOLDERS:
        if task_id and (root / folder).is_dir():
            wanted |= {
                f"{folder}/{path.name}" for path in (root / folder).iterdir() if path.name.startswith(task_id)
            }
    return _removed(root, wanted)


def remove_all(root: Path, task_ids: Collection[str]) -> list[str]:
    """Remove all that begins with one of these ids, durably; each folder is looked through once."""
    lengths = sorted({len(task_id) for task_id in task_ids if task_id})
    wanted = {
        f"{folder}/{path.name}"
        for folder in OWN_FOLDERS
        if (root / folder).is_dir()
        for path in (root / folder).iterdir()
        if any(path.name[:length] in task_ids for length in lengths)
    }
    return _removed(root, wanted)


def _removed(root: Path, wanted: set[str]) -> list[str]:
    removed = [name for name in sorted(wanted) if _unlink(root / name)]
    for folder in sorted({name.partition("/")[0] for name in removed}):
        sync_folder(root / folder)
    return removed


def _ours(name: str) -> bool:
    folder, _, inner = name.partition("/")
    return folder in FOLDERS and bool(inner) and "/" not in inner and inner not in (".", "..")


def _unlink(path: Path) -> bool:
    try:
        path.unlink()
    except (FileNotFoundError, IsADirectoryError):
        return False
    return True
