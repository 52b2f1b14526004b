"""No Whisper process outlives the daemon that started it."""

import asyncio
import os
import select
import sys
from pathlib import Path

from stt.config import SpeechConfig

DAEMON = """
import asyncio, sys
from pathlib import Path
from stt.config import SpeechConfig
from stt.worker import STTBatchWorker

async def main():
    folder = Path(sys.argv[2])
    worker = STTBatchWorker(SpeechConfig(model_name="m", model_dir=Path(sys.argv[1]), work_dir=folder,
                                         transcript_dir=folder, device="cpu"))
    await worker.enter()
    print(*worker.pids, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_child_dies_with_a_killed_daemon(config: SpeechConfig, tmp_path: Path) -> None:
    """``kill -9`` of the daemon leaves no Whisper process."""
    daemon = await asyncio.create_subprocess_exec(
        sys.executable, "-c", DAEMON, str(config.model_dir), str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert daemon.stdout is not None
    child = os.pidfd_open(int(await daemon.stdout.readline()))

    daemon.kill()
    await daemon.wait()

    assert select.select([child], [], [], 20)[0], "the child outlived its daemon"
    os.close(child)
