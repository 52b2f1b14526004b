"""``Browser``: Debian's chromium without a window, driven over its own debugging protocol (CDP). One page."""

import asyncio
import base64
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-proxy-server",
    "--remote-debugging-port=0",
    "--window-size=900,760",
)


class Browser:
    """An open page. ``call``: any command of the protocol."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._last = 0

    @classmethod
    @asynccontextmanager
    async def open(cls, folder: Path) -> AsyncIterator["Browser"]:
        """Start it with ``folder`` as its profile. Skips the test where there is none."""
        program = shutil.which("chromium")
        if program is None:
            pytest.skip("chromium is not installed, so the page's script was not tried")
        process = await asyncio.create_subprocess_exec(
            program,
            *FLAGS,
            f"--user-data-dir={folder}",
            "about:blank",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            port = await _port(process, folder / "DevToolsActivePort")
            async with aiohttp.ClientSession() as session:
                async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                    pages = [item for item in await answer.json() if item["type"] == "page"]
                async with session.ws_connect(pages[0]["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                    yield cls(socket)
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Ask, and wait for the answer; events are left out. Empty: the page was exchanged meanwhile."""
        self._last += 1
        await self._socket.send_json({"id": self._last, "method": method, "params": parameters})
        while True:
            message = json.loads(await self._socket.receive_str())
            if message.get("id") == self._last:
                return dict(message.get("result", {}))

    async def value(self, expression: str) -> Any:
        """What a piece of JavaScript gives; ``None`` while a page is being exchanged for another one."""
        result = await self.call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        return result.get("result", {}).get("value")

    async def until(self, expression: str) -> Any:
        """Wait until it gives something true, also on the next page."""
        look = f"const look = () => {{ const found = {expression}; found ? done(found) : setTimeout(look, 30); }};"
        while not (found := await self.value(f"new Promise((done) => {{ {look} look(); }})")):
            pass
        return found

    async def goto(self, url: str) -> None:
        """Load a page and its scripts."""
        await self.call("Page.navigate", url=url)
        await self.until(f"location.href === {json.dumps(url)} && document.readyState === 'complete'")

    async def choose(self, selector: str, *files: Path) -> None:
        """Choose files, as a person does."""
        root = (await self.call("DOM.getDocument"))["root"]["nodeId"]
        node = (await self.call("DOM.querySelector", nodeId=root, selector=selector))["nodeId"]
        await self.call("DOM.setFileInputFiles", nodeId=node, files=[str(file) for file in files])

    async def picture(self, path: Path) -> None:
        """What a person sees."""
        shot = await self.call("Page.captureScreenshot", format="png")
        await asyncio.to_thread(path.write_bytes, base64.b64decode(shot["data"]))


async def _port(process: asyncio.subprocess.Process, told: Path) -> int:
    """Chromium writes a file with the port that it chose."""
    while process.returncode is None:
        text = await asyncio.to_thread(lambda: told.read_text() if told.exists() else "")
        if "\n" in text:
            return int(text.splitlines()[0])
    pytest.skip("chromium does not start here, so the page's script was not tried")
