"""``Shelf``: uploads that are under way in pieces. Knows offsets, lengths and bytes, and no protocol.

The rules:

1. ``received`` in the row is what is durable: the file is synced first, then the row is committed. After a crash the
   file is cut back to it, so no byte counts that was not promised, and none is lost that was.
2. One writer at a time. Whoever comes next makes the one before stop and finds what that one has taken.
3. However a writer ends (a cut, a stop, a full disk), what it took is synced and counts. Bytes with a checksum count
   when they have been verified, and not before.
4. A file whose sync failed is discarded with its row, whoever asked for the sync and however its writer ended: its
   client begins anew. What failed for one who asks how far it is has failed for the writer.
5. What nobody goes on with is forgotten at ``expires_at``; each checkpoint moves that.
6. A whole file is not touched before a commit of its row: whatever an earlier try to accept it left is over then.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import structlog

from db.uploads import Upload, Uploads
from introeval.web.problems import ProblemError
from introeval.web.resumable.turns import Turns
from introeval.web.resumable.writer import Writer
from introeval.web.storage import Draft, UploadRoom, part_of, target_of
from scheduler.errors import StaleWorkError
from scheduler.ports import Clock

_log = structlog.get_logger(__name__)


class Shelf:
    """``room``: where the files are."""

    def __init__(self, uploads: Uploads, room: UploadRoom, clock: Clock, expire_seconds: float) -> None:
        self._uploads = uploads
        self._clock = clock
        self._expire_seconds = expire_seconds
        self._writers: dict[str, Writer] = {}
        self._hashes: dict[str, tuple[int, Any]] = {}
        self.room = room
        self.turns = Turns()

    async def known_files(self) -> set[Path]:
        """The files of all uploads that go on, under whichever name a crash left them."""
        names = [upload.id for upload in await self._uploads.open()]
        return {path(self.room.folder, name) for name in names for path in (part_of, target_of)}

    def expiry(self) -> float:
        """When what is written now would be forgotten. Seconds since the epoch."""
        return self._clock.now() + self._expire_seconds

    async def find(self, upload_id: str) -> Upload:
        """The row, with all that has arrived. Raises ``ProblemError`` when there is none, or its time is over."""
        writer = self._writers.get(upload_id)
        if writer is not None:
            await writer.checkpoint()
        upload = await self._uploads.find(upload_id)
        if upload is None:
            raise ProblemError("not_found", "There is no upload here: begin a new one.")
        if upload.expires_at <= self._clock.now():
            raise ProblemError("upload_gone", "This upload was left for too long. Begin a new one.")
        return upload

    async def at_rest(self, upload_id: str) -> Upload:
        """As ``find``, for one who wants to go on there: whoever writes is asked to stop first."""
        upload = await self.find(upload_id)
        if upload.whole or not self.turns.taken(upload_id):
            return upload
        async with self.turns.take(upload_id):
            return await self.find(upload_id)

    @asynccontextmanager
    async def writing(self, upload_id: str, stop: Callable[[], None]) -> AsyncIterator[Writer]:
        """Write to an open upload that is not whole; ``stop``: called when somebody else wants to."""
        async with self.turns.take(upload_id, stop):
            upload = await self.find(upload_id)
            if not upload.open or upload.whole:
                detail = "This upload has ended, or has all of its bytes. Ask for its offset."
                raise ProblemError("upload_offset", detail, {"Upload-Offset": str(upload.received)})
            async with self._piece(upload) as draft:
                writer = Writer(self.advance, upload, draft)
                await writer.begin(self._hash(upload))
                self._writers[upload_id] = writer
                try:
                    yield writer
                finally:
                    await _to_the_end(self._leave(writer, draft))
                draft.require_trusted()

    @asynccontextmanager
    async def whole(self, upload_id: str) -> AsyncIterator[tuple[Upload, Draft | None]]:
        """A whole upload with its file, to be kept or discarded; nobody writes meanwhile. ``None``: it has ended."""
        async with self.turns.take(upload_id):
            upload = await self.find(upload_id)
            if not upload.open:
                yield upload, None
                return
            # A try before may have ended in an ``UncertainCommitError``: after a crash its row would be found in the
            # log, and the file has to have its last name then. This is written over it, before the name is touched.
            upload = await self.advance(upload, upload.received, upload.length, upload.expires_at)
            async with self._piece(upload) as draft:
                if await draft.reopen(upload.received, self._hash(upload)) != upload.received:
                    await self.advance(upload, draft.size, upload.length)
                    detail = "Bytes of this upload were lost. Ask for its offset, and go on there."
                    raise ProblemError("upload_offset", detail, {"Upload-Offset": str(draft.size)})
                yield upload, draft

    async def terminate(self, upload_id: str, refusal: Mapping[str, Any]) -> None:
        """Stop whoever writes, free the file, and answer with ``refusal`` from now on. A submission stays one."""
        async with self.turns.take(upload_id):
            upload = await self.find(upload_id)
            if upload.task_id is not None:
                await self._uploads.delete(upload_id)
            elif upload.open:
                await self._uploads.refuse(upload_id, refusal, self._clock.now())
                await self._discard(upload_id)

    async def sweep(self) -> int:
        """Forget what has expired; returns how many. Whoever still writes to one is stopped, and has then gone on."""
        expired = await self._uploads.expired(self._clock.now())
        return sum([await self._expire(upload.id) for upload in expired])

    async def _expire(self, upload_id: str) -> bool:
        try:
            async with self.turns.take(upload_id):
                # The row first, if it still is as it was; a file without a row is swept at the next start.
                if await self._uploads.expire(upload_id, self._clock.now()):
                    await self._discard(upload_id)
        except ProblemError as error:
            # Whoever writes did not leave in time: the next sweep.
            _log.warning("upload not forgotten yet", code=error.problem, task_id=upload_id)
            return False
        return True

    async def advance(
        self, upload: Upload, received: int, length: int | None, expires_at: float | None = None
    ) -> Upload:
        """Commit what is durable; the row as it is then. Raises ``ProblemError`` when somebody has ended it."""
        now, until = self._clock.now(), self.expiry() if expires_at is None else expires_at
        try:
            return await self._uploads.advance(
                upload, received=received, length=length, now=now, expires_at=until
            )
        except StaleWorkError as error:
            raise ended() from error

    async def _leave(self, writer: Writer, draft: Draft) -> None:
        upload_id = writer.upload.id
        try:
            if not draft.broken:
                await writer.checkpoint()
        finally:
            del self._writers[upload_id]
            if not draft.broken and writer.taken == writer.upload.received:
                self._hashes[upload_id] = writer.taken, draft.hash

    @asynccontextmanager
    async def _piece(self, upload: Upload) -> AsyncIterator[Draft]:
        async with self.room.piece(upload.id) as draft:
            try:
                yield draft
            finally:
                # Looked at, not caught: the writer may end by a stop or be cancelled, and somebody else hear the error.
                if draft.broken:
                    await _to_the_end(self._give_up(upload, draft))

    async def _give_up(self, upload: Upload, draft: Draft) -> None:
        _log.warning("upload discarded", task_id=upload.id)
        await draft.discard()
        await self._uploads.delete(upload.id)

    async def _discard(self, upload_id: str) -> None:
        self._hashes.pop(upload_id, None)
        async with self.room.piece(upload_id) as draft:
            await draft.discard()

    def _hash(self, upload: Upload) -> Any:
        size, hashed = self._hashes.pop(upload.id, (0, None))
        return hashed if size == upload.received else None


def ended() -> ProblemError:
    """The answer to who comes too late: it was forgotten, or its client ended it."""
    return ProblemError("upload_gone", "This upload was ended meanwhile. Begin a new one.")


async def _to_the_end(step: Coroutine[Any, Any, None]) -> None:
    """Also when the caller is cancelled meanwhile: what arrived counts."""
    running = asyncio.ensure_future(step)
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        if error := running.exception():
            _log.warning("upload left in a hurry, and not all of it counts", exc_info=error)
        raise
