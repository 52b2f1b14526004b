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

import structlog
from aiohttp import web

from db.intake import Accepted, NewTask
from introeval.assignments import Assignment, AssignmentError
from introeval.web.admission import Admission
from introeval.web.context import WebContext
from introeval.web.documents import refuse_other_sites
from introeval.web.form import TEXT_FIELDS, FilePart, parts
from introeval.web.incoming import Incoming, digest_of, form_of, key_of, require_same, too_large
from introeval.web.inputs import SubmissionForm
from introeval.web.problems import ProblemError
from introeval.web.storage import Draft, UploadRoom

_log = structlog.get_logger(__name__)

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
        self.admission = Admission(context)
        self._looking = asyncio.Semaphore(context.limits.probes)
        self._finishing: set[asyncio.Future[Accepted]] = set()

    async def start(self) -> int:
        """Remove what a crash left behind; returns how many files."""
        return await self.room.sweep(await self._context.intake.known_files())

    async def close(self) -> None:
        """Wait for submissions that are being committed."""
        await asyncio.gather(*self._finishing, return_exceptions=True)

    async def receive(self, request: web.Request) -> Accepted:
        """Read and accept one upload. Raises ``ProblemError``, ``RejectedWorkError``, ``StateError``."""
        refuse_other_sites(request)
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
            async for part in parts(request, self._limits.idle_seconds, self._limits.pages_files):
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

    async def _begin_file(self, upload: Incoming, part: FilePart) -> None:
        named = upload.texts.get("assignment")
        if named is not None and upload.assignment is None:
            upload.assignment = await self._assignment(named)
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
        assignment = upload.assignment or await self._assignment(form.assignment)
        most = self._limits.bytes_of(assignment.kind)
        if upload.size > most:
            raise too_large(most)
        sha256 = digest_of([await draft.seal() for draft in upload.drafts])
        if form.sha256 not in (None, sha256):
            detail = "The file is not the one that sha256 speaks of. Send it again."
            raise ProblemError("digest_mismatch", detail)
        if upload.earlier is not None:
            require_same(form, sha256, upload.earlier)
            return upload.earlier
        async with self._whole(upload, name) as draft:
            seconds = await self._look(assignment, draft, upload)
            new = self._new(upload, name, form, assignment, draft, seconds, sha256)
            accepted = await self._commit(new, draft)
        if not accepted.created:
            require_same(form, sha256, accepted)
        return accepted

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

    async def _look(self, assignment: Assignment, draft: Draft, upload: Incoming) -> float | None:
        inspect = self._context.inspect.get(assignment.kind)
        if inspect is None:
            raise ProblemError("unavailable", f"This service takes no work of the kind '{assignment.kind}'.")
        claimed = upload.file_names[0] if len(upload.drafts) == 1 else ""
        async with self._looking:
            return await inspect(draft.part, claimed)

    def _new(
        self,
        upload: Incoming,
        name: str,
        form: SubmissionForm,
        assignment: Assignment,
        draft: Draft,
        seconds: float | None,
        sha256: str,
    ) -> NewTask:
        return NewTask(
            id=name,
            user_id=form.roll_number,
            roll_number=form.roll_number,
            student_name=form.name,
            file_name=upload.file_name,
            video_path=str(draft.target.relative_to(self._context.state_dir)),
            size_bytes=upload.size,
            sha256=sha256,
            media_seconds=seconds,
            idempotency_key=upload.key or key_of(upload.texts.get("idempotency_key")),
            kind=assignment.kind.value,
            assignment_id=assignment.id,
            assignment_version=assignment.version,
        )

    async def _assignment(self, assignment_id: str) -> Assignment:
        try:
            return await self._context.library.latest(assignment_id)
        except AssignmentError as error:
            raise ProblemError("unknown_assignment", str(error)) from error

    async def _commit(self, new: NewTask, draft: Draft) -> Accepted:
        """Name the file and write the row as one step that a dropped connection cannot split."""

        async def step() -> Accepted:
            await draft.keep()
            accepted = await self._context.intake.accept(new, self._context.clock.now())
            if accepted.created:
                draft.confirm()
                self._context.wake()
                _log.info(
                    "submission accepted",
                    task_id=new.id,
                    size_bytes=new.size_bytes,
                    media_seconds=new.media_seconds,
                )
            return accepted

        finishing = asyncio.ensure_future(step())
        self._finishing.add(finishing)
        finishing.add_done_callback(self._finishing.discard)
        try:
            return await asyncio.shield(finishing)
        except asyncio.CancelledError:
            # The draft must not be discarded while the row may still be committed.
            await asyncio.wait([finishing])
            raise

    async def require_place(self) -> None:
        """Refuse one more task while the queue is full. Raises ``ProblemError``."""
        await self.admission.require_queue(self.room.open_drafts)
