"""The cache of installed weights: ``<cache_dir>/models/<name>/<file>``.

Rules:

* A file gets its name only after its bytes are hashed, synced and right (a temporary file beside it, then a
  rename).
* ``.verified`` is written last and names the hashes, so that ``locate`` never reads gigabytes.
* One process at a time installs a model (an advisory lock that dies with its holder).
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from models.registry import FileSpec, ModelSpec, find
from models.weights.errors import SourceError

CHUNK = 1 << 20
MARKER = ".verified"


def model_dir(name: str, cache_dir: Path) -> Path:
    """Where the model's files lie once installed."""
    return cache_dir / "models" / name


def locate(name: str, cache_dir: Path) -> Path | None:
    """The installed model's folder, or ``None``. Cheap: compares names, sizes and the marker's hashes.

    Raises ``UnknownModelError`` for a name that is not in the registry.
    """
    return located(find(name), cache_dir)


def located(spec: ModelSpec, cache_dir: Path) -> Path | None:
    """``locate`` for a model that is at hand."""
    folder = model_dir(spec.name, cache_dir)
    try:
        verified = json.loads((folder / MARKER).read_text(encoding="utf-8"))
        complete = all(
            verified.get(file.name) == file.sha256 and (folder / file.name).stat().st_size == file.size
            for file in spec.files
        )
    except (OSError, ValueError, AttributeError):
        return None
    return folder if complete else None


def mark_verified(spec: ModelSpec, folder: Path) -> None:
    """Record that every file's hash was right."""
    text = json.dumps({file.name: file.sha256 for file in spec.files}, indent=1)
    with atomic_file(folder / MARKER) as temporary:
        temporary.write_text(text, encoding="utf-8")


@contextmanager
def atomic_file(target: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``target``; on success sync it and give it its name, else remove it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        sync(temporary)
        temporary.replace(target)
        sync(target.parent)
    finally:
        temporary.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Flush a file or a folder to disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def installing(spec: ModelSpec, cache_dir: Path) -> Iterator[bool]:
    """Hold the model's lock; yields ``False`` at once when another process holds it."""
    root = cache_dir / "models"
    root.mkdir(parents=True, exist_ok=True)
    with (root / f".{spec.name}.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def read_chunks(path: Path) -> Iterator[bytes]:
    """The bytes of a file, ``CHUNK`` at a time."""
    with path.open("rb") as handle:
        while chunk := handle.read(CHUNK):
            yield chunk


def has_right_hash(path: Path, spec: FileSpec, report: Callable[[int], None]) -> bool:
    """Whether the file is there with the right size and hash. ``report`` gets the size of each chunk read."""
    if not path.is_file() or path.stat().st_size != spec.size:
        return False
    digest = hashlib.sha256()
    for chunk in read_chunks(path):
        digest.update(chunk)
        report(len(chunk))
    return digest.hexdigest() == spec.sha256


def install_file(
    chunks: Iterable[bytes], spec: FileSpec, folder: Path, report: Callable[[int], None]
) -> None:
    """Write one file of a model, all or nothing. Raises ``SourceError`` when its hash is wrong."""
    digest = hashlib.sha256()
    with atomic_file(folder / spec.name) as temporary:
        with temporary.open("wb") as handle:
            for chunk in chunks:
                digest.update(chunk)
                handle.write(chunk)
                report(len(chunk))
        if digest.hexdigest() != spec.sha256:
            message = f"{spec.name} has the SHA-256 {digest.hexdigest()}, expected {spec.sha256}"
            raise SourceError(message)
