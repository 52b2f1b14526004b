"""Style and script from our own ``static`` folder, under names that hold their hash, so that caches may keep them."""

import hashlib
from collections.abc import Mapping
from importlib import resources

from aiohttp import web

_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


class Assets:
    """The files, read once when the application is built."""

    def __init__(self) -> None:
        self._bodies: dict[str, tuple[bytes, str]] = {}
        self.urls: Mapping[str, str] = {}
        urls = {}
        for file in resources.files("introeval.web").joinpath("static").iterdir():
            stem, _, ending = file.name.rpartition(".")
            if ending not in _TYPES:
                continue
            content = file.read_bytes()
            hashed = f"{stem}.{hashlib.sha256(content).hexdigest()[:12]}.{ending}"
            self._bodies[hashed] = (content, _TYPES[ending])
            urls[file.name] = f"/static/{hashed}"
        self.urls = urls

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """A file by its hashed name; what has another hash is another file."""
        found = self._bodies.get(request.match_info["name"])
        if found is None:
            raise web.HTTPNotFound
        body, kind = found
        return web.Response(
            body=body,
            content_type=kind,
            charset="utf-8",
            headers={"Cache-Control": "public, max-age=31536000, immutable"},
        )
