"""Tasks of the kind ``transcription``: the pages of one submission are read, and kept, without being graded.

A command for a whole assignment makes one such task for each submission (``db.pages.PageTexts.unread``), so that none
holds the machine for long. Grading finds what was read.
"""

from typing import Any, Literal

from pydantic import BaseModel

from db.pages import PageTexts
from introeval.graders.authoring import request_of
from introeval.graders.base import Work
from introeval.graders.unasked import unasked
from introeval.pages.errors import PagesMissingError
from introeval.pages.texts import PageText
from introeval.pages.transcription import Transcriber
from scheduler.errors import RejectedWorkError
from scheduler.ports import Evaluation


class TranscriptPage(BaseModel):
    """One page. ``lines``: text, confidence and box, as shares of the page's width and height."""

    page: int
    engine: str
    confidence: float
    blank: bool
    unsure: bool
    lines: tuple[dict[str, Any], ...]


class TranscriptReport(BaseModel):
    """What was read. It is no grade: ``score`` and ``max_score`` are 0."""

    kind: Literal["transcription"] = "transcription"
    score: float = 0.0
    max_score: float = 0.0
    submission: str
    pages: tuple[TranscriptPage, ...]


class SubmissionReader:
    """Tasks of the kind ``transcription`` (``introeval.graders.base.Grader``)."""

    def __init__(self, transcriber: Transcriber, texts: PageTexts) -> None:
        self._transcriber = transcriber
        self._texts = texts

    async def grade(self, work: Work) -> Evaluation:
        """See the port."""
        request = request_of(work)
        if request.submission is None:
            raise RejectedWorkError("the request names no submission whose pages are to be read")
        path = await self._texts.file_of(request.submission)
        if path is None:
            raise PagesMissingError(f"there is no submission of pages with the id {request.submission}")
        if request.again:
            await self._texts.forget(request.submission)
        pages = await self._transcriber.read(work, request.submission, str(path), work.progress)
        report = TranscriptReport(submission=request.submission, pages=tuple(_page(page) for page in pages))
        return unasked(0.0, 0.0, report.model_dump(mode="json"))


def _page(page: PageText) -> TranscriptPage:
    lines = tuple({"text": line.text, "confidence": line.confidence, "box": line.box} for line in page.lines)
    return TranscriptPage(
        page=page.page,
        engine=page.engine,
        confidence=page.confidence,
        blank=page.blank,
        unsure=page.unsure,
        lines=lines,
    )
