"""Sending a file once, however often one has to try.

* The idempotency key is a function of the roll number, the content and the assignment. A repeated command sends the
  same key, so the daemon finds the earlier submission; the digest before the body lets it answer without reading the
  file again.
* A large file goes in pieces (``pieces``): what the daemon has is not sent again, not even by a repeated command.
* 408, 409, 423, 429, 503 and 507 mean "later": the daemon's ``Retry-After`` is waited for, as long as the patience
  lasts.
* A broken connection is tried again ``attempts`` times with a doubling pause; what arrived meanwhile counts anew.
* Every other refusal is final: the same file would be refused again.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from introeval.client.api import Api, Receipt, Upload
from introeval.client.errors import DaemonRefusedError, UnreachableError
from introeval.client.pieces import RESUME_FROM, PiecedUpload

BLOCK = 1 << 20
LATER = frozenset({408, 409, 423, 429, 503, 507})


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What to hand in, and whose it is. ``path``: a file, or the folder of ``pages`` (in their order)."""

    path: Path
    roll_number: str
    name: str = ""
    pages: tuple[Path, ...] = ()
    assignment: str | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """All files, in their order."""
        return self.pages or (self.path,)

    def size(self) -> int:
        """Bytes of all files. Raises ``OSError``."""
        return sum(file.stat().st_size for file in self.files)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to go on. Seconds; ``pause`` is the first one after a broken connection, ``longest`` the last."""

    seconds: float = 900.0
    attempts: int = 5
    pause: float = 0.5
    longest: float = 10.0
    default_wait: float = 5.0


def idempotency_key(roll_number: str, digest: str, assignment: str | None = None) -> str:
    """``digest``: as ``content_digest``. The key is printable ASCII whatever the roll number is."""
    what = f"{roll_number}\0{digest}" if assignment is None else f"{roll_number}\0{digest}\0{assignment}"
    return hashlib.sha256(what.encode()).hexdigest()


def content_digest(paths: Sequence[Path]) -> str:
    """SHA-256 of a file, or of several files' SHA-256 one after the other; hexadecimal. Blocks on the disk."""
    digests = []
    for path in paths:
        with path.open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()


async def send(
    api: Api,
    entry: Entry,
    *,
    patience: Patience | None = None,
    on_bytes: Callable[[int], None] = lambda count: None,
    on_wait: Callable[[float, str], None] = lambda seconds, reason: None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Receipt:
    """Submit ``entry``. ``on_bytes``: how much of this attempt is read, from a worker thread; 0 begins an attempt.

    Raises ``DaemonRefusedError`` when it is refused (or still "later" when the patience has ended),
    ``UnreachableError`` when the daemon does not answer, ``OSError`` when the file cannot be read.
    """
    limits = patience or Patience()
    digest = await asyncio.to_thread(content_digest, entry.files)
    upload = Upload(
        paths=entry.files,
        assignment=entry.assignment,
        roll_number=entry.roll_number,
        name=entry.name or entry.roll_number,
        sha256=digest,
        key=idempotency_key(entry.roll_number, digest, entry.assignment),
        on_bytes=on_bytes,
    )
    pieces = await asyncio.to_thread(_pieces, api, upload, entry)
    waited, broken = 0.0, 0
    while True:
        on_bytes(0)
        try:
            return await (api.submit(upload) if pieces is None else pieces.go_on())
        except DaemonRefusedError as error:
            asked = error.problem.retry_after
            pause = limits.default_wait if asked is None else asked
            if error.problem.status not in LATER or waited + pause > limits.seconds:
                raise
            waited += max(pause, 0.1)
            reason = error.problem.detail
        except UnreachableError as error:
            broken = 1 if pieces is not None and pieces.advanced() else broken + 1
            if broken >= limits.attempts:
                raise
            pause = min(limits.pause * 2 ** (broken - 1), limits.longest)
            reason = str(error)
        on_wait(pause, reason)
        await sleep(pause)


def _pieces(api: Api, upload: Upload, entry: Entry) -> PiecedUpload | None:
    size = entry.size()
    return PiecedUpload(api, upload, size) if len(upload.paths) == 1 and size >= RESUME_FROM else None
