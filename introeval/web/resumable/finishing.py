"""``Finisher``: a whole upload becomes one submission or one refusal, whoever asks and however often.

The rules:

1. One run per upload at a time; all who ask meanwhile hear how it ends. A client that goes away does not end it.
2. The submission has the upload's id, and its row settles the upload in the same commit: a second run finds it done.
3. A refusal for good (no sound, not a video, ...) is written before the file goes, and is told again to whoever asks.
4. Everything else (a full disk, a probe that failed) leaves the upload whole: the next who asks, ``tend`` or the next
   start tries again.
"""

import asyncio

import structlog

from db.uploads import Upload
from introeval.web.accepting import Acceptor, Work
from introeval.web.context import WebContext
from introeval.web.incoming import form_of, require_digest, too_large
from introeval.web.problems import ProblemError, body_of
from introeval.web.resumable.shelf import Shelf, ended
from introeval.web.storage import Draft
from scheduler.errors import IntroevalError, StaleWorkError, StateError

_log = structlog.get_logger(__name__)

TEND_SECONDS = 60.0
_STOPPING = "The service is stopping. All bytes of your file are kept: ask again in a minute."
_LATER = frozenset({408, 409, 423, 429})
"""Refusals that are not for good, besides those from 500 on."""


class Finisher:
    """Shared by all protocols of one application."""

    def __init__(self, context: WebContext, shelf: Shelf, acceptor: Acceptor) -> None:
        self._context = context
        self._uploads = context.uploads
        self._shelf = shelf
        self._acceptor = acceptor
        self._running: dict[str, asyncio.Task[None]] = {}

    async def finish(self, upload_id: str) -> Upload:
        """End a whole upload; the row with its ``task_id``, or with the refusal that it had before.

        Raises the refusal the first time: ``ProblemError``, ``RejectedWorkError``; ``StateError`` and others: later.
        """
        running = self._running.get(upload_id)
        if running is None:
            running = self._running[upload_id] = asyncio.create_task(self._finish(upload_id))
            running.add_done_callback(lambda task: self._ended(upload_id, task))
        await asyncio.wait([running])
        if running.cancelled():
            raise ProblemError("stopping", _STOPPING, {"Retry-After": "15"})
        running.result()
        return await self._shelf.find(upload_id)

    async def tend(self) -> None:
        """Finish what a crash or a full disk left whole, and forget what has expired, until the service stops."""
        while True:
            try:
                whole = [upload.id for upload in await self._uploads.open() if upload.whole]
                for upload_id in whole:
                    await self._try(upload_id)
                if count := await self._shelf.sweep():
                    _log.info("uploads expired", count=count)
            except (StateError, ProblemError) as error:
                _log.warning("uploads not tended", exc_info=error)
            if await self._context.clock.wait(self._context.stop, TEND_SECONDS):
                return await self.close()

    async def close(self) -> None:
        """Stop what runs; what is being committed is committed. The next start goes on."""
        for running in list(self._running.values()):
            running.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _try(self, upload_id: str) -> None:
        # A refusal is in the row; what comes later is tried again. Bugs end the loop, as everywhere.
        try:
            await self.finish(upload_id)
        except IntroevalError as error:
            # No trace: it may tell what is in the file, and it comes again each minute.
            _log.warning("whole upload not accepted", code=body_of(error).code, task_id=upload_id)

    def _ended(self, upload_id: str, task: asyncio.Task[None]) -> None:
        del self._running[upload_id]
        if not task.cancelled():
            # Whoever asked may be gone, and asyncio would log the error as a forgotten one.
            task.exception()

    async def _finish(self, upload_id: str) -> None:
        async with self._shelf.whole(upload_id) as (upload, draft):
            if draft is None:
                return
            try:
                await self._accept(upload, draft)
            except StaleWorkError as error:
                # Whoever ended it removes its file.
                raise ended() from error
            except IntroevalError as error:
                body = body_of(error)
                if 400 <= body.status < 500 and body.status not in _LATER:
                    # The row first: a file without an open row is swept at the next start.
                    await self._uploads.refuse(upload.id, body.model_dump(), self._context.clock.now())
                    await draft.discard()
                raise

    async def _accept(self, upload: Upload, draft: Draft) -> None:
        form = form_of(upload.metadata["texts"])
        assignment = await self._acceptor.assignment(form.assignment)
        most = self._context.limits.bytes_of(assignment.kind)
        if upload.received > most:
            raise too_large(most)
        if upload.received == 0:
            raise ProblemError("empty_file", "This file is empty (0 bytes). Check it and send it again.")
        sha256 = await draft.seal()
        require_digest(form, sha256)
        work = Work(
            id=upload.id,
            form=form,
            assignment=assignment,
            file_name=upload.metadata["file_name"],
            claimed=upload.metadata["file_name"],
            size=upload.received,
            sha256=sha256,
            key=upload.metadata["key"],
            upload_id=upload.id,
        )
        accepted = await self._acceptor.accept(work, draft)
        if not accepted.created:
            await self._uploads.settle(upload.id, accepted.task.id, self._context.clock.now())
            await draft.discard()
