"""The upload page in a real browser: it goes on after a cut and after a reload, and says why a file is refused."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.web.badline import BadLine
from tests.web.bodies import stored
from tests.web.browser import Browser
from tests.web.running import VIDEO, Room, running
from tests.web.tusing import FILES, begun, patch, until_stored

CONTENT = VIDEO + bytes(range(256)) * 45_000
CUT = 10_000_000
PICTURES = os.environ.get("INTROEVAL_TEST_PICTURES")
"""A folder for what was seen, for people."""


@asynccontextmanager
async def bad_line(room: Room, cut_after: int) -> AsyncIterator[BadLine]:
    """A line to the room that breaks once, when most of what went up has arrived."""

    async def arrived() -> None:
        (upload,) = await room.context.uploads.open()
        await until_stored(room, FILES + upload.id, cut_after - 200_000)

    url = room.client.make_url("/")
    assert url.host is not None
    assert url.port is not None
    async with BadLine.before(url.host, url.port, cut_after, arrived) as line:
        yield line


async def fill_in(browser: Browser, url: str, file: Path) -> None:
    """Open the form and fill it in."""
    await browser.goto(url + "/submit")
    await browser.value("document.getElementById('roll').value = 'R-17'")
    await browser.value("document.getElementById('name').value = 'Ásha 李 Rao'")
    await browser.choose("#file", file)


async def hand_in(browser: Browser) -> None:
    """Press the button."""
    await browser.value("document.querySelector('form[data-upload] button').click()")


async def shoot(browser: Browser, name: str) -> None:
    """Keep a picture, if somebody wants to look."""
    if PICTURES:
        await browser.picture(Path(PICTURES) / f"{name}.png")


async def test_goes_on_after_a_cut_and_after_a_reload(tmp_path: Path) -> None:
    """The first cut is repaired by the script itself, the second one by the student who chooses the file again."""
    file = tmp_path / "clip.mp4"
    file.write_bytes(CONTENT)
    async with running(tmp_path / "state") as room, Browser.open(tmp_path / "profile") as browser:
        async with bad_line(room, CUT) as line:
            await fill_in(browser, line.url, file)
            # The pause after the first cut is held open, so that the page can be seen in it.
            await browser.value("Math.random = () => 60")
            await hand_in(browser)
            state = "document.querySelector('[data-state]').textContent"
            await browser.until(f"{state}.includes('The connection was lost')")
            await shoot(browser, "cut")
            assert await browser.value("document.querySelector('progress').value") > 0
            await fill_in(browser, line.url, file)
            await hand_in(browser)
            await browser.until("location.pathname.startsWith('/s/')")
            await browser.until("document.readyState === 'complete'")
            await shoot(browser, "done")
            assert (line.cuts, line.up < CUT + len(CONTENT) - 5_000_000) == (1, True)
            task = await room.task((await browser.value("location.pathname")).removeprefix("/s/"))
            assert (task.student_name, task.file_name) == ("Ásha 李 Rao", "clip.mp4")
            kept = await asyncio.to_thread(stored, Path(task.video_path))
            assert kept[0] == CONTENT
            assert await browser.value("localStorage.length") == 0
        async with bad_line(room, CUT) as line:
            await fill_in(browser, line.url, file)
            await browser.value("document.getElementById('roll').value = 'R-18'")
            await browser.value("Math.random = () => -0.5")
            await hand_in(browser)
            await browser.until("location.pathname.startsWith('/s/')")
            assert (line.cuts, line.up < CUT + len(CONTENT) - 5_000_000) == (1, True)


async def test_a_refusal_is_told_on_the_form(tmp_path: Path) -> None:
    """With its reason, and the form can be sent again."""
    file = tmp_path / "clip.mp4"
    file.write_bytes(b"no video at all")
    async with running(tmp_path / "state") as room, Browser.open(tmp_path / "profile") as browser:
        await fill_in(browser, str(room.client.make_url("/")).rstrip("/"), file)
        await hand_in(browser)
        told = await browser.until("document.querySelector('[data-problem]').textContent")
        await shoot(browser, "refused")
        assert told == "The file is not a video. This file is not a video."
        assert await browser.value("document.querySelector('form[data-upload] button').disabled") is False
        file.write_bytes(VIDEO)
        await browser.choose("#file", file)
        await hand_in(browser)
        await browser.until("location.pathname.startsWith('/s/')")
        assert len(room.files) == 1


async def test_a_refusal_whose_answer_was_lost(tmp_path: Path) -> None:
    """The page was closed before it heard; the same file chosen again is told of the reason, and is not sent again."""
    file = tmp_path / "clip.mp4"
    file.write_bytes(b"no video at all")
    async with running(tmp_path / "state") as room, Browser.open(tmp_path / "profile") as browser:
        path = await begun(room, file.stat().st_size)
        assert (await patch(room, path, file.read_bytes())).status == 415
        await fill_in(browser, str(room.client.make_url("/")).rstrip("/"), file)
        remembered = (
            "const form = document.forms[0]; const [file] = form.elements.file.files;"
            "const fields = Object.fromEntries([...new FormData(form)].filter(([name]) => name !== 'file'));"
            f"remembered.set(new Upload(file, fields, null).key, '{path}')"
        )
        await browser.value(remembered)
        assert await browser.value("localStorage.length") == 1
        await hand_in(browser)
        told = await browser.until("document.querySelector('[data-problem]').textContent")
        assert told == "The file is not a video. This file is not a video."
        assert await browser.value("localStorage.length") == 0
        counted = await (await room.client.get("/metrics")).text()
        for method, route in (("POST", "/files/"), ("PATCH", "/files/{id}")):
            lines = [
                line for line in counted.splitlines() if f'_total{{method="{method}",route="{route}"' in line
            ]
            assert [line.rsplit(" ", 1)[1] for line in lines] == ["1.0"]
        assert room.files == []


async def test_a_time_to_come_back_that_is_a_date(tmp_path: Path) -> None:
    """As a proxy may send it: the page waits as if none had been given, and does not ask in a loop without a pause."""
    async with running(tmp_path / "state") as room, Browser.open(tmp_path / "profile") as browser:
        await browser.goto(str(room.client.make_url("/submit")))
        pause = (
            "new Promise((done) => {"
            " const show = { waiting: (why, pause) => done(pause) };"
            " const answer = { status: 503, responseText: '', getResponseHeader: () => WHEN };"
            " new Upload(new File([], 'x'), {}, show).pause(answer); })"
        )
        for when, least, most in (
            ("'Wed, 21 Oct 2026 07:28:00 GMT'", 750, 1250),
            ("null", 750, 1250),
            ("'7'", 7000, 7000),
        ):
            waited = await browser.value(pause.replace("WHEN", when))
            assert least <= waited <= most
