"""``POST /api/v1/submissions``: from a request to an accepted submission.

The order is the promise: bytes on disk and synced, looked into, named, folder synced, row committed, then the 201.
A known ``Idempotency-Key`` gives the earlier submission with 200; with other content it is refused. A refusal leaves
nothing on the disk, an accepted file stays whatever becomes of the connection.

The assignment that it is handed in for decides what the file must be. Several files (exam pages) become one, made by
us, before the promise is given.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from aiohttp import web

from db.intake import Accepted
from introeval.web.accepting import Acceptor, Work
from introeval.web.admission import Admission
from introeval.web.context import WebContext
from introeval.web.form import TEXT_FIELDS, FilePart, TextField, parts
from introeval.web.incoming import (
    Incoming,
    digest_of,
    form_of,
    key_of,
    require_digest,
    require_same,
    too_large,
)
from introeval.web.problems import ProblemError
from introeval.web.resumable.shelf import Shelf
from introeval.web.storage import Draft, UploadRoom

FIELDS = web.RequestKey("fields", dict[str, str])
"""Where a request keeps the text fields that were read from it."""

_NO_FILE = "Choose a file: the field 'file' is missing or holds no file."
_ONE_FILE = (
    "Send one file at a time (several are for exam pages only, with the field 'assignment' before them)."
)


class Receiver:
    """Takes uploads in."""

    def __init__(self, context: WebContext) -> None:
        self._context = context
        self._limits = context.limits
        self.room = UploadRoom(context.videos, context.limits.reserve_bytes)
        self.shelf = Shelf(context.uploads, self.room, context.clock, context.limits.expire_seconds)
        self.admission = Admission(context)
        self.acceptor = Acceptor(context)

    async def start(self) -> int:
        """Remove what a crash left behind; returns how many files."""
        known = await self._context.intake.known_files() | await self.shelf.known_files()
        return await self.room.sweep(known)

    async def close(self) -> None:
        """Wait for submissions that are being committed."""
        await self.acceptor.close()

    async def receive(self, request: web.Request) -> Accepted:
        """Read and accept one upload. Raises ``ProblemError``, ``RejectedWorkError``, ``StateError``."""
        upload = Incoming(key=key_of(request.headers.get("Idempotency-Key")))
        # A page that shows the form again, with the reason of a refusal, fills it in from these.
        request[FIELDS] = upload.texts
        await self.admit(request)
        try:
            async with asyncio.timeout(self._limits.upload_seconds):
                return await self._read(request, upload)
        except TimeoutError as error:
            raise ProblemError("upload_stalled", "The upload took too long and was ended.") from error

    async def admit(self, request: web.Request) -> None:
        """Refuse what can be refused before a byte of the body is read; else hold a place for it."""
        await self.admission.admit(request, self.room)

    async def _read(self, request: web.Request, upload: Incoming) -> Accepted:
        name = secrets.token_hex(12)
        # Drafts outlive the file parts: text fields may come after them, and decide whether they are kept.
        async with AsyncExitStack() as stack:
            first = await stack.enter_async_context(self.room.draft(name, request.content_length or 0))
            async for part in self._parts(request):
                if not isinstance(part, FilePart):
                    if part.name in TEXT_FIELDS:
                        upload.take(part.name, part.value)
                    if part.name == "roll_number":
                        self.admission.count_student(request, part.value)
                    continue
                await self._begin_file(upload, part)
                if upload.earlier is not None and upload.proves():
                    return upload.earlier
                number = len(upload.file_names)
                further = self.room.beside(f"{name}-{number:04d}")
                draft = first if number == 1 else await stack.enter_async_context(further)
                await self._read_file(upload, part, draft)
            return await self._conclude(upload, name)

    def _parts(self, request: web.Request) -> AsyncIterator[TextField | FilePart]:
        limits = self._limits
        return parts(request, limits.idle_seconds, limits.pages_files, limits.least_rate)

    async def _begin_file(self, upload: Incoming, part: FilePart) -> None:
        named = upload.texts.get("assignment")
        if named is not None and upload.assignment is None:
            upload.assignment = await self.acceptor.assignment(named)
        most = 1 if upload.assignment is None else self._limits.files_of(upload.assignment.kind)
        if len(upload.file_names) >= most:
            if most > 1:
                raise ProblemError("too_many_files", f"At most {most} files are accepted at a time.")
            raise ProblemError("bad_field", _ONE_FILE)
        upload.file_names.append(part.file_name)
        if len(upload.file_names) == 1:
            upload.key = upload.key or key_of(upload.texts.get("idempotency_key"))
            if upload.key is not None:
                upload.earlier = await self._context.intake.earlier(upload.key)

    async def _read_file(self, upload: Incoming, part: FilePart, draft: Draft) -> None:
        most = self._limits.bytes_of(upload.assignment.kind) if upload.assignment else self._limits.max_bytes
        before = upload.size
        async for chunk in part.chunks():
            upload.size += len(chunk)
            if upload.size > most:
                raise too_large(most)
            await draft.write(chunk)
        if upload.size == before:
            if not part.file_name:
                raise ProblemError("no_file", _NO_FILE)
            number = f"File {len(upload.file_names)}" if len(upload.file_names) > 1 else "This file"
            raise ProblemError(
                "empty_file", f"{number} is empty (0 bytes). Check it and send everything again."
            )
        upload.drafts.append(draft)

    async def _conclude(self, upload: Incoming, name: str) -> Accepted:
        if not upload.drafts:
            raise ProblemError("no_file", _NO_FILE)
        form = form_of(upload.texts)
        assignment = upload.assignment or await self.acceptor.assignment(form.assignment)
        most = self._limits.bytes_of(assignment.kind)
        if upload.size > most:
            raise too_large(most)
        sha256 = digest_of([await draft.seal() for draft in upload.drafts])
        require_digest(form, sha256)
        if upload.earlier is not None:
            require_same(form, sha256, upload.earlier)
            return upload.earlier
        work = Work(
            id=name,
            form=form,
            assignment=assignment,
            file_name=upload.file_name,
            claimed=upload.file_names[0] if len(upload.drafts) == 1 else "",
            size=upload.size,
            sha256=sha256,
            key=upload.key or key_of(upload.texts.get("idempotency_key")),
        )
        async with self._whole(upload, name) as draft:
            return await self.acceptor.accept(work, draft)

    @asynccontextmanager
    async def _whole(self, upload: Incoming, name: str) -> AsyncIterator[Draft]:
        """All that was handed in as one sealed file."""
        if len(upload.drafts) == 1:
            yield upload.drafts[0]
            return
        files = [draft.part for draft in upload.drafts]
        await self.room.require_room(upload.size)
        async with self.room.beside(f"{name}-pages", lambda path: self._context.bundle(files, path)) as draft:
            await draft.seal()
            yield draft
