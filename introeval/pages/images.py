"""Uploaded pictures: checked by their content, and made into pictures of our own.

A child process decodes (``introeval.pages.child``): it has limits on memory, CPU seconds and what it may write, and is
killed when its time is up. Call these from the event loop's own thread (the child dies with the thread that began it).
"""

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from introeval.pages.errors import (
    EmptyPagesError,
    MislabelledPagesError,
    PageReaderError,
    PagesMissingError,
    PagesRejectedError,
    PagesTooLargeError,
)
from introeval.pages.job import Job, encode_job, job_of, understand
from introeval.pages.limits import EXTENSIONS, IMAGE_TYPES, MIB, PageLimits
from stt.confine import Confinement
from stt.sandbox import run_confined


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """``width``, ``height``: pixels of the upright picture. ``frames`` is 1: others are refused."""

    media_type: str
    width: int
    height: int
    frames: int


async def check_image(
    path: str | Path, *, claimed: str | None = None, limits: PageLimits | None = None
) -> ImageFacts:
    """What the picture is, by its content; it was decoded whole. ``claimed``: the upload's file name or media type.

    Raises a ``PagesRejectedError`` that says what is wrong and what to do, or ``PageReaderError`` when nobody could
    tell.
    """
    limits = limits or PageLimits()
    facts = await _image(Path(path), None, limits)
    refuse_mislabelled(claimed, facts.media_type)
    return facts


async def normalise(
    source: str | Path, target: str | Path, *, limits: PageLimits | None = None
) -> ImageFacts:
    """Write the picture to ``target`` as a JPEG that we made: upright, on white, its long side bounded, no metadata.

    Returns what was written. ``target`` is whole when this returns, not yet synced. Raises as ``check_image``; then
    ``target`` is not there.
    """
    limits, written = limits or PageLimits(), Path(target)
    try:
        return await _image(Path(source), written, limits)
    except BaseException:
        await asyncio.to_thread(written.unlink, missing_ok=True)
        raise


def refuse_mislabelled(claimed: str | None, media_type: str) -> None:
    """Raise ``MislabelledPagesError`` when a name or a declared media type promises something else."""
    promised = promise(claimed)
    if promised is not None and promised != media_type:
        known = IMAGE_TYPES | {"application/pdf": "PDF", "application/zip": "ZIP"}
        raise MislabelledPagesError(
            f"This file is labelled as {known[promised]}, but it holds {known.get(media_type, media_type)}. "
            "Save it anew, under a name that fits, and send that."
        )


def promise(claimed: str | None) -> str | None:
    """The media type that a file name, or a declared type, promises; ``None``: nothing."""
    text = (claimed or "").strip().casefold()
    if text == "image/jpg":
        return "image/jpeg"
    if text == "image/heif":
        return "image/heic"
    if text in EXTENSIONS.values():
        return text
    return EXTENSIONS.get(Path(text).suffix)


async def ask_child(path: Path, job: Job, seconds: float, most_bytes: int) -> dict[str, Any]:
    """Have the child do ``job`` with the file at ``path``. Raises as ``check_image``."""
    with await asyncio.to_thread(_open, path, most_bytes) as file:
        command = ["-m", "introeval.pages.child", encode_job(job)]
        try:
            done = await run_confined(_confinement(job), command, stdin=file, seconds=seconds)
        except OSError as error:
            raise PageReaderError(f"the page reader could not be started: {error}") from error
    if done.timed_out:
        raise PageReaderError(f"the page reader did not end within {seconds:g} s; is the machine overloaded?")
    return understand(done.stdout, done.stderr, done.returncode)


def _confinement(job: Job) -> Confinement:
    """The child may write its target and nothing else; it raises its CPU seconds itself, page by page."""
    limits = job.limits
    return Confinement(
        os.getpid(),
        memory=limits.memory,
        cpu_seconds=limits.cpu_seconds,
        cpu_most=limits.cpu_seconds if job.what == "image" else limits.document_cpu_seconds,
        file_bytes=0 if job.target is None else limits.image_bytes,
        nice=5,
        writes=() if job.target is None else (job.target,),
    )


async def _image(path: Path, target: Path | None, limits: PageLimits) -> ImageFacts:
    job = job_of("image", target, limits)
    if target is not None:
        # The child may write this file, but not make any.
        await asyncio.to_thread(target.touch, mode=0o600)
    answer = await ask_child(path, job, limits.check_seconds, limits.image_bytes)
    try:
        return ImageFacts(**answer)
    except TypeError as error:
        raise PageReaderError("the page reader gave an answer that is none") from error


def _open(path: Path, most_bytes: int) -> IO[bytes]:
    try:
        file = path.open("rb")
    except FileNotFoundError as error:
        raise PagesMissingError("The stored pages are no longer there. Send them again.") from error
    except OSError as error:
        # No descriptor left, a disk that does not answer: that says nothing about the file.
        raise PageReaderError(f"the stored pages could not be opened: {error}") from error
    try:
        require_size(os.fstat(file.fileno()).st_size, most_bytes)
    except PagesRejectedError:
        file.close()
        raise
    return file


def require_size(size: int, most_bytes: int) -> None:
    """Raise ``EmptyPagesError`` or ``PagesTooLargeError`` for a file of ``size`` bytes."""
    if size == 0:
        raise EmptyPagesError("This file is empty (0 bytes). Check it on your own machine and send it again.")
    if size > most_bytes:
        raise PagesTooLargeError(
            f"This file has {size / MIB:.1f} MB; at most {most_bytes // MIB} MB are accepted. "
            "Make it smaller and send it again."
        )
