"""Where a request comes from, as browsers say: no page of another site changes anything through a browser open here.

The rules, for every method but GET, HEAD and OPTIONS (which change nothing):

1. ``Sec-Fetch-Site`` (W3C, Fetch Metadata) goes first. Browsers send it to https and to localhost, no page can forge
   it, and it is right whatever a proxy makes of ``Host``: this site's own pages and a person's own doing pass.
2. Else ``Origin``, which browsers send with every such request: its host must be that of ``Host``. ``null`` hides a
   page's origin (its policy is ``no-referrer``, it is a sandboxed frame or a file), so it is nobody's that we know. Our
   own forms do not send it, because our pages' policy is ``same-origin`` (``REFERRER_POLICY``): one needs the other.
3. Neither: a program. Programs may.

As Go's ``net/http.CrossOriginProtection`` decides (https://words.filippo.io/csrf/), but ports are not compared: behind
a proxy ``Host`` may have none, or another one.
"""

from urllib.parse import urlsplit

from aiohttp import web

from introeval.web.problems import ProblemError

REFERRER_POLICY = "same-origin"
"""A student's address is known to that student only: it must not travel on to another site as a referrer."""

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN = frozenset({"same-origin", "none"})


def refuse_other_sites(request: web.Request) -> None:
    """Raise ``ProblemError``: 403 for a page of another site, 400 for a ``Host`` that is none."""
    # Not ``request.host``: without the header that asks the name service, and waits.
    given = request.headers.get("Host", "")
    here = _host_of(f"//{given}")
    if given and here is None:
        raise ProblemError("bad_host", "The header Host of this request is no name and no address.")
    if request.method not in _SAFE and not _is_own(request, here):
        raise ProblemError("cross_site", "A page of another site asked for this. Use this site's own pages.")


def _is_own(request: web.Request, here: str | None) -> bool:
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None:
        return site in _OWN
    return origin is None or (here is not None and _host_of(origin) == here)


def _host_of(address: str) -> str | None:
    """The host in lower case; ``None``: there is none, or it cannot be read."""
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None
