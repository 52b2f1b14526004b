"""A disk that stands still for a while, and one that is slow: what was promised waits, and nobody else does."""

import asyncio
import threading
import time
from pathlib import Path

import pytest

from tests.crash.fault import QUIET, accepted, rows
from tests.crash.lab import Nursery, lab
from tests.crash.life import all_ended
from tests.crash.watch import Call, Hold

pytestmark = pytest.mark.asyncio(loop_scope="module")

SLOW_SECONDS = 0.02
"""For each call that changes something: an upload makes about twenty."""


async def test_a_frozen_disk(nursery: Nursery, tmp_path: Path) -> None:
    """Not one state call ends: no 201, but pages and health are served; once it thaws, each upload is accepted once."""
    frozen, stuck = threading.Event(), threading.Event()

    def freeze(call: Call) -> Hold | None:
        if not (frozen.is_set() and call.changes):
            return None
        stuck.set()
        return Hold()

    async with lab(nursery, tmp_path, **QUIET) as made:
        await made.start(freeze)
        assert made.watcher is not None
        before = await accepted(made, "before")
        frozen.set()
        try:
            sending = [asyncio.create_task(accepted(made, key)) for key in ("a", "b")]
            await asyncio.to_thread(stuck.wait)
            async with made.http() as http:
                for path in ("/healthz", "/", f"/api/v1/submissions/{before}", "/api/v1/status"):
                    async with http.get(path) as answer:
                        assert answer.status == 200, path
            assert not any(upload.done() for upload in sending)
            assert rows(made) == [before]
        finally:
            frozen.clear()
            made.watcher.thaw()
        ids = await asyncio.gather(*sending)
        assert sorted(rows(made)) == sorted([before, *ids])


async def test_a_slow_disk(nursery: Nursery, tmp_path: Path) -> None:
    """Each change takes a while: three students' whole way to a grade, each once, in legal steps."""

    def slow(call: Call) -> None:
        if call.changes:
            # The disk's own slowness, in the watcher's thread. Nothing counts on its length.
            time.sleep(SLOW_SECONDS)

    async with lab(nursery, tmp_path) as made:
        await made.start(slow)
        ids = await asyncio.gather(*(accepted(made, key) for key in ("a", "b", "c")))
        async with made.http() as http:
            await all_ended(http, set(ids))
        assert sorted(rows(made, "SELECT task_id FROM results")) == sorted(ids)
        assert rows(made, "SELECT count(*) FROM events WHERE kind = 'violation'") == ["0"]
