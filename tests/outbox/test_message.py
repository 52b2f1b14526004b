"""What the receiver gets: the library's own verifier is the oracle."""

import base64
import json
import time

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from db.outbox import Message
from introeval.outbox.message import body_of, flaw, headers_of
from tests.outbox.college import SECRET

OTHER = "whsec_" + base64.b64encode(b"another secret of 26 bytes").decode()
MESSAGE = Message(
    id=1,
    event_id="evt_1",
    topic="submission.graded",
    task_id="a-task",
    payload={"id": "a-task", "score": 7.5, "name": "Zoë"},
    created_at=1_700_000_000.25,
    attempts=0,
)


def test_the_body_has_the_specified_shape() -> None:
    """Type, time of the event, data; the page's address only when people have one."""
    assert json.loads(body_of(MESSAGE, None)) == {
        "type": "submission.graded",
        "timestamp": "2023-11-14T22:13:20.250000+00:00",
        "data": {"id": "a-task", "score": 7.5, "name": "Zoë"},
    }
    for public_url in ("https://lab.example", "https://lab.example/"):
        assert json.loads(body_of(MESSAGE, public_url))["data"]["url"] == "https://lab.example/s/a-task"


@pytest.mark.parametrize("secrets", [(SECRET,), (OTHER, SECRET), (SECRET, OTHER)])
def test_every_secret_signs(secrets: tuple[str, ...]) -> None:
    """A receiver that knows one of them takes the message: a secret can be changed without a gap."""
    body = body_of(MESSAGE, None)
    headers = headers_of(MESSAGE, body, secrets, time.time())
    for secret in secrets:
        assert Webhook(secret).verify(body, headers) == json.loads(body)


@pytest.mark.parametrize("changed", ["body", "webhook-id", "webhook-timestamp", "secret"])
def test_what_was_changed_is_refused(changed: str) -> None:
    """Body, id and time are all signed."""
    body = body_of(MESSAGE, None)
    headers = headers_of(MESSAGE, body, (SECRET,), time.time())
    if changed in headers:
        headers[changed] = {"webhook-id": "evt_2", "webhook-timestamp": str(int(time.time()) - 1)}[changed]
    with pytest.raises(WebhookVerificationError, match="No matching signature"):
        Webhook(OTHER if changed == "secret" else SECRET).verify(
            body.replace("7.5", "9.5") if changed == "body" else body, headers
        )


@pytest.mark.parametrize("zone", ["Asia/Karachi", "America/New_York", "UTC"])
def test_the_machines_time_zone_does_not_matter(monkeypatch: pytest.MonkeyPatch, zone: str) -> None:
    """The library takes any date for UTC; ours is."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        headers = headers_of(MESSAGE, "{}", (SECRET,), 1_700_000_000.9)
        assert headers["webhook-timestamp"] == "1700000000"
        now = headers_of(MESSAGE, "{}", (SECRET,), time.time())
        assert Webhook(SECRET).verify("{}", now) == {}
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        (SECRET, None),
        (SECRET.rstrip("="), None),
        ("whsec_" + base64.b64encode(bytes(24)).decode(), None),
        ("whsec_" + base64.b64encode(bytes(64)).decode(), None),
        (SECRET.removeprefix("whsec_"), "begin with whsec_"),
        ("whsec_...", "not base64"),
        ("whsec_" + "ab cd" * 10, "not base64"),
        ("whsec_", "0 bytes"),
        ("whsec_" + base64.b64encode(bytes(23)).decode(), "23 bytes"),
        ("whsec_" + base64.b64encode(bytes(65)).decode(), "65 bytes"),
    ],
)
def test_a_secret_is_checked(secret: str, said: str | None) -> None:
    """The library would sign with nearly anything; the specification has bounds."""
    found = flaw(secret)
    assert found is None if said is None else said in str(found)
