"""``POST /api/v1/submissions``: from a request to an accepted submission.

The order is the promise: bytes on disk and synced, looked into, named, folder synced, row committed, then the 201.
A known ``Idempotency-Key`` gives the earlier submission with 200; with other content it is refused. A refusal leaves
nothing on the disk, an accepted file stays whatever becomes of the connection.
"""

import asyncio
import re
import secrets
from dataclasses import dataclass, field

import structlog
from aiohttp import web
from pydantic import ValidationError

from db.intake import Accepted, NewTask
from introeval.web.context import WebContext
from introeval.web.form import OVERHEAD, TEXT_FIELDS, FilePart, parts
from introeval.web.inputs import SubmissionForm
from introeval.web.problems import ProblemError
from introeval.web.storage import Draft, UploadRoom

_log = structlog.get_logger(__name__)

FIELDS = web.RequestKey("fields", dict[str, str])
"""Where a request keeps the text fields that were read from it."""

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_NO_FILE = "Choose a video file: the field 'file' is missing or holds no file."
_RETRY_SECONDS = 30


@dataclass
class _Upload:
    """What has been read of one request."""

    key: str | None
    texts: dict[str, str] = field(default_factory=dict)
    earlier: Accepted | None = None
    file_name: str | None = None
    size: int = 0
    sha256: str = ""


