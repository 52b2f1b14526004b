"""The outbox as a part of the daemon: settings, secrets, and what is deleted when."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from introeval.outbox.outgoing import SWEEP_SECONDS, Outgoing
from introeval.outbox.receiver import receiver_of
from introeval.sections import WebhookSettings
from introeval.settings import load
from scheduler.errors import ConfigurationError
from tests.outbox.college import SECRET, college
from tests.outbox.rig import DAY, Rig, rig

OTHER = SECRET.replace("A", "B")
URL = "https://results.example/hooks"


def webhook(**fields: Any) -> WebhookSettings:
    """The section of the settings."""
    return WebhookSettings(**fields)


@asynccontextmanager
async def outgoing(made: Rig, **fields: Any) -> AsyncIterator[Outgoing]:
    """The running part."""
    part = Outgoing(webhook(**fields), made.database, made.clock)
    running = asyncio.create_task(part.run())
    try:
        yield part
        assert not running.done(), running
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_results_are_told_and_later_forgotten(tmp_path: Path) -> None:
    """Delivered, shown in the status, and deleted after a week."""
    async with college() as school, rig(tmp_path, school) as made:
        fields = {
            "url": school.url,
            "secret": SECRET,
            "allow_private": True,
            "public_url": "https://lab.example",
        }
        async with outgoing(made, **fields) as part:
            await made.tell("a")
            await made.all_left()
            assert school.heard[0].body["data"]["url"] == "https://lab.example/s/a"
            status = await part.status(made.clock.now())
            assert status is not None
            assert (status.pending, status.failed) == (0, 0)
            await made.clock.waited_for(SWEEP_SECONDS)
            made.clock.advance(7 * DAY + 1)
            assert await made.until(lambda rows: not rows) == []
        assert len(school.heard) == 1


async def test_without_a_receiver_nothing_piles_up(tmp_path: Path) -> None:
    """Nothing is sent or shown; after three days a message is deleted, a younger one stays for who comes later."""
    async with college() as school, rig(tmp_path, school) as made:
        async with outgoing(made) as part:
            await made.tell("a")
            await made.clock.waited_for(SWEEP_SECONDS)
            made.clock.advance(2 * DAY)
            await made.tell("b")
            await made.clock.waited_for(SWEEP_SECONDS, times=2)
            made.clock.advance(DAY + 1)
            rows = await made.until(lambda rows: len(rows) == 1)
            assert [row["task_id"] for row in rows] == ["b"]
            assert await part.status(made.clock.now()) is None
        assert school.heard == []
        async with outgoing(made, url=school.url, secret=SECRET, allow_private=True):
            await made.all_left()
        assert [heard.task for heard in school.heard] == ["b"]


async def test_what_a_receiver_is_to_get_is_not_swept_away(tmp_path: Path) -> None:
    """However old it is: only a failed try gives it up."""
    async with college() as school, rig(tmp_path, school) as made:
        await school.close()
        await made.tell("a")
        made.clock.advance(30 * DAY)
        async with outgoing(made, url=school.url, secret=SECRET, allow_private=True) as part:
            await made.clock.waited_for(SWEEP_SECONDS)
            (row,) = await made.failed(1)
            assert row["gave_up_at"] is None
            status = await part.status(made.clock.now())
            assert status is not None
            assert (status.pending, status.oldest_seconds) == (1, 30 * DAY)


def test_secrets_come_from_the_setting_and_the_file(tmp_path: Path) -> None:
    """Each signs, once; a file may hold several."""
    file = tmp_path / "secret"
    file.write_text(f"{OTHER}\n{SECRET}\n")
    receiver = receiver_of(webhook(url=URL, secret=SECRET, secret_file=file))
    assert receiver is not None
    assert receiver.secrets == (SECRET, OTHER)
    assert "whsec_" not in repr(receiver)
    assert "whsec_" not in repr(webhook(url=URL, secret=SECRET))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "set webhook.secret or webhook.secret_file"),
        ({"secret": "whsec_..."}, "openssl rand -base64 32"),
        ({"secret_file": Path("nowhere")}, "cannot be read"),
        ({"secret": SECRET, "url": "http://127.0.0.1/"}, "is loopback: .*webhook.allow_private"),
        ({"secret": SECRET, "url": "http://2130706433/"}, "is loopback"),
        ({"secret": SECRET, "url": "http://0x7f.1/"}, "is loopback"),
        ({"secret": SECRET, "url": "http://[::ffff:10.0.0.1]/"}, "is private"),
        ({"secret": SECRET, "url": "http://169.254.169.254/", "allow_private": True}, "metadata service"),
    ],
)
def test_a_start_with_a_wrong_webhook_is_refused(fields: dict[str, Any], said: str) -> None:
    """With what is wrong and what to do; a secret is never part of it."""
    with pytest.raises(ConfigurationError, match=said) as refused:
        receiver_of(webhook(**({"url": URL} | fields)))
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("url", "ftp://results.example/", "webhook.url"),
        ("url", "file:///etc/passwd", "webhook.url"),
        ("url", "results.example/hooks", "webhook.url"),
        ("url", "https://user:pass@results.example/", "leave them out"),
        ("url", "https://user@results.example/", "leave them out"),
        ("public_url", "https://:pass@lab.example/", "leave them out"),
        ("timeout_seconds", 0, "webhook.timeout_seconds"),
    ],
)
def test_wrong_settings_name_themselves(name: str, value: Any, said: str) -> None:
    """As every setting does; a password in an address is not repeated."""
    with pytest.raises(ConfigurationError, match=said) as refused:
        load({"webhook": {name: value}})
    assert "pass@" not in f"{refused.value} {refused.value.__cause__}"


def test_an_inner_receiver_needs_leave() -> None:
    """One's own network, with the setting."""
    receiver = receiver_of(webhook(url="http://10.1.2.3:8080/hooks", secret=SECRET, allow_private=True))
    assert receiver is not None
    assert receiver.url == "http://10.1.2.3:8080/hooks"
