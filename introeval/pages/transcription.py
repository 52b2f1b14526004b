"""``Transcriber``: the file of a submission becomes the texts of its pages, each kept as soon as it was read.

Who reads: the assignment's vision model; without one, the first served model that can see; without any, the embedded
text recognition. What is kept is not read again, whoever has read it, so a further attempt only does what is missing.
Page images live in a folder of their own while a submission is read, and are removed after it.
"""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

from db.pages import KeptPage, PageTexts
from introeval.graders.base import Work
from introeval.pages.documents import PageImage, render_pages
from introeval.pages.limits import PageLimits
from introeval.pages.ocr import PageReader
from introeval.pages.texts import PageText, lines_to_json, page_from_json, settled, whole
from introeval.pages.vision import batches, transcription
from models.errors import ContextOverflowError
from models.packing import TokenMeter
from models.sight import Sight
from models.tokens import estimate
from scheduler.errors import AttemptFailedError, NoServerError
from scheduler.ports import Clock, Progress


class Transcriber:
    """See the module's text. ``workspace``: a folder for page images. ``context``: tokens of the models' window.

    ``reader``: whoever else reads pages takes turns at this one: a second child would need its memory once more.
    """

    def __init__(
        self,
        texts: PageTexts,
        reader: PageReader,
        sight: Sight,
        clock: Clock,
        workspace: Path,
        *,
        context: int = 8192,
        limits: PageLimits | None = None,
        meter: TokenMeter | None = None,
    ) -> None:
        self._texts = texts
        self.reader = reader
        self._sight = sight
        self._clock = clock
        self._workspace = workspace
        self._context = context
        self._limits = limits or PageLimits()
        self._meter = meter or TokenMeter()

    async def sweep(self) -> None:
        """At start: make the workspace, and remove what a crash left in it."""
        await asyncio.to_thread(shutil.rmtree, self._workspace, ignore_errors=True)
        await asyncio.to_thread(self._workspace.mkdir, mode=0o700, parents=True, exist_ok=True)

    async def read(self, work: Work, task_id: str, path: str, progress: Progress) -> tuple[PageText, ...]:
        """All pages of the submission ``task_id``, whose file is at ``path``, in order.

        Raises what a grader may raise: ``PagesRejectedError``, ``PageReaderError``, what ``Work.ask`` raises, and
        ``StateError``.
        """
        kept = await self.kept(task_id)
        if whole(kept):
            return kept
        async with self._folder() as folder:
            images = await render_pages(path, folder, limits=self._limits)
            done = {page.page: page for page in kept if page.page <= len(images)}
            missing = [image for image in images if image.number not in done]
            async with aclosing(self._pages(work, missing)) as found:
                async for page in found:
                    page = settled(page, images[page.page - 1].ink, len(images))
                    await self._texts.keep(task_id, (_kept(page),), self._clock.now())
                    done[page.page] = page
                    progress(len(done) / len(images))
        return tuple(done[number] for number in sorted(done))

    async def kept(self, task_id: str) -> tuple[PageText, ...]:
        """The pages that were read so far. Raises ``StateError`` and ``PageReaderError``."""
        return tuple(
            page_from_json(page.page, page.engine, page.confidence, page.lines)
            for page in await self._texts.find(task_id)
        )

    async def _pages(self, work: Work, images: Sequence[PageImage]) -> AsyncGenerator[PageText, None]:
        model = work.assignment.plan.vision_model or await self._seeing(work.models)
        reading = self.reader.read(images) if model is None else self._looked_at(work, images, model)
        async with aclosing(reading) as found:
            async for page in found:
                yield page

    async def _seeing(self, models: Sequence[str]) -> str | None:
        """The first of them that can see; one whose server does not say is not counted on."""
        for model in models:
            try:
                if await self._sight.sees(model):
                    return model
            except (AttemptFailedError, NoServerError):
                continue
        return None

    async def _looked_at(
        self, work: Work, images: Sequence[PageImage], model: str
    ) -> AsyncGenerator[PageText, None]:
        left = list(images)
        while left:
            # Anew after each request: the server has said meanwhile what an image costs.
            first = batches(len(left), self._meter.per_image(model), self._context)[0]
            batch, left = left[: len(first)], left[len(first) :]
            for page in await self._ask(work, batch, model):
                yield page

    async def _ask(self, work: Work, batch: Sequence[PageImage], model: str) -> tuple[PageText, ...]:
        data = [await asyncio.to_thread(image.path.read_bytes) for image in batch]
        request = transcription(data, [image.number for image in batch], model, self._context)
        try:
            generation = await work.ask(request, lambda fraction, server=None: None)
        except ContextOverflowError:
            self._meter.overflowed(model)
            raise
        if generation.attempts == 1 and not generation.cached:
            self._meter.reported(model, len(batch), generation.tokens_in, estimate(request.prompt))
        return generation.value

    @asynccontextmanager
    async def _folder(self) -> AsyncIterator[Path]:
        folder = await asyncio.to_thread(tempfile.mkdtemp, dir=self._workspace)
        try:
            yield Path(folder)
        finally:
            await asyncio.shield(asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True))


def _kept(page: PageText) -> KeptPage:
    return KeptPage(page=page.page, engine=page.engine, confidence=page.confidence, lines=lines_to_json(page))
