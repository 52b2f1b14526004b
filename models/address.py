"""A server's address, which may hold a login (``http://user:password@host``). The two are told apart here: a login is
sent to its server and to nobody else, and whatever people and records see is the address without it.
"""

from base64 import b64encode
from urllib.parse import unquote, urlsplit


def without_login(url: str) -> str:
    """The address for people, logs and requests; without a slash at its end."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl().rstrip("/")


def authorization(url: str) -> dict[str, str]:
    """The header that logs in: Basic, in UTF-8 (RFC 7617). None if the address holds no login."""
    login, at, _ = urlsplit(url).netloc.rpartition("@")
    if not at:
        return {}
    user, _, password = login.partition(":")
    return {"Authorization": f"Basic {b64encode(f'{unquote(user)}:{unquote(password)}'.encode()).decode()}"}
