"""The doctor, on real folders, ports and servers."""

import resource
import socket
from collections.abc import Mapping
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import HttpUrl

from introeval.descriptors import RESERVE
from introeval.doctor import Finding, Level, diagnose, machine, servers
from introeval.instance import single_instance
from introeval.sections import ServerSettings
from introeval.settings import Settings, load
from stt.sandbox import layers


def settings(tmp_path: Path, **more: object) -> Settings:
    """Settings that touch nothing outside ``tmp_path``."""
    given: Mapping[str, object] = {
        "state_dir": tmp_path / "state",
        "cache_dir": tmp_path / "cache",
        "port": 0,
    }
    return load({**given, **more})


def by_subject(findings: list[Finding]) -> dict[str, Finding]:
    """Findings by what they speak of."""
    return {finding.subject: finding for finding in findings}


async def test_embedded(tmp_path: Path) -> None:
    """A fresh machine: all is well but the weights, and each finding that is not says what to do."""
    found = by_subject(await diagnose(settings(tmp_path)))
    assert {found[name].level for name in ("python", "ffmpeg", "port")} == {Level.OK}
    assert found["speech model"].level is Level.FAIL
    assert "introeval models pull whisper-base" in found["speech model"].advice
    assert all(finding.advice for finding in found.values() if finding.level is not Level.OK)


def test_room_for_a_crowd(tmp_path: Path) -> None:
    """More connections than the process may have descriptors for: how many there will be, and where to raise it."""
    few = machine.connections(settings(tmp_path, web={"max_connections": 100}))
    assert (few.subject, few.detail[:11]) == ("connections", "100 at once")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    many = machine.connections(settings(tmp_path, web={"max_connections": hard}))
    assert many.level is Level.WARN
    assert many.detail.startswith(f"{hard - RESERVE} at once")
    assert f"raise it to {hard + RESERVE}" in many.advice


def ollama(models: list[str], known: str = "0.9.9") -> web.Application:
    """Enough of Ollama's protocol for a look."""

    async def version(_: web.Request) -> web.Response:
        return web.json_response({"version": known})

    async def tags(_: web.Request) -> web.Response:
        return web.json_response({"models": [{"name": name} for name in models]})

    app = web.Application()
    app.router.add_get("/api/version", version)
    app.router.add_get("/api/tags", tags)
    return app


@pytest.mark.parametrize(
    ("app", "level", "said"),
    [
        (ollama(["mistral:latest"]), Level.OK, ""),
        (ollama(["mistral:latest"], "0.30.0-rc2"), Level.WARN, "Upgrade Ollama"),
        (ollama(["mistral:latest"], "0.30.10"), Level.OK, ""),
        (ollama(["llama3:latest"]), Level.FAIL, "ollama pull mistral"),
        (web.Application(), Level.FAIL, "Another program"),
    ],
    ids=["installed", "miscounting", "counting", "not installed", "wrong service"],
)
async def test_server(app: web.Application, level: Level, said: str) -> None:
    """A server is asked for its version and its models."""
    async with TestServer(app) as server:
        configured = ServerSettings(name="mistral", url=HttpUrl(str(server.make_url("/"))), model="mistral")
        finding = await servers.ollama(configured)
    assert finding.level is level
    assert said in finding.advice


async def test_server_down() -> None:
    """A closed port is told apart from a wrong service."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    gone = ServerSettings(name="mistral", url=HttpUrl(f"http://127.0.0.1:{port}"), model="mistral")
    finding = await servers.ollama(gone)
    assert "systemctl start ollama-mistral" in finding.advice


def test_port_taken(tmp_path: Path) -> None:
    """A port in use is found, unless it is our own daemon's."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        chosen = settings(tmp_path, port=taken.getsockname()[1])
        assert machine.listening(chosen).level is Level.FAIL
        chosen.state_dir.mkdir()
        with single_instance(chosen.state.instance_lock):
            assert machine.listening(chosen).level is Level.OK


def test_folder_that_is_a_file(tmp_path: Path) -> None:
    """A path that cannot become a folder is an error."""
    (tmp_path / "file").touch()
    assert machine.folder("state folder", tmp_path / "file" / "x", 1).level is Level.FAIL


def test_disk_nearly_full(tmp_path: Path) -> None:
    """Less room than a full lab wants is a warning."""
    assert machine.folder("state folder", tmp_path, 10**18).level is Level.WARN


async def test_boundary() -> None:
    """The doctor has a confined child try, and says what holds here."""
    finding = await machine.boundary()
    held = layers()
    assert (finding.level is Level.OK) == (held.files and held.network), finding
    assert str(held) in finding.detail
