"""A model hub and a package index in one real HTTP server, with tiny files and scripted faults."""

import hashlib
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp import web

from models.registry import FileSpec, HubSpec, ModelSpec, SourceName, WheelSpec

CONTENT = bytes(range(256)) * 1024
NAME = "tiny"


def sha256(data: bytes) -> str:
    """As lower-case hex."""
    return hashlib.sha256(data).hexdigest()


def wheel_bytes(package: str, members: Mapping[str, bytes]) -> bytes:
    """A minimal wheel; not valid to install, and nobody should."""
    folder = f"{package}-1.0.0.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0.0\n".encode()
    tag = b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in {**members, f"{folder}/METADATA": metadata, f"{folder}/WHEEL": tag}.items():
            archive.writestr(name, data)
    return buffer.getvalue()


@dataclass
class FakeSources:
    """``cut_after``: bytes after which the hub drops the connection, once. ``requests``: path and Range header."""

    hub_content: bytes | None = CONTENT
    cut_after: int | None = None
    wheels: dict[str, bytes] = field(default_factory=dict)
    requests: list[tuple[str, str | None]] = field(default_factory=list)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/simple/{package}/", self.index)
        app.router.add_get("/files/{wheel}", self.wheel)
        app.router.add_get("/{path:.*}", self.hub)
        return app

    def asked(self, part: str) -> list[str | None]:
        """The Range headers of the requests whose path holds ``part``."""
        return [header for path, header in self.requests if part in path]

    async def hub(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((request.path, request.headers.get("Range")))
        if self.hub_content is None:
            raise web.HTTPNotFound
        start = request.http_range.start or 0
        body = self.hub_content[start:]
        response = web.StreamResponse(status=206 if start else 200)
        response.content_length = len(body)
        await response.prepare(request)
        if self.cut_after is not None:
            await response.write(body[: self.cut_after])
            self.cut_after = None
            assert request.transport
            request.transport.close()
            return response
        await response.write(body)
        return response

    async def index(self, request: web.Request) -> web.Response:
        package = request.match_info["package"].replace("-", "_")
        names = [name for name in self.wheels if name.startswith(package + "-")]
        if not names:
            raise web.HTTPNotFound
        links = "".join(f'<a href="/files/{name}">{name}</a>' for name in names)
        return web.Response(
            text=f"<!DOCTYPE html><html><body>{links}</body></html>", content_type="text/html"
        )

    async def wheel(self, request: web.Request) -> web.Response:
        self.requests.append((request.path, request.headers.get("Range")))
        return web.Response(body=self.wheels[request.match_info["wheel"]])

    def add_parts(self, numbers: tuple[int, ...]) -> tuple[WheelSpec, ...]:
        """Put the content into wheels, a part each, and pin them in this order."""
        size = -(-len(CONTENT) // len(numbers))
        specs = []
        for position, number in enumerate(sorted(numbers)):
            package = f"introeval_test_part{number}"
            part = CONTENT[position * size : (position + 1) * size]
            data = wheel_bytes(package, {f"{package}/data/part{number}.bin": part})
            self.wheels[f"{package}-1.0.0-py3-none-any.whl"] = data
            requirement = f"{package.replace('_', '-')}==1.0.0"
            specs.append(WheelSpec(requirement=requirement, size=len(data), sha256=sha256(data)))
        return tuple(sorted(specs, key=lambda spec: spec.requirement))


def tiny_model(
    sources: tuple[SourceName, ...] = ("folder", "hub", "wheels"), wheels: tuple[WheelSpec, ...] = ()
) -> Mapping[str, ModelSpec]:
    """A registry with one model of one file, ``CONTENT``."""
    file = FileSpec(
        name="model.gguf",
        size=len(CONTENT),
        sha256=sha256(CONTENT),
        hub="tiny-q4.gguf",
        member="*/data/part*.bin",
        joined=True,
    )
    spec = ModelSpec(
        name=NAME,
        kind="llm",
        title="Tiny",
        licence="MIT",
        upstream="nobody/tiny",
        sources=sources,
        files=(file,),
        hub=HubSpec(repository="nobody/tiny", revision="abc"),
        wheels=wheels,
    )
    return {NAME: spec}
