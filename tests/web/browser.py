"""``Browser``: Debian's chromium without a window, driven over its own debugging protocol (CDP). One page."""

import asyncio
import base64
import json
import os
import re
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
PATIENCE = 90.0
"""Seconds for anything that a page is waited for."""
_SERVING = re.compile(rb"DevTools listening on ws://[^/]+:(\d+)/")
_UNTIL = """new Promise((done) => {
    const look = () => {
        const found = FOUND;
        if (found) { changes.disconnect(); done(found); }
    };
    const changes = new MutationObserver(look);
    changes.observe(document, {subtree: true, childList: true, characterData: true, attributes: true});
    document.addEventListener("readystatechange", look);
    look();
})"""


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
        reading, writing = os.pipe()
        async with _lines(reading) as said:
            try:
                process = await asyncio.create_subprocess_exec(
                    program,
                    *FLAGS,
                    f"--user-data-dir={folder}",
                    "about:blank",
                    stdout=asyncio.subprocess.DEVNULL,
                    stderr=writing,
                )
            finally:
                os.close(writing)
            try:
                port = await _port(said)
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
        """Wait until it gives something true, also on the next page: it is tried again when the document changes."""
        script = _UNTIL.replace("FOUND", expression)
        try:
            async with asyncio.timeout(PATIENCE):
                while not (found := await self.value(script)):
                    pass  # the page was exchanged for another one
        except TimeoutError as error:
            raise TimeoutError(f"not true within {PATIENCE} s: {expression}") from error
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


@asynccontextmanager
async def _lines(descriptor: int) -> AsyncIterator[asyncio.StreamReader]:
    """A pipe of our own: one of asyncio's ends only when the last of chromium's own children has closed it."""
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(descriptor, "rb")
    )
    try:
        yield reader
    finally:
        transport.close()


async def _port(said: asyncio.StreamReader) -> int:
    """Chromium says which port it chose. What it says later is not read: it is less than a pipe holds."""
    async with asyncio.timeout(PATIENCE):
        async for line in said:
            if (found := _SERVING.search(line)) is not None:
                return int(found[1])
    pytest.skip("chromium does not start here, so the page's script was not tried")
