"""The model hub as a source: one file over HTTP, resumed where an earlier try was cut.

Rules:

* A hub that does not answer within ``CONNECT_SECONDS`` is skipped: many labs cannot reach one.
* Bytes land in ``<work>/<file>.part``; a range request continues it. The hash of the whole decides, so a part
  that belongs to other content costs a second download and nothing else.
"""

from collections.abc import Callable
from pathlib import Path

import aiohttp

from models.registry import FileSpec, ModelSpec
from models.weights.cache import CHUNK
from models.weights.errors import SourceError

CONNECT_SECONDS = 3.0
SILENCE_SECONDS = 60.0
DEFAULT_HUB = "https://huggingface.co"
CUTS_ALLOWED = 5


def session() -> aiohttp.ClientSession:
    """A client that honours the environment's proxy and gives up fast on connecting, never on slowness."""
    timeout = aiohttp.ClientTimeout(total=None, connect=CONNECT_SECONDS, sock_read=SILENCE_SECONDS)
    return aiohttp.ClientSession(timeout=timeout, trust_env=True, auto_decompress=False)


def file_url(base: str, spec: ModelSpec, file: FileSpec) -> str:
    """Where the hub keeps a file at the fixed revision."""
    return f"{base.rstrip('/')}/{spec.hub.repository}/resolve/{spec.hub.revision}/{file.hub}"


async def fetch(
    client: aiohttp.ClientSession, url: str, file: FileSpec, part: Path, report: Callable[[int], None]
) -> None:
    """Download into ``part``, going on where it ends; ``report`` gets the bytes that are there.

    A cut connection is taken up again as long as each try brings bytes. Raises ``SourceError``.
    """
    part.parent.mkdir(parents=True, exist_ok=True)
    cuts = 0
    while True:
        before = _size(part)
        if before == file.size:
            return
        try:
            await _continue(client, url, file, part, report)
        except (aiohttp.ClientError, TimeoutError) as error:
            cuts += 1
            if _size(part) <= before or cuts > CUTS_ALLOWED:
                message = f"{url}: {_reason(error)}"
                raise SourceError(message) from error
            continue
        if _size(part) != file.size:
            discard(part)
            message = f"{url}: the file has not the expected {file.size} bytes"
            raise SourceError(message)


async def _continue(
    client: aiohttp.ClientSession, url: str, file: FileSpec, part: Path, report: Callable[[int], None]
) -> None:
    have = _size(part) if _size(part) < file.size else 0
    headers = {"Range": f"bytes={have}-"} if have else {}
    async with client.get(url, headers=headers, raise_for_status=True) as response:
        resumed = have and response.status == 206
        done = have if resumed else 0
        # A page of some other length is no model; do not fill a disk with it.
        with part.open("ab" if resumed else "wb") as handle:
            async for chunk in response.content.iter_chunked(CHUNK):
                done += handle.write(chunk)
                report(done)
                if done > file.size:
                    return


def discard(part: Path) -> None:
    """Forget what was fetched."""
    part.unlink(missing_ok=True)


def is_begun(part: Path) -> bool:
    """Whether an earlier run left bytes to continue."""
    return _size(part) > 0


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _reason(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientResponseError):
        return f"HTTP {error.status} {error.message}"
    return str(error) or type(error).__name__
