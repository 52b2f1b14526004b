"""No page of another site changes anything, whichever way a browser tells of it; our own pages' forms work."""

import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from introeval.listening import listen
from introeval.settings import Settings
from scheduler.task import Stage
from tests.web.bodies import problem
from tests.web.browser import Browser
from tests.web.running import VIDEO, Room, running
from tests.web.tusing import VERSION

CANCEL = "/api/v1/assignments/introductions/cancel"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ELSEWHERE = (
    {"Origin": "null"},
    {"Origin": "http://evil.example"},
    {"Origin": "http://["},
    {"Origin": ""},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1"},
)


@pytest.mark.parametrize("headers", ELSEWHERE)
async def test_every_change_is_refused(tmp_path: Path, headers: dict[str, str]) -> None:
    """At every route there is, before anything else is looked at; what waits goes on waiting."""
    async with running(tmp_path) as room:
        task_id = await room.accepted()
        document = await (await room.client.get("/openapi.json")).json()
        tried = 0
        for path, item in document["paths"].items():
            address = path.replace("{id}", task_id).replace("{version}", "1").replace("{session_id}", "x")
            for method in item.keys() & {"post", "put", "patch", "delete"}:
                answer = await room.client.request(
                    method, address, data=b"", headers=FORM | VERSION | headers
                )
                assert await problem(answer) == (403, "cross_site"), (method, path)
                tried += 1
        assert tried >= 15
        assert (await room.task(task_id)).state.stage is Stage.STT


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        # A proxy that gives the name on as its own: what the browser says of itself goes before.
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://grades.example"},
        {"Host": "Lab.example:8000", "Origin": "http://lab.example"},
        {"Host": "[::1]:8000", "Origin": "http://[::1]:8000"},
    ],
)
async def test_our_own_pages_and_programs_may(tmp_path: Path, headers: dict[str, str]) -> None:
    """As far as the headers tell them apart."""
    async with running(tmp_path) as room:
        task_id = await room.accepted()
        answer = await room.client.post(CANCEL, data=b"", headers=FORM | headers)
        assert answer.status == 200, await answer.text()
        assert (await room.task(task_id)).state.stage is Stage.FAILED


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_host_that_is_none(tmp_path: Path, method: str) -> None:
    """It is the client's mistake, and no bug of ours."""
    async with running(tmp_path) as room:
        answer = await room.client.request(method, "/sessions", headers={"Host": "["})
        assert await problem(answer) == (400, "bad_host")


@asynccontextmanager
async def plain_http(room: Room) -> AsyncIterator[str]:
    """The room at an address of this machine that browsers do not trust: they send ``Origin`` and no Fetch Metadata."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            # Nothing is sent: the kernel only chooses the way, and with it the address.
            asking.connect(("198.51.100.1", 9))
        except OSError:
            pytest.skip("this machine has no address but localhost, so plain http was not tried in a browser")
        address = str(asking.getsockname()[0])
    if address.startswith("127."):
        pytest.skip("this machine has no address but localhost, so plain http was not tried in a browser")
    async with AsyncExitStack() as stack:
        yield await listen(stack, Settings(host=address, port=0), room.context)


@asynccontextmanager
async def another_site(target: str) -> AsyncIterator[str]:
    """A page elsewhere whose form, once it is sent, asks ``target`` to change something, and hides who asks."""
    page = (
        '<!doctype html><meta name="referrer" content="no-referrer">'
        f'<form method="post" action="{target}"><button>Win a prize</button></form>'
    )

    async def show(request: web.Request) -> web.Response:
        return web.Response(text=page, content_type="text/html")

    app = web.Application()
    app.router.add_get("/", show)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


async def test_a_browser_that_is_lured(tmp_path: Path) -> None:
    """The class is cancelled by our own page's button, not by a form of another site: plain http, a real browser."""
    async with running(tmp_path / "state") as room, plain_http(room) as url:
        task_id = await room.accepted()
        async with another_site(url + CANCEL) as far, Browser.open(tmp_path / "profile") as browser:
            await browser.goto(far)
            await browser.value("document.querySelector('button').click()")
            await browser.until(f"location.href === '{url + CANCEL}' && document.readyState === 'complete'")
            assert "A page of another site asked for this" in await browser.value("document.body.textContent")
            assert (await room.task(task_id)).state.stage is Stage.STT
            await browser.goto(url + "/assignments/introductions")
            await browser.value("document.querySelector('form[action$=\"/cancel\"] button').click()")
            await browser.until(
                "document.readyState === 'complete' && !document.querySelector('form[action$=\"/cancel\"]')"
            )
            assert (await room.task(task_id)).state.stage is Stage.FAILED


async def test_a_plain_form_without_its_script(tmp_path: Path) -> None:
    """A page whose script did not load hands in as well, over plain http."""
    file = tmp_path / "clip.mp4"
    file.write_bytes(VIDEO)
    async with running(tmp_path / "state") as room, plain_http(room) as url:
        async with Browser.open(tmp_path / "profile") as browser:
            await browser.goto(url + "/submit")
            await browser.value("document.getElementById('roll').value = 'R-17'")
            await browser.value("document.getElementById('name').value = 'Asha Rao'")
            await browser.choose("#file", file)
            # ``submit()`` asks no listener, so the script has no part in it.
            await browser.value("HTMLFormElement.prototype.submit.call(document.forms[0])")
            await browser.until("location.pathname.startsWith('/s/')")
        assert len(room.files) == 1
