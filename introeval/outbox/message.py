"""From a message of the outbox to the request that the receiver gets: body, headers, signature. Pure.

The rules (Standard Webhooks 1.0.0, https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/
standard-webhooks.md):

1. The body is ``{"type", "timestamp", "data"}``; its timestamp is when the event happened and never changes.
2. ``webhook-id`` is the message's stable id, so that a receiver can tell a repetition. ``webhook-timestamp`` is when
   this attempt is made; both are signed with the body.
3. Each secret makes one signature (``v1``, HMAC-SHA256), so that a secret can be changed without a gap.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from datetime import UTC, datetime

from db.outbox import Message

PREFIX = "whsec_"
SHORTEST, LONGEST = 24, 64
"""Bytes of a secret; the specification's bounds."""


def body_of(message: Message, public_url: str | None) -> str:
    """The JSON text. ``public_url``: where people reach the result's page; it is then told as ``data.url``."""
    data = dict(message.payload)
    if public_url is not None:
        data["url"] = f"{public_url.rstrip('/')}/s/{message.task_id}"
    happened = datetime.fromtimestamp(message.created_at, UTC).isoformat()
    return json.dumps(
        {"type": message.topic, "timestamp": happened, "data": data}, separators=(",", ":"), allow_nan=False
    )


def headers_of(message: Message, body: str, secrets: Sequence[str], now: float) -> dict[str, str]:
    """The request's headers for an attempt at ``now``, seconds since the epoch, UTC."""
    from standardwebhooks import Webhook  # here: a start without a webhook does not need it

    at = datetime.fromtimestamp(int(now), UTC)  # the library takes any other zone for UTC
    signatures = [Webhook(secret).sign(message.event_id, at, body) for secret in secrets]
    return {
        "Content-Type": "application/json",
        "User-Agent": "introeval",
        "webhook-id": message.event_id,
        "webhook-timestamp": str(int(now)),
        "webhook-signature": " ".join(signatures),
    }


def flaw(secret: str) -> str | None:
    """What is wrong with a secret, without telling it; ``None``: nothing. The library would take nearly anything."""
    if not secret.startswith(PREFIX):
        return f"it does not begin with {PREFIX}"
    encoded = secret.removeprefix(PREFIX)
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except binascii.Error:
        return f"what follows {PREFIX} is not base64"
    if not SHORTEST <= len(key) <= LONGEST:
        return f"it has {len(key)} bytes and must have {SHORTEST} to {LONGEST}"
    return None
