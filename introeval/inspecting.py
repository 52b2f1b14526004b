"""Looks into what was handed in, before it is accepted: one function for each kind of work.

Each raises a ``RejectedWorkError`` whose text a student understands, and ``AttemptFailedError`` when nobody could tell.
"""

from collections.abc import Mapping
from pathlib import Path

from introeval.assignments import Kind
from introeval.notebook_reader import open_notebook
from introeval.pages.documents import inspect_document
from introeval.pages.images import check_image, normalise
from introeval.web.context import Inspect
from introeval.web.session_context import Picture
from stt.limits import MediaLimits
from stt.probe import probe_file


def inspectors(media: MediaLimits) -> Mapping[str, Inspect]:
    """By kind of work. ``media``: what a recording may be."""

    async def video(path: Path, name: str) -> float:
        return (await probe_file(path, media)).seconds

    return {Kind.INTRO_VIDEO: video, Kind.NOTEBOOK: notebook, Kind.PAGES: pages}


async def notebook(path: Path, name: str) -> None:
    """Jupyter's format, with something in it. By content: its name says nothing."""
    await open_notebook(path)


async def pages(path: Path, name: str) -> None:
    """A PDF, a picture, or our own archive of pictures: decoded whole, in a process of its own."""
    await inspect_document(path, claimed=name or None)


async def picture(source: Path, target: Path, name: str) -> Picture:
    """A page of a session: checked, and made into a picture of our own (``SessionPorts.picture``)."""
    await check_image(source, claimed=name or None)
    facts = await normalise(source, target)
    return Picture(facts.media_type, facts.width, facts.height)
