"""``PageReader``: the embedded text recognition, for labs without a vision model. One child process at a time.

It works in the language-model phase, on the CPU. The child lives for one submission's pages; each page arrives as soon
as it was read, so that it can be kept.
"""

import asyncio
import json
import os
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

from introeval.pages.documents import PageImage
from introeval.pages.errors import PageReaderError
from introeval.pages.limits import MIB
from introeval.pages.texts import PageText, page_from_json
from stt.confine import Confinement
from stt.sandbox import confined, environment
from stt.spawn import drain, kill_group, spawn

LINE_LIMIT = 1 * MIB
"""Bytes of the longest line; a full page has 20,000."""

PROCESSORS = ("/proc/cpuinfo", "/sys/devices/system/cpu", "/sys/devices/system/node")
"""What onnxruntime looks at to choose its kernels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OcrLimits:
    """``page_seconds``: wall clock of one page (4 s on one thread of an idle machine), loading included.

    ``memory``: bytes of address space; a page of 2,000 x 1,414 pixels needs 1,300 MiB.
    """

    threads: int = 1
    page_seconds: float = 180.0
    memory: int = 4096 * MIB


class PageReader:
    """Reads page images. Create and use it in one event loop."""

    def __init__(self, limits: OcrLimits | None = None) -> None:
        self._limits = limits or OcrLimits()
        self._turn = asyncio.Lock()

    async def read(self, pages: Sequence[PageImage]) -> AsyncGenerator[PageText, None]:
        """Each page's text, in order, as soon as it is there. Close it (``contextlib.aclosing``) when left early.

        Raises ``PageReaderError`` when the child fails; the pages before were yielded.
        """
        async with self._turn:
            files = [str(page.path) for page in pages]
            job = {
                "threads": self._limits.threads,
                "pages": [[page.number, file] for page, file in zip(pages, files, strict=True)],
            }
            limits = Confinement(
                os.getpid(), memory=self._limits.memory, file_bytes=0, nice=5, reads=(*files, *PROCESSORS)
            )
            command = await confined(limits, ["-m", "introeval.pages.ocr_child", json.dumps(job)])
            try:
                child = await spawn(
                    command, stdin=asyncio.subprocess.DEVNULL, limit=LINE_LIMIT, env=environment()
                )
            except OSError as error:
                raise PageReaderError(f"the text recognition could not be started: {error}") from error
            complaints = asyncio.create_task(drain(child.stderr))
            try:
                for page in pages:
                    yield await self._next(child, page.number, complaints)
            finally:
                await kill_group(child)
                await complaints

    async def _next(
        self, child: asyncio.subprocess.Process, number: int, complaints: asyncio.Task[bytes]
    ) -> PageText:
        assert child.stdout is not None
        try:
            async with asyncio.timeout(self._limits.page_seconds):
                line = await child.stdout.readline()
        except TimeoutError:
            raise PageReaderError(
                f"page {number} was not read within {self._limits.page_seconds:g} s; is the machine overloaded?"
            ) from None
        except ValueError as error:
            raise PageReaderError(f"the text recognition said too much about page {number}") from error
        if not line:
            await kill_group(child)
            why = (await complaints).decode(errors="replace").strip().splitlines()[-1:]
            raise PageReaderError(f"the text recognition ended at page {number}: {' '.join(why)[:300]}")
        return _page(line, number)


def _page(line: bytes, number: int) -> PageText:
    try:
        said = json.loads(line)
        if said["page"] == number:
            return page_from_json(number, str(said["engine"]), float(said["confidence"]), said["lines"])
    except (ValueError, KeyError, TypeError) as error:
        raise PageReaderError(f"the text recognition's words about page {number} are none") from error
    raise PageReaderError(f"the text recognition answered for another page than {number}")
