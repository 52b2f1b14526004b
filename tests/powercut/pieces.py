"""Uploads in pieces after a power cut: no offset is ahead of the bytes that are there, and none has gone back.

An upload that is open has a file with at least ``received`` bytes, and they are those that were sent. One that was
whole and answered is a submission, which is looked at as such.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from introeval.web.storage import part_of, target_of
from tests.powercut.contents import Content
from tests.powercut.ledger import Promise

_ROWS = "SELECT id, received, task_id, refusal FROM uploads"


def uploads(connection: sqlite3.Connection, folder: Path, promises: Sequence[Promise]) -> Iterator[str]:
    """What is wrong with them."""
    promised: dict[str, tuple[int, Content]] = {}
    for promise in promises:
        if promise.kind == "upload":
            told, _, content = promise.value.partition("/")
            promised[promise.id] = int(told), Content.named(content)
    rows = {row[0]: row[1:] for row in connection.execute(_ROWS)}
    for upload_id, (offset, _) in promised.items():
        received, _, refusal = rows.get(upload_id, (-1, None, None))
        if received < offset or refusal is not None:
            yield f"LOST: upload {upload_id} was told {offset}, the tables have {received} ({refusal})"
    for upload_id, (received, task_id, _) in rows.items():
        if task_id is None and received:
            sent = promised[upload_id][1].data() if upload_id in promised else None
            yield from _bytes(upload_id, received, folder, sent)


def _bytes(upload_id: str, received: int, folder: Path, sent: bytes | None) -> Iterator[str]:
    names = (part_of(folder, upload_id), target_of(folder, upload_id))
    there = next((path.read_bytes() for path in names if path.is_file()), b"")
    if len(there) < received:
        yield f"LOST: upload {upload_id} is said to have {received} bytes, its file has {len(there)}"
    elif sent is not None and there[:received] != sent[:received]:
        yield f"TORN: upload {upload_id} has other bytes than were sent"
