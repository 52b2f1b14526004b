"""``Receiver``: who is told of results, as one value; made from the settings and the file with the secret."""

from dataclasses import dataclass, field
from pathlib import Path

from introeval.outbox.connection import check
from introeval.outbox.errors import ForbiddenAddressError
from introeval.outbox.message import flaw
from introeval.sections import WebhookSettings
from scheduler.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """``secrets``: each signs; at least one. Times in seconds."""

    url: str
    secrets: tuple[str, ...] = field(repr=False)
    allow_private: bool = False
    public_url: str | None = None
    connect_seconds: float = 5.0
    timeout_seconds: float = 20.0


def receiver_of(settings: WebhookSettings) -> Receiver | None:
    """The receiver of the settings; ``None`` when there is none. Raises ``ConfigurationError``.

    An address in the URL is checked here too, only to say so early: what counts is the check of each connection.
    """
    if settings.url is None:
        return None
    _check_literal(settings.url.host or "", settings.allow_private)
    given = "" if settings.secret is None else settings.secret.get_secret_value()
    secrets = tuple(dict.fromkeys(given.split() + _read(settings.secret_file).split()))
    if not secrets:
        raise ConfigurationError(
            "webhook.url is set, but no secret to sign with: set webhook.secret or webhook.secret_file."
        )
    for secret in secrets:
        wrong = flaw(secret)
        if wrong is not None:
            raise ConfigurationError(
                f"A secret of webhook.secret or webhook.secret_file is wrong: {wrong}. `openssl rand -base64 32` makes "
                "one; write whsec_ before it."
            )
    return Receiver(
        url=str(settings.url),
        secrets=secrets,
        allow_private=settings.allow_private,
        public_url=None if settings.public_url is None else str(settings.public_url),
        connect_seconds=settings.connect_seconds,
        timeout_seconds=settings.timeout_seconds,
    )


def _check_literal(host: str, allow_private: bool) -> None:
    address = host.strip("[]")
    if ":" in address or address.replace(".", "").isdigit():
        try:
            check(address, allow_private)
        except ForbiddenAddressError as error:
            raise ConfigurationError(str(error)) from error


def _read(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"The file {path} of webhook.secret_file cannot be read ({type(error).__name__})."
        ) from error
