"""The sections about who is told: the college, and whoever reads the log."""

from typing import Literal

from pydantic import HttpUrl, PositiveFloat, SecretStr, field_validator

from introeval.sections.base import FullPath, Section


class WebhookSettings(Section):
    """Who is told of results. ``url``: not given: nobody. ``secret``, ``secret_file``: one or several, each signs.

    ``timeout_seconds``: Standard Webhooks recommends 15 to 30. ``max_age_seconds``: a message is given up at this age
    (the specification's example schedule spans 75 hours). ``keep_seconds``: what has left is deleted then.
    """

    url: HttpUrl | None = None
    secret: SecretStr | None = None
    secret_file: FullPath | None = None
    allow_private: bool = False
    public_url: HttpUrl | None = None
    connect_seconds: PositiveFloat = 5.0
    timeout_seconds: PositiveFloat = 20.0
    max_age_seconds: PositiveFloat = 259_200.0
    keep_seconds: PositiveFloat = 604_800.0

    @field_validator("url", "public_url")
    @classmethod
    def _no_credentials(cls, url: HttpUrl | None) -> HttpUrl | None:
        if url is not None and (url.username or url.password):
            raise ValueError(
                "a user name or a password in it would be seen in logs and pages; leave them out"
            )
        return url


class LogSettings(Section):
    """``auto``: readable lines on a terminal, else JSON."""

    format: Literal["auto", "json", "console"] = "auto"
    level: Literal["debug", "info", "warning", "error"] = "info"
