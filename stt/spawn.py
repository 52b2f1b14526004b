"""A short-lived child process: bounded in time and in what it may say, killed with its whole group.

Rules: the child leads its own session, so that a signal to its group reaches all of it and nothing else; its
group is gone when these functions return or raise, also when they are cancelled.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO

TAIL = 4096
"""Bytes of standard error that are kept: the end, where the reason is."""


@dataclass(frozen=True, slots=True)
class Finished:
    """How a child ended. ``returncode`` is negative for a signal; ``timed_out``: we killed it."""

    returncode: int
    stdout: bytes
    stderr: str
    timed_out: bool = False


async def spawn(
    command: list[str],
    *,
    stdin: int | IO[bytes],
    stdout: int | IO[bytes] = asyncio.subprocess.PIPE,
    limit: int = 1 << 20,
    env: Mapping[str, str] | None = None,
) -> asyncio.subprocess.Process:
    """Start a session leader with pipes for its output, or an open file as its ``stdout``.

    ``limit``: longest line in bytes that can be read from a pipe.
    When cancelled in the middle, the child that may just have come to life is killed. Raises ``OSError``.
    """
    starting = asyncio.ensure_future(
        asyncio.create_subprocess_exec(
            *command,
            stdin=stdin,
            stdout=stdout,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
            limit=limit,
            env=None if env is None else dict(env),
        )
    )
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        await kill_group(await starting)
        raise


async def kill_group(process: asyncio.subprocess.Process) -> None:
    """Kill the child and all that it started, and wait until it is gone. Idempotent."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    await asyncio.shield(process.wait())


async def drain(stream: asyncio.StreamReader | None, keep: int = TAIL) -> bytes:
    """Read to the end, so that the writer never blocks, and keep the last ``keep`` bytes."""
    tail = b""
    while stream is not None and (chunk := await stream.read(1 << 16)):
        tail = (tail + chunk)[-keep:]
    return tail


def readable(said: object) -> str:
    """What a child said, as text that can be stored and sent: JSON can say half a character, UTF-8 cannot."""
    return str(said).encode("utf-8", "replace").decode()


async def run_bounded(
    command: list[str],
    *,
    stdin: int | IO[bytes],
    seconds: float,
    stdout: int | IO[bytes] = asyncio.subprocess.PIPE,
    stdout_bytes: int = 1 << 16,
    env: Mapping[str, str] | None = None,
) -> Finished:
    """Run ``command`` to its end, or kill it after ``seconds``. Raises ``OSError`` when it cannot be started."""
    process = await spawn(command, stdin=stdin, stdout=stdout, env=env)
    reading = asyncio.gather(drain(process.stdout, stdout_bytes), drain(process.stderr), process.wait())
    timed_out = False
    try:
        async with asyncio.timeout(seconds):
            await asyncio.shield(reading)
    except TimeoutError:
        timed_out = True
    finally:
        await kill_group(process)
    # The group is gone, so the pipes end now.
    said, stderr, returncode = await reading
    return Finished(returncode, said, stderr.decode(errors="replace"), timed_out)
