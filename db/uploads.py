"""``Uploads``: the rows of uploads that arrive in pieces. Knows no protocol and no file.

A row says what is durable: ``received`` is written only after that many bytes were synced. An upload is *open* until
it has a ``task_id`` (written by the commit that accepts the submission, ``db.intake``) or a ``refusal``; it is *whole*
when all of its bytes are there.
"""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from db.database import Database, Transaction
from scheduler.errors import StaleWorkError


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """``client``: whom a quota counts it for. ``length``: bytes in all, ``None`` while unknown. ``received``: bytes
    that are durable. ``metadata``: what the door that made it knows of it; ``key`` in it is the idempotency key.
    Times: seconds since the epoch. ``refusal``: the problem that it ended with.
    """

    id: str
    client: str
    length: int | None
    received: int = 0
    metadata: Mapping[str, Any]
    created_at: float
    updated_at: float
    expires_at: float
    task_id: str | None = None
    refusal: Mapping[str, Any] | None = None

    @property
    def open(self) -> bool:
        """Neither a submission nor refused."""
        return self.task_id is None and self.refusal is None

    @property
    def whole(self) -> bool:
        """All bytes are there."""
        return self.received == self.length


class Uploads:
    """Reads and writes the rows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, upload: Upload) -> None:
        """Write a new row (it may be settled already)."""
        values = {
            "id": upload.id,
            "client": upload.client,
            "length": upload.length,
            "received": upload.received,
            "metadata": json.dumps(dict(upload.metadata)),
            "created_at": upload.created_at,
            "updated_at": upload.updated_at,
            "expires_at": upload.expires_at,
            "task_id": upload.task_id,
        }
        await self._database.write(lambda transaction: transaction.execute("insert_upload", values))

    async def find(self, upload_id: str) -> Upload | None:
        """One upload."""
        row = await self._database.one("upload_by_id", {"id": upload_id})
        return None if row is None else _upload(row)

    async def open_with(self, key: str, now: float) -> Upload | None:
        """The open upload that was begun with this idempotency key, if any."""
        row = await self._database.one("open_upload_by_key", {"key": key, "now": now})
        return None if row is None else _upload(row)

    async def open(self) -> list[Upload]:
        """All that are neither a submission nor refused."""
        return [_upload(row) for row in await self._database.all("open_uploads")]

    async def open_of(self, client: str) -> int:
        """How many a client has begun that still go on."""
        row = await self._database.one("open_upload_count", {"client": client})
        return int(row["uploads"]) if row else 0

    async def expired(self, now: float) -> list[Upload]:
        """All whose time is over, in whatever state."""
        return [_upload(row) for row in await self._database.all("expired_uploads", {"now": now})]

    async def advance(
        self, upload: Upload, *, received: int, length: int | None, now: float, expires_at: float
    ) -> Upload:
        """So many bytes are durable; returns the row as it is now. Raises ``StaleWorkError`` when it is not open."""
        values = {
            "id": upload.id,
            "received": received,
            "length": length,
            "now": now,
            "expires_at": expires_at,
        }
        changed = await self._database.write(
            lambda transaction: transaction.execute("advance_upload", values)
        )
        if changed != 1:
            raise StaleWorkError(f"the upload {upload.id} has ended meanwhile")
        return replace(upload, received=received, length=length, updated_at=now, expires_at=expires_at)

    async def settle(self, upload_id: str, task_id: str, now: float) -> None:
        """It is the submission ``task_id``, which another request made."""
        values = {"id": upload_id, "task_id": task_id, "now": now}
        await self._database.write(lambda transaction: transaction.execute("settle_upload", values))

    async def refuse(self, upload_id: str, refusal: Mapping[str, Any], now: float) -> None:
        """It ends with this problem, unless it is a submission."""
        values = {"id": upload_id, "refusal": json.dumps(dict(refusal)), "now": now}
        await self._database.write(lambda transaction: transaction.execute("refuse_upload", values))

    async def expire(self, upload_id: str, now: float) -> bool:
        """Forget it if its time is over; whether its file is to be removed now. Nobody can accept it any more then."""
        values = {"id": upload_id, "now": now}

        async def body(transaction: Transaction) -> bool:
            await transaction.execute("expire_ended_upload", values)
            return await transaction.execute("expire_upload", values) == 1

        return await self._database.write(body)

    async def delete(self, upload_id: str) -> None:
        """Forget it."""
        await self._database.write(
            lambda transaction: transaction.execute("delete_upload", {"id": upload_id})
        )


def _upload(row: sqlite3.Row) -> Upload:
    return Upload(
        id=row["id"],
        client=row["client"],
        length=row["length"],
        received=row["received"],
        metadata=json.loads(row["metadata"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        expires_at=row["expires_at"],
        task_id=row["task_id"],
        refusal=None if row["refusal"] is None else json.loads(row["refusal"]),
    )
