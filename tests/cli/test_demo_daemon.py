"""The demo's daemon as a real process: started, killed, started again on the same port and state, stopped."""

import asyncio
from pathlib import Path

from introeval.client import connect
from introeval.demo.daemon import DemoDaemon


async def test_a_killed_daemon_is_started_again_on_the_same_port(
    tmp_path: Path, tiny_stt_dir: Path, tiny_llm_gguf: Path
) -> None:
    """Whoever watches its page need not know, and what was said names the cause."""
    environment = {
        "INTROEVAL_EMBEDDED_STT": tiny_stt_dir.name,
        "INTROEVAL_EMBEDDED_LLM": tiny_llm_gguf.parent.name,
        "INTROEVAL_LOG_FORMAT": "json",
    }
    said: list[str] = []
    back = asyncio.Event()

    def say(text: str) -> None:
        said.append(text)
        if "is back" in text:
            back.set()

    daemon = DemoDaemon(tmp_path, tiny_stt_dir.parents[1], 0, environment)
    await daemon.start()
    url = daemon.url
    watching = asyncio.create_task(daemon.keep_running(say))
    daemon.unplug()
    returning = asyncio.create_task(back.wait())
    await asyncio.wait({watching, returning}, return_when=asyncio.FIRST_COMPLETED)
    assert returning.done(), watching.exception()
    async with connect(url) as api:
        assert (await api.status()).violations == 0
    await daemon.stop()
    await watching
    assert (daemon.url, daemon.restarts) == (url, 1)
    assert said[0].startswith("The daemon was killed by signal 9.")