class Receiver:
    """Takes uploads in."""

    def __init__(self, context: WebContext) -> None:
        self._context = context
        self._limits = context.limits
        self.room = UploadRoom(context.videos, context.limits.reserve_bytes)
        self._probing = asyncio.Semaphore(context.limits.probes)
        self._finishing: set[asyncio.Future[Accepted]] = set()

    async def start(self) -> int:
        """Remove what a crash left behind; returns how many files."""
        return await self.room.sweep(await self._context.intake.known_files())

    async def close(self) -> None:
        """Wait for submissions that are being committed."""
        await asyncio.gather(*self._finishing, return_exceptions=True)

    async def receive(self, request: web.Request) -> Accepted:
        """Read and accept one upload. Raises ``ProblemError``, ``RejectedWorkError``, ``StateError``."""
        upload = _Upload(key=_key(request.headers.get("Idempotency-Key")))
        # A page that shows the form again, with the reason of a refusal, fills it in from these.
        request[FIELDS] = upload.texts
        await self.admit(request)
        try:
            async with asyncio.timeout(self._limits.upload_seconds):
                return await self._read(request, upload)
        except TimeoutError as error:
            raise ProblemError("upload_stalled", "The upload took too long and was ended.") from error

    async def admit(self, request: web.Request) -> None:
        """Refuse what can be refused before a byte of the body is read."""
        if self._context.stop.is_set():
            raise ProblemError("stopping", "The service is stopping; send the file again in a minute.")
        if request.content_length is not None and request.content_length > self._limits.max_bytes + OVERHEAD:
            raise self._too_large()
        key = _key(request.headers.get("Idempotency-Key"))
        if key is None or await self._context.intake.earlier(key) is None:
            await self._require_place()
            await self.room.require_room(request.content_length or 0)

    async def _read(self, request: web.Request, upload: _Upload) -> Accepted:
        accepted: Accepted | None = None
        name = secrets.token_hex(12)
        # The draft outlives the file part: text fields may come after it, and decide whether it is kept.
        async with self.room.draft(name, request.content_length or 0) as draft:
            async for part in parts(request, self._limits.idle_seconds):
                if isinstance(part, FilePart):
                    await self._begin_file(upload, part)
                    if upload.earlier is not None and self._proves(upload, upload.earlier):
                        return upload.earlier
                    await self._read_file(upload, part, draft)
                elif (
                    part.name in TEXT_FIELDS and upload.texts.setdefault(part.name, part.value) != part.value
                ):
                    raise ProblemError("bad_field", f"The field '{part.name}' was sent twice.")
            accepted = await self._conclude(upload, draft, name)
        return accepted

    async def _begin_file(self, upload: _Upload, part: FilePart) -> None:
        if upload.file_name is not None:
            raise ProblemError("bad_field", "Send one file at a time.")
        upload.file_name = part.file_name
        upload.key = upload.key or _key(upload.texts.get("idempotency_key"))
        if upload.key is not None:
            upload.earlier = await self._context.intake.earlier(upload.key)

    @staticmethod
    def _proves(upload: _Upload, earlier: Accepted) -> bool:
        """Whether the fields before the file already show that this is the earlier submission."""
        if "roll_number" not in upload.texts or "sha256" not in upload.texts:
            return False
        _require_same(_form(upload.texts), upload.texts["sha256"], earlier)
        return True

    async def _read_file(self, upload: _Upload, part: FilePart, draft: Draft) -> None:
        async for chunk in part.chunks():
            upload.size += len(chunk)
            if upload.size > self._limits.max_bytes:
                raise self._too_large()
            await draft.write(chunk)
        if upload.size == 0:
            raise (
                ProblemError("empty_file", "This file is empty (0 bytes). Check it and send it again.")
                if (upload.file_name)
                else ProblemError("no_file", _NO_FILE)
            )

    async def _conclude(self, upload: _Upload, draft: Draft, name: str) -> Accepted:
        if upload.file_name is None:
            raise ProblemError("no_file", _NO_FILE)
        form = _form(upload.texts)
        upload.sha256 = await draft.seal()
        if form.sha256 not in (None, upload.sha256):
            raise ProblemError(
                "digest_mismatch", "The file is not the one that sha256 speaks of. Send it again."
            )
        if upload.earlier is not None:
            _require_same(form, upload.sha256, upload.earlier)
            return upload.earlier
        async with self._probing:
            seconds = await self._context.probe(draft.part)
        new = NewTask(
            id=name,
            user_id=form.roll_number,
            roll_number=form.roll_number,
            student_name=form.name,
            file_name=upload.file_name,
            video_path=str(draft.target.relative_to(self._context.state_dir)),
            size_bytes=upload.size,
            sha256=upload.sha256,
            media_seconds=seconds,
            idempotency_key=upload.key or _key(upload.texts.get("idempotency_key")),
        )
        accepted = await self._commit(new, draft)
        if not accepted.created:
            _require_same(form, upload.sha256, accepted)
        return accepted

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

    async def _require_place(self) -> None:
        waiting = await self._context.intake.waiting() + self.room.open_drafts
        if waiting >= self._limits.max_queue:
            detail = (
                f"{self._limits.max_queue} submissions are waiting already. Nothing is lost: try again soon."
            )
            pace = await self._context.views.pace()
            after = min(300, max(5, round(pace.llm_seconds or _RETRY_SECONDS)))
            raise ProblemError("queue_full", detail, {"Retry-After": str(after)})

    def _too_large(self) -> ProblemError:
        limit = self._limits.max_bytes / 1e6
        detail = f"At most {limit:,.6g} MB are accepted. Export the video with a lower resolution and send it again."
        return ProblemError("too_large", detail, {"Connection": "close"})


def _key(given: str | None) -> str | None:
    if given is None or _KEY.fullmatch(given):
        return given
    raise ProblemError("bad_key", "An Idempotency-Key is 1 to 255 printable ASCII characters without blanks.")


def _form(texts: dict[str, str]) -> SubmissionForm:
    try:
        return SubmissionForm.model_validate(texts)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        message = "it is missing" if first["type"] == "missing" else first["msg"]
        raise ProblemError(
            "bad_field", f"The field '{first['loc'][0]}' cannot be used: {message}."
        ) from error


def _require_same(form: SubmissionForm, sha256: str, earlier: Accepted) -> None:
    if (form.roll_number, sha256) != (earlier.task.roll_number, earlier.sha256):
        raise ProblemError(
            "key_reused", "This Idempotency-Key was used for another file or roll number. Use a new key."
        )
