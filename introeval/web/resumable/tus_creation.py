"""``TusCreation``: ``POST /files/``. What would be refused for its fields is refused before a byte of the file.

A repeated creation with the same idempotency key, digest, length and fields gives the upload that the first one made
(a client that lost the answer, or was started anew, goes on where it was), or the submission that it became.
"""

import secrets
from typing import Any

from aiohttp import web

from db.uploads import Upload
from introeval.web.context import WebContext
from introeval.web.incoming import form_of, key_of, require_same, too_large
from introeval.web.inputs import SubmissionForm
from introeval.web.intake import Receiver
from introeval.web.places import client_of
from introeval.web.problems import ProblemError
from introeval.web.resumable import headers as tus

_TOO_MANY = "Too many uploads were begun from this address and not ended. Try again later."


class TusCreation:
    """Makes rows; the first byte makes the file."""

    def __init__(self, context: WebContext, receiver: Receiver) -> None:
        self._context = context
        self._limits = context.limits
        self._receiver = receiver
        self._uploads = context.uploads

    async def begin(self, request: web.Request) -> Upload:
        """The upload of this request. Raises ``ProblemError``, ``StateError``."""
        length = tus.length_of(request.headers)
        raw = tus.single(request.headers, "Upload-Metadata")
        given = tus.given_by(tus.metadata_of(raw), key_of(request.headers.get("Idempotency-Key")))
        form = form_of(given.texts)
        await self._require_size(form, length)
        await self._receiver.admit(request)
        self._receiver.admission.count_student(request, form.roll_number)
        known = await self._known(form, given, length)
        if known is not None:
            return known
        client = client_of(request.remote)
        await self._receiver.room.require_room(length or 0)
        if await self._uploads.open_of(client) >= self._limits.open_per_client:
            raise ProblemError("too_many_uploads", _TOO_MANY, self._receiver.admission.later())
        return await self._write(client, form, given, length, raw)

    def address(self, request: web.Request, upload: Upload) -> str:
        """The upload's absolute address. Nobody's ``X-Forwarded-*`` is believed: where those matter, a setting says."""
        base = self._limits.public_url or f"{request.scheme}://{request.host}"
        return f"{base.rstrip('/')}/files/{upload.id}"

    @staticmethod
    def can_be_found(upload: Upload) -> bool:
        """Whether the same creation once more would find it (``_known``)."""
        digest = upload.metadata["texts"].get("sha256")
        return None not in (upload.metadata["key"], digest, upload.length)

    async def _require_size(self, form: SubmissionForm, length: int | None) -> None:
        assignment = await self._receiver.acceptor.assignment(form.assignment)
        if assignment.kind not in self._context.inspect:
            raise ProblemError("unavailable", f"This service takes no work of the kind '{assignment.kind}'.")
        if length == 0:
            raise ProblemError("empty_file", "This file is empty (0 bytes). Check it and send it again.")
        most = self._limits.bytes_of(assignment.kind)
        if length is not None and length > most:
            raise too_large(most)

    async def _known(self, form: SubmissionForm, given: tus.Given, length: int | None) -> Upload | None:
        """What the idempotency key began before, when the digest says that it is the same file."""
        if given.key is None or form.sha256 is None or length is None:
            return None
        found = await self._uploads.open_with(given.key, self._context.clock.now())
        if found is not None and found.length == length and found.metadata["texts"] == dict(given.texts):
            return await self._receiver.shelf.find(found.id)
        earlier = await self._context.intake.earlier(given.key)
        if earlier is None:
            return None
        require_same(form, form.sha256, earlier)
        settled = {"received": length, "task_id": earlier.task.id}
        return await self._write("", form, given, length, None, **settled)

    async def _write(
        self,
        client: str,
        form: SubmissionForm,
        given: tus.Given,
        length: int | None,
        raw: str | None,
        **more: Any,
    ) -> Upload:
        now = self._context.clock.now()
        known = {"texts": dict(given.texts), "file_name": given.file_name, "key": given.key, "tus": raw}
        upload = Upload(
            id=secrets.token_hex(12),
            client=client,
            length=length,
            metadata=known | {"assignment": form.assignment},
            created_at=now,
            updated_at=now,
            expires_at=self._receiver.shelf.expiry(),
            **more,
        )
        await self._uploads.create(upload)
        return upload
