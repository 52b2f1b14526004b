"""``TusWriting``: the body of a tus request, from the connection to the shelf. Nothing is collected on the way."""

import asyncio

from aiohttp import web

from db.uploads import Upload
from introeval.web.context import WebContext
from introeval.web.incoming import too_large
from introeval.web.intake import Receiver
from introeval.web.problems import ProblemError
from introeval.web.resumable import headers as tus
from introeval.web.resumable.body import RawBody
from introeval.web.resumable.writer import Writer


class TusWriting:
    """Takes the bytes of one request at a time for each upload."""

    def __init__(self, context: WebContext, receiver: Receiver) -> None:
        self._limits = context.limits
        self._receiver = receiver

    async def take(self, request: web.Request, upload: Upload, offset: int) -> Upload:
        """Append the body at ``offset``; the row as it is then. Raises ``ProblemError``, ``StateError``.

        Whatever it raises, what came counts; but bytes with a checksum count together or not at all.
        """
        body, checksum = (
            RawBody(request, self._limits.idle_seconds, self._limits.least_rate),
            tus.checksum_of(request.headers),
        )
        try:
            async with (
                asyncio.timeout(self._limits.upload_seconds),
                self._receiver.shelf.writing(upload.id, body.stop) as writer,
            ):
                if writer.upload.received != offset:
                    raise other_offset(writer.upload)
                most = await self._most(request, writer)
                # Inside the turn: whoever asks for the offset now waits for the bytes that are on their way.
                writer.expect(request.content_length or 0)
                await self._receiver.admission.enter(request, self._receiver.room)
                writer.expect()
                self._receiver.admission.count_student(request, upload.metadata["texts"]["roll_number"])
                await _copy(body, writer, most, checksum)
        except TimeoutError as error:
            detail = "This request took too long and was ended. What came is kept: go on from there."
            raise ProblemError("upload_stalled", detail, {"Connection": "close"}) from error
        return writer.upload

    async def _most(self, request: web.Request, writer: Writer) -> int:
        """Up to which offset bytes may come; a length that was left open before is noted."""
        assignment = await self._receiver.acceptor.assignment(_assignment(writer.upload))
        allowed = self._limits.bytes_of(assignment.kind)
        declared = tus.number(request.headers, "Upload-Length")
        known = writer.upload.length
        if declared is not None and known is not None and declared != known:
            raise ProblemError("bad_header", "This upload has another Upload-Length.")
        if declared is not None and known is None:
            if declared > allowed:
                raise too_large(allowed)
            if declared < writer.upload.received:
                raise ProblemError("bad_header", "More bytes than Upload-Length have come already.")
            await writer.declare(declared)
        most = allowed if writer.upload.length is None else writer.upload.length
        if (request.content_length or 0) > most - writer.upload.received:
            raise _too_much(allowed, writer.upload)
        return most


async def _copy(body: RawBody, writer: Writer, most: int, checksum: tus.Checksum | None) -> None:
    if checksum is not None:
        writer.hold()
    async for chunk in body.chunks():
        if writer.taken + len(chunk) > most:
            raise _too_much(most, writer.upload)
        if checksum is not None:
            checksum.update(chunk)
        await writer.append(chunk)
    if checksum is not None:
        if not checksum.matches:
            await writer.rewind()
            raise ProblemError("checksum_mismatch", "These bytes changed on their way. Send them again.")
        writer.release()


def other_offset(upload: Upload) -> ProblemError:
    """The refusal of bytes for another place than the next one."""
    detail = f"The next byte of this upload is at {upload.received}. Go on there."
    return ProblemError("upload_offset", detail, {"Upload-Offset": str(upload.received)})


def _assignment(upload: Upload) -> str:
    return str(upload.metadata["assignment"])


def _too_much(most: int, upload: Upload) -> ProblemError:
    if upload.length is None:
        return too_large(most)
    detail = f"This upload has {upload.length} bytes, and more were sent."
    return ProblemError("too_large", detail, {"Connection": "close"})
