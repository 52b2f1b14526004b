"""The whole daemon swallows fifty canaries; after their time none of them is anywhere."""

import asyncio
import io
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from introeval import logs
from introeval.keeping.backup import make_backup
from introeval.keeping.check import check_backup
from introeval.keeping.shelf import Shelf
from tests.keeping.aviary import Aviary, aviary
from tests.keeping.canaries import CANARIES, DAY, disguised
from tests.keeping.states import files_of, holds, rows

GRADED = """
SELECT kind, count(*) FROM processing_tasks WHERE current_phase = 'completed' GROUP BY kind ORDER BY kind"""
UNFINISHED = "SELECT count(*) FROM processing_tasks WHERE purged_at IS NULL OR request IS NOT NULL"


@pytest.fixture
async def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Path]:
    """The temporary folder of this process and of its children."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    yield folder
    tempfile.tempdir = None


async def forgotten(birds: Aviary, shelf: Shelf, log: io.StringIO) -> None:
    """Until the daemon says that its round has ended: rows, files, the state file, and the backups.

    The backup is looked at only then: a reader would hold up its rewriting, and with it the round.
    """
    said = "forgotten, as retention says"
    while said not in log.getvalue() or rows(birds.state, UNFINISHED) != [(0,)]:  # noqa: ASYNC110 - no event
        await asyncio.sleep(0)
    (backup,) = shelf.backups()
    assert rows(backup, UNFINISHED) == [(0,)]
    assert check_backup(backup) == []


async def test_no_canary_outlives_its_time(tmp_path: Path, temporary: Path) -> None:
    """Names, numbers, file names, keys, speech, replies, notebooks, pages, sessions, uploads: each is found before."""
    words, log = list(CANARIES.values()), io.StringIO()
    assert len(set(words)) == len(words) >= 50
    async with aviary(tmp_path) as birds:
        logs.configure("json", "debug", log)
        await birds.everything()
        found = await asyncio.to_thread(holds, birds.state, *words)
        assert [name for name, word in CANARIES.items() if word not in found] == []
        assert rows(birds.state, GRADED) == [
            ("intro_video", 4),
            ("notebook", 2),
            ("pages", 2),
            ("session", 2),
        ]
        for table in (
            "results",
            "ratings",
            "model_calls",
            "page_texts",
            "outbox",
            "assessment_results",
            "uploads",
        ):
            assert rows(birds.state, f"SELECT count(*) > 0 FROM {table}") == [(1,)], table
        shelf = Shelf(tmp_path / "backups")
        await asyncio.to_thread(make_backup, birds.state, shelf, keep=3, now=time.time())
        in_backup = await asyncio.to_thread(holds, shelf.folder, *words)
        assert len(in_backup) >= len(words) - 3, "all but those of the upload that was never ended"

        birds.clock.ahead = 31 * DAY
        late = await birds.sent("GET", "/api/v1/assignments/introductions")
        await birds.sent("PUT", "/api/v1/assignments/introductions", late | {"retention_days": 20})
        await asyncio.wait_for(forgotten(birds, shelf, log), 60)

        assert await asyncio.to_thread(holds, tmp_path, *words) == {}
        assert (
            await asyncio.to_thread(holds, tmp_path, *[form for word in words for form in disguised(word)])
            == {}
        )
        async with birds.http.get("/metrics") as answer:
            seen = await answer.text() + log.getvalue()
        for task_id in birds.submissions:
            async with birds.http.get(f"/s/{task_id}", headers={"Accept": "text/html"}) as answer:
                assert answer.status == 410
                seen += await answer.text()
        async with birds.http.get("/") as answer:
            seen += await answer.text()
        assert [word for word in words if word in seen] == []
        assert "forgotten, as retention says" in log.getvalue()
        assert files_of(birds.state) == []
    assert await asyncio.to_thread(holds, tmp_path, *words) == {}
    assert await asyncio.to_thread(lambda: list(temporary.rglob("*"))) == []
