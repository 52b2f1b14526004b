"""The daemon's end of one Whisper child: start it, give it one job at a time, watch it, see it gone.

The watch has three clocks, because each sees what the others cannot: no line at all (the process is stopped or
stuck inside a library), no progress (alive, but decoding goes round in circles), and the whole job. A child that
broke any of them, crashed, or was in a job that got cancelled is killed; it is never given another job.
"""

import asyncio
import contextlib
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from scheduler.errors import HandoverError
from stt.confine import python_module
from stt.errors import ChildCrashedError, ChildHungError, ChildTooLargeError
from stt.limits import MIB
from stt.protocol import (
    LINE_LIMIT,
    ChildSettings,
    Done,
    Failed,
    Heard,
    Heartbeat,
    Job,
    Loaded,
    Message,
    decode_message,
    encode,
    segment_of,
)
from stt.spawn import drain, kill_group, spawn
from stt.transcript import Segment


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchLimits:
    """Generous on purpose: a wrong kill costs a retry. All in seconds of wall clock, ``memory`` in bytes.

    ``silence``: without any line. ``stall``: without progress, plus ``stall_factor`` times the recording's length.
    ``slowest``: whole job, as a multiple of the recording's length, on top of ``stall``. ``memory``: resident.
    """

    load: float = 180.0
    silence: float = 60.0
    stall: float = 180.0
    stall_factor: float = 0.5
    slowest: float = 20.0
    exit: float = 10.0
    memory: int = 8192 * MIB


def child_command(settings: ChildSettings) -> list[str]:
    """The command line of the real child."""
    return [*python_module("stt.child"), encode(settings).decode().strip()]


class WhisperProcess:
    """One child that has loaded its model. Made by ``start``; ``busy`` while a job runs."""

    def __init__(self, process: asyncio.subprocess.Process, limits: WatchLimits) -> None:
        self._process = process
        self._limits = limits
        self._errors = asyncio.ensure_future(drain(process.stderr))
        self.loaded: Loaded | None = None
        self.busy = False

    def __repr__(self) -> str:
        state = "gone" if not self.alive else "busy" if self.busy else "idle"
        return f"<WhisperProcess {self.pid} {state}>"

    @classmethod
    async def start(cls, command: Sequence[str], limits: WatchLimits) -> "WhisperProcess":
        """Start a child and wait until it has loaded. Raises ``ChildCrashedError`` or ``ChildHungError``."""
        try:
            process = await spawn(
                list(command), stdin=asyncio.subprocess.PIPE, limit=LINE_LIMIT, env=_environment()
            )
        except OSError as error:
            raise ChildCrashedError(f"the speech process could not be started: {error}") from error
        child = cls(process, limits)
        try:
            message = await child._read(time.monotonic() + limits.load)
            if not isinstance(message, Loaded):
                raise ChildCrashedError(f"the speech process began with {type(message).__name__}, not Loaded")
            child.loaded = message
        except BaseException:
            await child.kill()
            raise
        return child

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process has not ended, as far as its exit has been noticed."""
        return self._process.returncode is None

    async def run(self, job: Job, media_seconds: float, on_segment: Callable[[Segment], None]) -> Done:
        """Do one job. Any exception, cancellation too, leaves no child behind.

        Raises ``ChildCrashedError``, ``ChildHungError`` or ``ChildTooLargeError``.
        """
        self.busy = True
        try:
            await self._send(job)
            return await self._watch(media_seconds, on_segment)
        except BaseException:
            await self.kill()
            raise
        finally:
            self.busy = False

    async def stop(self) -> None:
        """Ask the child to exit, kill it if it does not, and return only when it is gone.

        Raises ``HandoverError`` when even a killed process is still there (stuck in the kernel).
        """
        if self._process.stdin is not None:
            self._process.stdin.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._limits.exit):
                await self._process.wait()
        try:
            async with asyncio.timeout(self._limits.exit):
                await self.kill()
        except TimeoutError as error:
            raise HandoverError(f"the speech process {self.pid} does not end, even when killed") from error

    async def kill(self) -> None:
        """Kill the child at once and wait until it is gone. Idempotent."""
        await kill_group(self._process)
        await self._errors

    async def _send(self, job: Job) -> None:
        stdin = self._process.stdin
        if stdin is None or not self.alive:
            raise ChildCrashedError("the speech process was gone before its job")
        try:
            stdin.write(encode(job))
            await stdin.drain()
        except OSError as error:
            raise await self._crash() from error

    async def _watch(self, media_seconds: float, on_segment: Callable[[Segment], None]) -> Done:
        limits, began = self._limits, time.monotonic()
        stall = limits.stall + limits.stall_factor * media_seconds
        end = began + limits.stall + limits.slowest * media_seconds
        moved, steps = began, 0
        while True:
            now = time.monotonic()
            message = await self._read(min(now + limits.silence, moved + stall, end))
            match message:
                case Done():
                    return message
                case Heard():
                    moved = time.monotonic()
                    on_segment(segment_of(message))
                case Heartbeat():
                    if message.steps > steps:
                        moved, steps = time.monotonic(), message.steps
                    self._check_size(message.rss)
                case Failed():
                    raise ChildCrashedError(f"the speech model failed: {message.error}")
                case Loaded():
                    raise ChildCrashedError("the speech process loaded twice")

    def _check_size(self, rss: int) -> None:
        if rss > self._limits.memory:
            raise ChildTooLargeError(
                f"the speech process used {rss // MIB} MiB; {self._limits.memory // MIB} MiB are allowed"
            )

    async def _read(self, deadline: float) -> Message:
        stdout = self._process.stdout
        assert stdout is not None  # spawn() made it a pipe
        try:
            async with asyncio.timeout(deadline - time.monotonic()):
                line = await stdout.readline()
        except TimeoutError as error:
            raise ChildHungError(
                "the speech process gave no sign of progress in time and was killed"
            ) from error
        except ValueError as error:
            raise ChildCrashedError("the speech process wrote a line without an end") from error
        if not line.endswith(b"\n"):
            raise await self._crash()
        return decode_message(line)

    async def _crash(self) -> ChildCrashedError:
        # Its pipe has closed; whatever is left of it is of no use.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._limits.exit):
                await self._process.wait()
        await kill_group(self._process)
        tail = (await self._errors).decode(errors="replace").strip().splitlines()
        return ChildCrashedError(
            f"the speech process ended with {self._process.returncode}"
            + (f": {tail[-1][:200]}" if tail else "")
        )


def _environment() -> Mapping[str, str]:
    """The daemon's, and no hub: a model comes from the folder that is given or not at all."""
    return {**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONUNBUFFERED": "1"}
