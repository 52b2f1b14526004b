"""The processes of the embedded default: nobody outlives their parent, and who dies comes back."""

import asyncio
import json
import os
import signal
import socket
import sys
from pathlib import Path

import aiohttp
import pytest

from introeval.clock import SystemClock
from models.embedded.errors import EmbeddedServerError
from models.embedded.supervisor import EmbeddedServers, ServerSpec
from tests.models.conftest import MODEL
from tests.models.processes import children, is_alive, until_gone

PARENT = """
import asyncio, json, sys
from models.embedded.supervisor import EmbeddedServers, ServerSpec
from pathlib import Path
from introeval.clock import SystemClock

async def main():
    spec = ServerSpec(name="a", model_name="m", gguf=Path(sys.argv[1]), threads=1, slots=1, num_ctx=512)
    async with EmbeddedServers([spec], SystemClock()) as servers:
        print(json.dumps([servers.urls["a"], servers.pids["a"]]), flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


async def preload(url: str, model: str = MODEL) -> None:
    """Have the server load its weights."""
    async with (
        aiohttp.ClientSession() as client,
        client.post(f"{url}/api/generate", json={"model": model, "stream": False}) as reply,
    ):
        assert (await reply.json())["done_reason"] == "load"


async def until_up(url: str) -> None:
    """Wait until the server accepts connections; the test's time limit is the limit."""
    async with aiohttp.ClientSession() as client:
        while True:
            try:
                async with client.get(url) as reply:
                    assert await reply.text() == "Ollama is running"
                    return
            except aiohttp.ClientError:
                await asyncio.sleep(0)


async def test_all_are_gone_when_the_parent_is_killed(tiny_llm_gguf: Path) -> None:
    """SIGKILL on the daemon leaves neither its server nor the runner that holds the weights."""
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PARENT, str(tiny_llm_gguf)),
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(Path.cwd())},
    )
    assert parent.stdout
    try:
        url, server = json.loads(await parent.stdout.readline())
        await preload(url, "m")
        (runner,) = children(server)
    finally:
        parent.kill()
        await parent.wait()
    await asyncio.gather(until_gone(server), until_gone(runner))

    assert [is_alive(server), is_alive(runner)] == [False, False]


async def test_unloading_ends_the_runner(embedded_pair: EmbeddedServers) -> None:
    """After the answer to ``keep_alive`` 0 the process with the weights is gone, so its memory is free."""
    url, server = embedded_pair.urls["a"], embedded_pair.pids["a"]
    assert server is not None
    await preload(url)
    (runner,) = children(server)
    async with aiohttp.ClientSession() as client:
        await (await client.post(f"{url}/api/generate", json={"model": MODEL, "keep_alive": 0})).read()

    assert not is_alive(runner)
    assert children(server) == []


async def test_a_killed_server_comes_back_on_its_port(embedded_pair: EmbeddedServers) -> None:
    """A killed server takes its runner along, is started again, and the other one is not touched."""
    urls, before = dict(embedded_pair.urls), dict(embedded_pair.pids)
    await preload(urls["a"])
    assert before["a"] is not None
    (runner,) = children(before["a"])
    os.kill(before["a"], signal.SIGKILL)
    await until_gone(before["a"])
    await until_gone(runner)
    await until_up(urls["a"])

    assert embedded_pair.urls == urls
    assert embedded_pair.pids["a"] != before["a"]
    assert embedded_pair.pids["b"] == before["b"]
    assert embedded_pair.restarts == {"a": 1, "b": 0}


async def test_a_port_is_held_before_and_between_lives(tiny_llm_gguf: Path) -> None:
    """Nobody else can take a server's port while it does not listen, and a client is refused, not kept waiting."""
    spec = ServerSpec(name="a", model_name=MODEL, gguf=tiny_llm_gguf, threads=1)
    servers = EmbeddedServers([spec], SystemClock())
    port = int(servers.urls["a"].rpartition(":")[2])
    with socket.socket() as stranger, pytest.raises(OSError, match="in use"):
        stranger.bind(("127.0.0.1", port))
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
    async with servers:
        await until_up(servers.urls["a"])
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", port))


async def test_a_taken_port_is_refused_with_its_number(tiny_llm_gguf: Path) -> None:
    """A port that somebody else has is an error that names it, before any process is started."""
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        port = stranger.getsockname()[1]
        spec = ServerSpec(name="a", model_name=MODEL, gguf=tiny_llm_gguf, threads=1, port=port)
        with pytest.raises(EmbeddedServerError, match=f"port {port} of an embedded server is taken"):
            EmbeddedServers([spec], SystemClock())


async def test_a_killed_runner_is_an_error_and_then_replaced(embedded_pair: EmbeddedServers) -> None:
    """A request whose runner dies gets an error line; the next request loads the model again."""
    url, server = embedded_pair.urls["b"], embedded_pair.pids["b"]
    assert server is not None
    await preload(url)
    (runner,) = children(server)
    body = {"model": MODEL, "prompt": "Count.", "format": {"type": "array", "minItems": 2000}}
    async with aiohttp.ClientSession() as client, client.post(f"{url}/api/generate", json=body) as reply:
        first = json.loads(await reply.content.readline())
        os.kill(runner, signal.SIGKILL)
        last = [json.loads(line) async for line in reply.content][-1]
    # Its sockets close a moment before it is dead for the kernel.
    await until_gone(runner)
    await preload(url)

    assert first["done"] is False
    assert "llama runner process has terminated" in last["error"]
    assert children(server) != [runner]


async def test_a_runner_that_gives_up_while_it_starts_says_so(embedded_url: str) -> None:
    """llama.cpp aborts on a context of one token, and writes of that where the address should be."""
    body = {"model": MODEL, "prompt": "Hi", "stream": False}
    async with aiohttp.ClientSession() as client:
        async with client.post(
            f"{embedded_url}/api/generate", json=body | {"options": {"num_ctx": 1}}
        ) as reply:
            status, said = reply.status, await reply.json()
        async with client.post(
            f"{embedded_url}/api/generate", json=body | {"options": {"num_predict": 2}}
        ) as reply:
            after = await reply.json()

    assert status == 500
    assert "llama runner process has terminated" in said["error"]
    assert after["done"]


async def test_a_wrong_file_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    """Weights that are no GGUF file end the start with a reason, and no process stays."""
    (tmp_path / "model.gguf").write_bytes(b"not weights" * 10)
    spec = ServerSpec(name="a", model_name="m", gguf=tmp_path / "model.gguf", threads=1)
    servers = EmbeddedServers([spec], SystemClock())
    with pytest.raises(EmbeddedServerError, match="embedded server a did not start"):
        await servers.__aenter__()

    assert servers.pids == {"a": None}
