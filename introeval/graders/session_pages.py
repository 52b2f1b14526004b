"""The pages of a session for a grader: pictures from the disk, and their text, read once and kept.

Only a model that cannot see needs the text. The embedded text recognition reads one page after the other, on the CPU,
so two gradings of one session wait for each other instead of reading everything twice.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Protocol

from db.sessions import Sessions, StoredImage
from introeval.exams.errors import SessionGoneError
from introeval.exams.material import Material, Pages, Role
from introeval.pages.documents import PageImage
from introeval.pages.lines import number_lines
from introeval.pages.texts import PageText, lines_to_json, page_from_json
from scheduler.errors import AttemptFailedError, RejectedWorkError, WorkError

GONE = "The session's pictures are no longer stored. Make a new session with them."


Sees = Callable[[str], Awaitable[bool]]
"""Whether a model looks at pictures. Raises ``AttemptFailedError`` when nobody can tell."""

PART_FAILED = (AttemptFailedError, RejectedWorkError)
"""What ends one try and nothing else."""


class TextReader(Protocol):
    """``introeval.pages.ocr.PageReader``."""

    def read(self, pages: Sequence[PageImage]) -> AsyncGenerator[PageText, None]:
        """Each page's text, in order. Raises ``PageReaderError``."""
        ...


class SessionPages:
    """Gets them. Create and use it in one event loop."""

    def __init__(self, sessions: Sessions, reader: TextReader) -> None:
        self._sessions = sessions
        self._reader = reader
        self._turn = asyncio.Lock()

    async def find(self, session_id: str, image_ids: Sequence[str]) -> tuple[StoredImage, ...]:
        """These images of a session, by role, in their order. Raises ``SessionGoneError`` when one is missing."""
        wanted = set(image_ids)
        found = tuple(image for image in await self._sessions.images(session_id) if image.id in wanted)
        if len(found) != len(wanted):
            raise SessionGoneError(GONE)
        return found

    async def pictures(self, images: Sequence[StoredImage]) -> Material:
        """All of them as files. Raises ``SessionGoneError``."""
        read = await asyncio.to_thread(_files, images)
        return _material({role: Pages(pictures=tuple(read[role])) for role in Role})

    async def texts(self, session_id: str, images: Sequence[StoredImage]) -> Material:
        """What stands on all of them. Raises ``PageReaderError``, ``SessionGoneError`` or ``StateError``."""
        async with self._turn:
            read = {image.id: image for image in await self.find(session_id, [image.id for image in images])}
            unread = [image for image in images if read[image.id].lines is None]
            fresh = await self._read(unread)
        by_role: dict[Role, list[PageText]] = {role: [] for role in Role}
        for image in images:
            pages = by_role[Role(image.role)]
            page = fresh.get(image.id) or _kept(read[image.id])
            # Pages count within their role, as in the teacher's hands.
            pages.append(replace(page, page=len(pages) + 1))
        return _material({role: Pages(sheet=number_lines(pages)) for role, pages in by_role.items()})

    async def _read(self, images: Sequence[StoredImage]) -> dict[str, PageText]:
        pages = [PageImage(at, image.path, image.width, image.height) for at, image in enumerate(images, 1)]
        if not pages:
            return {}
        found: dict[str, PageText] = {}
        async with aclosing(self._reader.read(pages)) as reading:
            async for page in reading:
                image = images[page.page - 1]
                found[image.id] = page
                await self._sessions.write_lines(image.id, page.engine, page.confidence, lines_to_json(page))
        return found


class Gallery:
    """The pages of one grading as each model gets them, loaded once."""

    def __init__(
        self, session_id: str, images: tuple[StoredImage, ...], pages: SessionPages, sees: Sees
    ) -> None:
        self._session_id, self._images, self._pages, self._sees = session_id, images, pages, sees
        self._turn = asyncio.Lock()
        self._loaded: dict[bool, Material | WorkError] = {}

    @property
    def text(self) -> Material | None:
        """What was read, if any model needed it."""
        found = self._loaded.get(False)
        return found if isinstance(found, Material) else None

    async def of(self, model: str) -> Material:
        """For this model. Raises what ends a try, and ``StateError``."""
        async with self._turn:
            sees = await self._sees(model)
            if sees not in self._loaded:
                self._loaded[sees] = await self._load(sees)
        found = self._loaded[sees]
        if isinstance(found, WorkError):
            raise found
        return found

    async def _load(self, sees: bool) -> Material | WorkError:
        try:
            if sees:
                return await self._pages.pictures(self._images)
            return await self._pages.texts(self._session_id, self._images)
        except PART_FAILED as error:
            return error


def _kept(image: StoredImage) -> PageText:
    assert image.lines is not None
    return page_from_json(1, image.read_by or "", image.confidence or 0.0, image.lines)


def _files(images: Sequence[StoredImage]) -> dict[Role, list[bytes]]:
    read: dict[Role, list[bytes]] = {role: [] for role in Role}
    for image in images:
        try:
            read[Role(image.role)].append(image.path.read_bytes())
        except OSError as error:
            raise SessionGoneError(GONE) from error
    return read


def _material(pages: dict[Role, Pages]) -> Material:
    return Material(student=pages[Role.STUDENT], answer_key=pages[Role.ANSWER_KEY], rubric=pages[Role.RUBRIC])
