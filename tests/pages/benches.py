"""A grader of pages on the bench of graders: real tables, real page images, servers whose replies a test chooses."""

import asyncio
from pathlib import Path

from db.intake import Intake
from db.pages import PageTexts
from introeval.assignments import Assignment
from introeval.graders.pages import PagesGrader
from introeval.pages.ocr import PageReader
from introeval.pages.prompt import Budget
from introeval.pages.transcription import Transcriber
from models.sight import Sight
from tests.db.test_store import new_task
from tests.graders.bench import Bench
from tests.models.clocks import EagerClock
from tests.models.test_pool import configs


class Exam:
    """One submission of pages, handed in, and what grades it."""

    def __init__(self, rig: Bench, folder: Path) -> None:
        self.rig = rig
        self.texts = PageTexts(rig.database)
        self.sight = Sight(configs(rig.servers))
        self.workspace = folder / "pages"
        clock = EagerClock()
        self.transcriber = Transcriber(self.texts, PageReader(), self.sight, clock, self.workspace)
        self.grader = PagesGrader(self.transcriber, self._alone, Budget(points=9))

    async def hand_in(self, data: bytes, assignment: Assignment) -> None:
        """Store the file and its row."""
        new = new_task("t1", kind="pages", assignment_id=assignment.id)
        path = self.rig.database.root / new.video_path
        await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
        await asyncio.to_thread(path.write_bytes, data)
        await Intake(self.rig.database).accept(new, 1.0)
        await self.transcriber.sweep()

    @property
    def path(self) -> str:
        """Where the file is."""
        return str(self.rig.database.root / new_task("t1").video_path)

    @staticmethod
    async def _alone(assignment: Assignment, task_id: str) -> bool:
        return False
