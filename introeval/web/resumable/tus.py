"""``Tus``: tus 1.0.0 at ``/files/``: core, creation (with upload, defer length), termination, checksum, expiration.

The answer that ends an upload is only sent when its submission is committed (``finishing``). A request is refused
before its body is read where it can be; what arrived of a body counts, whatever became of the rest (``shelf``).
"""

from typing import Any

from aiohttp import web

from db.uploads import Upload
from introeval.web.api import answer
from introeval.web.context import WebContext
from introeval.web.intake import Receiver
from introeval.web.problems import ProblemError, body_of, response
from introeval.web.resumable import headers as tus
from introeval.web.resumable.finishing import Finisher
from introeval.web.resumable.shapes import upload_body
from introeval.web.resumable.shelf import Shelf
from introeval.web.resumable.tus_creation import TusCreation
from introeval.web.resumable.tus_writing import TusWriting, other_offset
from introeval.web.schema import ProblemBody
from scheduler.errors import IntroevalError

PATH = "/files/"
_NO_STORE = {"Cache-Control": "no-store"}
_LOCATION = web.RequestKey("location", str)
_TERMINATED = "This upload was ended by its client. Begin a new one."


class Tus:
    """The endpoints."""

    def __init__(self, context: WebContext, receiver: Receiver) -> None:
        self._context = context
        self._limits = context.limits
        self._receiver = receiver
        self._creation = TusCreation(context, receiver)
        self._writing = TusWriting(context, receiver)
        self.shelf: Shelf = receiver.shelf
        self.finisher = Finisher(context, receiver.shelf, receiver.acceptor)

    async def mark(self, request: web.Request, made: web.StreamResponse) -> None:
        """For ``on_response_prepare``: what every answer of this protocol says."""
        if request.path.startswith(PATH) or request.path == PATH.rstrip("/"):
            made.headers.setdefault("Tus-Resumable", tus.VERSION)
            made.headers.setdefault("Cache-Control", "no-store")
            if _LOCATION in request:
                made.headers["Location"] = request[_LOCATION]
            if made.status == 412:
                made.headers["Tus-Version"] = tus.VERSION

    async def options(self, request: web.Request) -> web.StreamResponse:
        """What is offered."""
        most = max(self._limits.bytes_of(kind) for kind in self._context.inspect)
        offered = {
            "Tus-Version": tus.VERSION,
            "Tus-Extension": tus.EXTENSIONS,
            "Tus-Max-Size": str(most),
            "Tus-Checksum-Algorithm": ",".join(tus.ALGORITHMS),
        }
        return web.Response(status=204, headers=offered)

    async def create(self, request: web.Request) -> web.StreamResponse:
        """A new upload; with a body of ``OFFSET_TYPE`` also its first bytes."""
        _require_version(request)
        upload = await self._creation.begin(request)
        # In each answer from here on, also a refusal's: what came counts, and its client is to find it.
        request[_LOCATION] = self._creation.address(request, upload)
        if request.content_type == tus.OFFSET_TYPE and upload.open and not upload.received:
            upload = await self._begun(request, upload)
        upload = await self._settled(upload)
        if upload.refusal is not None:
            return _refused(upload)
        return web.Response(status=201, headers=tus.state(upload))

    async def _begun(self, request: web.Request, upload: Upload) -> Upload:
        """With its first bytes. If the line breaks, nobody has heard the address: what nobody can find again goes."""
        try:
            return await self._writing.take(request, upload, 0)
        except ProblemError as error:
            if error.problem == "malformed_body" and request.transport is None:
                found = await self.shelf.find(upload.id)
                if not found.whole and not self._creation.can_be_found(found):
                    await self.shelf.terminate(upload.id, _terminated())
            raise

    async def head(self, request: web.Request) -> web.StreamResponse:
        """Where to go on; whoever still writes is stopped. A whole upload is finished first."""
        _require_version(request)
        upload = await self._settled(await self.shelf.at_rest(request.match_info["id"]))
        if upload.refusal is not None:
            return _refused(upload)
        metadata = upload.metadata.get("tus")
        return web.Response(
            status=200,
            headers=tus.state(upload) | _NO_STORE | ({"Upload-Metadata": metadata} if metadata else {}),
        )

    async def get(self, request: web.Request) -> web.StreamResponse:
        """The same for people and programs that do not speak tus; never an error because of a refusal."""
        upload = await self.shelf.find(request.match_info["id"])
        try:
            upload = await self._settled(upload)
        except IntroevalError:
            upload = await self.shelf.find(upload.id)
            if upload.refusal is None:
                raise
        return answer(upload_body(upload))

    async def patch(self, request: web.Request) -> web.StreamResponse:
        """The bytes that come next."""
        _require_version(request)
        encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
        if request.content_type != tus.OFFSET_TYPE or encoding not in ("", "identity"):
            raise ProblemError("unknown_type", f"Send {tus.OFFSET_TYPE}, not encoded.")
        offset = tus.number(request.headers, "Upload-Offset")
        if offset is None:
            raise ProblemError("bad_header", "The header Upload-Offset is missing.")
        upload = await self.shelf.find(request.match_info["id"])
        if upload.refusal is not None:
            return _refused(upload)
        if offset != upload.received:
            raise other_offset(upload)
        if upload.whole:
            upload = await self._settled(upload)
        else:
            upload = await self._settled(await self._writing.take(request, upload, offset))
        return _refused(upload) if upload.refusal else web.Response(status=204, headers=tus.state(upload))

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """End it. What has become a submission stays one."""
        _require_version(request)
        await self.shelf.terminate(request.match_info["id"], _terminated())
        return web.Response(status=204)

    async def overridden(self, request: web.Request) -> web.StreamResponse:
        """A POST that stands for another method (``X-HTTP-Method-Override``), for clients that cannot send it."""
        handlers = {"PATCH": self.patch, "DELETE": self.delete, "HEAD": self.head}
        handler = handlers.get(request.headers.get("X-HTTP-Method-Override", "").upper())
        if handler is None:
            raise web.HTTPMethodNotAllowed("POST", ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH"])
        return await handler(request)

    async def _settled(self, upload: Upload) -> Upload:
        return await self.finisher.finish(upload.id) if upload.open and upload.whole else upload


def _require_version(request: web.Request) -> None:
    if request.headers.get("Tus-Resumable") != tus.VERSION:
        raise ProblemError("tus_version", f"Send the header Tus-Resumable: {tus.VERSION}.")


def _terminated() -> dict[str, Any]:
    """What whoever asks for it later is told."""
    return body_of(ProblemError("upload_gone", _TERMINATED)).model_dump()


def _refused(upload: Upload) -> web.Response:
    """The reason that it ended with, once more."""
    assert upload.refusal is not None
    return response(ProblemBody.model_validate(dict(upload.refusal)), _NO_STORE)
