"""``POST /images/register``: from a request to a kept page image.

The order is the promise, as for submissions (``introeval.web.intake``): bytes on disk, looked into by a confined
process, made into a picture of our own, that one synced, named, folder synced, row committed, then the 201. What was
sent is dropped then; a refusal leaves nothing on the disk.
"""

import asyncio
import secrets
from dataclasses import dataclass

import structlog
from aiohttp import web
from pydantic import ValidationError

from db.errors import UncertainCommitError
from db.sessions import NewImage
from introeval.assignments import FieldError
from introeval.web.admission import Admission
from introeval.web.commits import Commits
from introeval.web.context import WebContext
from introeval.web.form import OVERHEAD, FilePart, parts
from introeval.web.problems import ProblemError
from introeval.web.session_context import MIB
from introeval.web.session_inputs import ImageForm
from introeval.web.storage import Draft, UploadRoom

_log = structlog.get_logger(__name__)

FIELDS = frozenset(ImageForm.model_fields)
NO_SESSION = "There is no session with this id. Make one with POST /sessions."


@dataclass(frozen=True, slots=True)
class _Sent:
    """What a request held. ``size``: bytes of the file; ``sha256`` of them."""

    form: ImageForm
    file_name: str
    size: int
    sha256: str


class ImageReceiver:
    """Takes page images in."""

    def __init__(self, context: WebContext, admission: Admission) -> None:
        self._context = context
        self._admission = admission
        self._ports = context.sessions
        self._limits = context.limits
        self.room = UploadRoom(context.images, context.limits.reserve_bytes)
        self._looking = asyncio.Semaphore(context.limits.probes)
        self._commits = Commits()

    async def start(self) -> int:
        """Remove what a crash left behind; returns how many files."""
        return await self.room.sweep(await self._ports.sessions.known_files())

    async def close(self) -> None:
        """Wait for images that are being committed."""
        await self._commits.close()

    async def receive(self, request: web.Request) -> NewImage:
        """Read and keep one image. Raises ``ProblemError``, ``RejectedWorkError``, ``StateError``."""
        await self.admit(request)
        try:
            async with asyncio.timeout(self._limits.upload_seconds):
                return await self._receive(request)
        except TimeoutError as error:
            raise ProblemError("upload_stalled", "The upload took too long and was ended.") from error

    async def admit(self, request: web.Request) -> None:
        """Refuse what can be refused before a byte of the body is read."""
        if self._context.stop.is_set():
            raise ProblemError("stopping", "The service is stopping; send the picture again in a minute.")
        if request.content_length is not None and request.content_length > self._ports.max_bytes + OVERHEAD:
            raise self._too_large()
        await self._admission.enter(request, self.room)

    async def _receive(self, request: web.Request) -> NewImage:
        name = secrets.token_hex(12)
        async with (
            self.room.draft(f"{name}.sent", request.content_length or 0) as sent,
            self.room.draft(name) as kept,
        ):
            read = await self._read(request, sent)
            if await self._ports.sessions.find(read.form.session_id) is None:
                raise ProblemError("not_found", NO_SESSION)
            async with self._looking:
                picture = await self._ports.picture(sent.part, kept.part, read.file_name)
            await kept.seal()
            new = NewImage(
                id=name,
                session_id=read.form.session_id,
                role=read.form.role,
                order_index=read.form.order_index,
                file_name=read.file_name,
                path=str(kept.target.relative_to(self._context.state_dir)),
                size_bytes=read.size,
                sha256=read.sha256,
                media_type=picture.media_type,
                width=picture.width,
                height=picture.height,
            )
            return await self._commit(new, kept)

    async def _read(self, request: web.Request, draft: Draft) -> _Sent:
        texts: dict[str, str] = {}
        file_name: str | None = None
        async for part in parts(request, self._limits.idle_seconds, 1, self._limits.least_rate):
            if isinstance(part, FilePart):
                file_name = part.file_name
                await self._read_file(part, draft)
            elif part.name in FIELDS and texts.setdefault(part.name, part.value) != part.value:
                raise ProblemError("bad_field", f"The field '{part.name}' was sent twice.")
        if file_name is None:
            raise ProblemError("no_file", "Choose a picture: the field 'file' is missing or holds no file.")
        return _Sent(_form(texts), file_name, draft.size, await draft.seal())

    async def _read_file(self, part: FilePart, draft: Draft) -> None:
        async for chunk in part.chunks():
            if draft.size + len(chunk) > self._ports.max_bytes:
                raise self._too_large()
            await draft.write(chunk)
        if draft.size == 0:
            raise ProblemError("empty_file", "This file is empty (0 bytes). Check it and send it again.")

    async def _commit(self, new: NewImage, draft: Draft) -> NewImage:
        """Name the file and write the row as one step that a dropped connection cannot split."""

        async def step() -> NewImage:
            await draft.keep()
            now = self._context.clock.now()
            try:
                added = await self._ports.sessions.add_image(new, self._ports.most_images, now)
            except UncertainCommitError:
                # As for submissions: the row may come back, and not without its file.
                draft.confirm()
                raise
            if added == "no_session":
                raise ProblemError("not_found", NO_SESSION)
            if added == "taken":
                where = f"{new.role} {new.order_index}"
                raise ProblemError(
                    "place_taken", f"This session has a page at {where} already. Choose another place."
                )
            if added == "full":
                most = self._ports.most_images
                raise ProblemError("too_many_files", f"A session has at most {most} pages of each role.")
            draft.confirm()
            _log.info("page image kept", size_bytes=new.size_bytes)
            return new

        return await self._commits.run(step)

    def _too_large(self) -> ProblemError:
        most = self._ports.max_bytes / MIB
        detail = f"At most {most:g} MB are accepted for a picture. Make it smaller and send it again."
        return ProblemError("too_large", detail, {"Connection": "close"})


def _form(texts: dict[str, str]) -> ImageForm:
    try:
        return ImageForm.model_validate(texts)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        wrong = [
            FieldError(str(item["loc"][0]), "it is missing" if item["type"] == "missing" else item["msg"])
            for item in found
        ]
        raise ProblemError("bad_field", f"A field cannot be used: {wrong[0]}.", errors=wrong) from error
