"""The watch over a Whisper child: every way to misbehave ends as one typed error and no process."""

import asyncio
from pathlib import Path

import pytest

from scheduler.errors import AttemptFailedError
from stt.errors import ChildCrashedError, ChildHungError, ChildTooLargeError
from stt.process import WatchLimits, WhisperProcess
from stt.protocol import Done, Job
from stt.transcript import Segment
from tests.stt import children as do

PATIENT = WatchLimits(load=20, silence=20, stall=20, exit=5, memory=1000)
HASTY = WatchLimits(load=20, silence=0.2, stall=0.3, stall_factor=0, exit=5)
JOB = Job("a.wav")


async def run(limits: WatchLimits, *lines: str) -> tuple[WhisperProcess, list[Segment], Done]:
    """One job in a child that loads and then does these things."""
    child = await WhisperProcess.start(do.program(do.LOADED, *lines), limits)
    heard: list[Segment] = []
    return child, heard, await child.run(JOB, 1.0, heard.append)


async def test_job() -> None:
    """Segments arrive in order, then the totals; the child lives on until it is stopped."""
    child, heard, done = await run(PATIENT, do.READ, do.HEARD, do.BEAT % 5, do.HEARD, do.DONE, do.READ)

    assert len(heard) == 2
    assert done == Done("en", 1.0, 1.0)
    assert repr(child) == f"<WhisperProcess {child.pid} idle>"
    await child.stop()
    assert repr(child) == f"<WhisperProcess {child.pid} gone>"


@pytest.mark.parametrize(
    "lines, limits, error, words",
    [
        ([do.READ, do.HEARD, do.EXIT], PATIENT, ChildCrashedError, "ended with 3: out of luck"),
        ([do.READ, do.FAILED, do.FOREVER], PATIENT, ChildCrashedError, "cannot"),
        ([do.READ, "say('nonsense')", do.FOREVER], PATIENT, ChildCrashedError, "no message"),
        ([do.READ, do.LOADED, do.FOREVER], PATIENT, ChildCrashedError, "twice"),
        ([do.READ, do.NO_LINE, do.FOREVER], PATIENT, ChildCrashedError, "without an end"),
        ([do.READ, do.BEAT % 1001, do.FOREVER], PATIENT, ChildTooLargeError, "MiB"),
        ([do.READ, do.FOREVER], HASTY, ChildHungError, "no sign"),
        ([do.READ, do.BEAT_FOREVER], HASTY, ChildHungError, "no sign"),
    ],
    ids=["exit", "failed", "nonsense", "twice", "endless line", "too large", "silent", "no progress"],
)
async def test_misbehaviour(
    lines: list[str], limits: WatchLimits, error: type[AttemptFailedError], words: str
) -> None:
    """A child that breaks the protocol or a limit is killed, and the attempt alone fails."""
    child = await WhisperProcess.start(do.program(do.LOADED, *lines), limits)

    with pytest.raises(error, match=words):
        await child.run(JOB, 1.0, lambda _: None)
    assert not child.alive


@pytest.mark.parametrize(
    "lines, error",
    [
        ([do.EXIT], ChildCrashedError),
        ([do.DONE, do.FOREVER], ChildCrashedError),
        ([do.FOREVER], ChildHungError),
    ],
)
async def test_never_loads(lines: list[str], error: type[AttemptFailedError]) -> None:
    """A child that does not load in its time is an error, not a wait."""
    with pytest.raises(error):
        await WhisperProcess.start(
            do.program(*lines), WatchLimits(load=0.5 if error is ChildHungError else 20)
        )


async def test_no_such_program() -> None:
    """A command that cannot be started is a crash too."""
    with pytest.raises(ChildCrashedError, match="could not be started"):
        await WhisperProcess.start([str(Path("/no/such/program"))], PATIENT)


async def test_cancelled_job_leaves_no_child() -> None:
    """When a cancellation gets through, the work has stopped."""
    child = await WhisperProcess.start(do.program(do.LOADED, do.READ, do.HEARD, do.FOREVER), PATIENT)
    heard = asyncio.Event()
    job = asyncio.create_task(child.run(JOB, 1.0, lambda _: heard.set()))
    await heard.wait()

    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job

    assert not child.alive


async def test_stop_kills_who_does_not_listen() -> None:
    """A child that ignores the end of its input and SIGTERM is killed."""
    stubborn = do.program("signal.signal(signal.SIGTERM, signal.SIG_IGN)", do.LOADED, do.FOREVER)
    child = await WhisperProcess.start(stubborn, WatchLimits(exit=0.2))

    await child.stop()

    assert not child.alive


async def test_dead_before_its_job() -> None:
    """A job for a child that has died is a crash, not a hang."""
    child = await WhisperProcess.start(do.program(do.LOADED, "sys.exit(0)"), PATIENT)

    with pytest.raises(ChildCrashedError):
        await child.run(JOB, 1.0, lambda _: None)
