"""A confined child cannot reach what is not its own, and each layer holds without the others."""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from stt import landlock, seccomp
from stt.confine import Confinement, encode
from stt.sandbox import Layers, check, confined, layers, run_confined
from tests.stt.media import NOISE, files_in, make

ME = Confinement(os.getpid(), memory=1 << 30, cpu_seconds=10, file_bytes=1 << 20)


async def run(
    code: str, limits: Confinement = ME, stdin: Path | None = None, held: Layers | None = None
) -> tuple[int, str]:
    """``code`` in a confined interpreter: its return code, and the last line of what it said."""
    with (stdin or Path(os.devnull)).open("rb") as given:
        command = ["--", sys.executable, "-I", "-S", "-c", code]
        done = await run_confined(limits, command, stdin=given, seconds=30, held=held)
    said = (done.stdout.decode() + done.stderr).strip().splitlines()
    return done.returncode, said[-1] if said else ""


@pytest.fixture(params=["with bubblewrap", "without bubblewrap"])
def held(request: pytest.FixtureRequest) -> Layers:
    """Both ways to run: as on a machine that has bubblewrap, and as in the systemd unit, which forbids namespaces."""
    real = layers()
    if request.param == "with bubblewrap":
        if real.bubblewrap is None:
            pytest.skip(f"bubblewrap does not work here: {real.why_not}")
        return real
    if not real.landlock:
        pytest.skip("this kernel has no Landlock")
    return replace(real, bubblewrap=None, why_not="not wanted")


async def test_tight(held: Layers) -> None:
    """What a hostile decoder would want first: no file, no network, no process."""
    assert await check(held) == {"files": False, "network": False, "processes": False}


async def test_which_way_it_runs(held: Layers) -> None:
    """Bubblewrap is the program that is started exactly where it is counted on."""
    program = (await confined(ME, ["-m", "stt.boundary"], held))[0]
    assert program == (held.bubblewrap or sys.executable)


@pytest.mark.parametrize(
    "attempt",
    [
        "open({other!r})",
        "__import__('os').listdir({folder!r})",
        "open({folder!r} + '/made', 'w')",
        "__import__('os').unlink({other!r})",
        "__import__('os').chmod({other!r}, 0o777)",
        "__import__('os').rename({other!r}, {other!r} + '2')",
        "__import__('os').symlink({other!r}, {folder!r} + '/link')",
        "__import__('os').kill({pid}, 0)",
        "__import__('os').fork()",
        "open('/proc/{pid}/environ', 'rb').read()",
        "__import__('socket').create_connection(('127.0.0.1', {port}), 5)",
        "__import__('socket').socket(__import__('socket').AF_UNIX).connect({folder!r} + '/s')",
        "__import__('socket').socket(2, 2).sendto(b'x', ('127.0.0.1', {port}))",
        "__import__('fcntl').fcntl(0, 8, {pid})",
        "__import__('fcntl').ioctl(0, 0x40086602, b'\\0' * 8)",
        "__import__('os').sched_setaffinity({pid}, [0])",
        "__import__('os').setpriority(0, {pid}, 19)",
        "assert __import__('ctypes').CDLL(None).inotify_init1(0) >= 0",
    ],
)
async def test_refused(held: Layers, tmp_path: Path, attempt: str) -> None:
    """Files beside it, its own folder, processes and sockets are out of reach. What is refused changes nothing."""
    media, other = tmp_path / "media", tmp_path / "other student"
    media.write_bytes(b"mine")
    other.write_bytes(b"theirs")
    with socket.create_server(("127.0.0.1", 0)) as server:
        code = attempt.format(
            other=str(other), folder=str(tmp_path), pid=os.getpid(), port=server.getsockname()[1]
        )
        returncode, said = await run(code, stdin=media, held=held)
        server.settimeout(0)
        with pytest.raises(BlockingIOError):
            server.accept()

    assert returncode == 1, said
    assert "Error" in said
    assert [path.name for path in files_in(tmp_path)] == ["media", "other student"]
    assert other.read_bytes() == b"theirs"
    assert other.stat().st_mode & 0o777 != 0o777


async def test_allowed(held: Layers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Its input, opened again as ffmpeg does; the file that it was given to write; threads; nothing of our secrets."""
    media, target = tmp_path / "media", tmp_path / "target"
    media.write_bytes(b"mine")
    target.touch()
    code = f"""
import os, threading
data = open('/dev/stdin', 'rb').read()
thread = threading.Thread(target=lambda: open({str(target)!r}, 'wb').write(data))
thread.start(); thread.join()
print(data.decode(), 'SECRET' in os.environ)"""
    monkeypatch.setenv("SECRET", "hunter2")

    returncode, said = await run(code, replace(ME, writes=(str(target),)), media, held)

    assert (returncode, target.read_bytes()) == (0, b"mine")
    assert said == "mine False"


async def test_how_it_ended(held: Layers) -> None:
    """A signal is a signal, a code a code, inside bubblewrap too."""
    assert (await run("import os; os.abort()", held=held))[0] == -6
    assert (await run("while True: pass", replace(ME, cpu_seconds=1), held=held))[0] == -24
    assert (await run("raise SystemExit(7)", held=held))[0] == 7


async def test_dies_with_the_time(held: Layers) -> None:
    """When the time is up nothing of it is left, whatever was around it: the pipe that it held is closed."""
    command = ["--", sys.executable, "-I", "-S", "-c", "import signal; signal.pause()"]
    done = await run_confined(ME, command, stdin=asyncio.subprocess.DEVNULL, seconds=0.5, held=held)

    assert done.timed_out
    # ``run_bounded`` returned, so every process that held its standard error is gone.


def test_the_filter_alone() -> None:
    """Without Landlock and bubblewrap there is still no socket and no process."""
    if not seccomp.known():
        pytest.skip("there is no filter for this machine")
    code = (
        "from stt.seccomp import refuse; from stt.boundary import *; from stt.boundary import _open_a_socket as s, "
        "_start_a_process as p; assert refuse(may_run=False); print(works(s), works(p))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["False", "False"]


def test_landlock_alone(tmp_path: Path) -> None:
    """Without the filter and bubblewrap there is no file but those that were named."""
    if not landlock.version():
        pytest.skip("this kernel has no Landlock")
    (tmp_path / "other").touch()
    code = (
        f"from stt.landlock import *; assert restrict([Rule('/usr', READ), Rule('/no/such/place', READ)])\n"
        f"try: open({str(tmp_path / 'other')!r})\nexcept PermissionError: print('refused')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["refused"]


def test_every_number_is_known() -> None:
    """The tables of system calls agree with the kernel's own header, where it is installed."""
    headers = [*Path("/usr/include").glob("*/asm/unistd_64.h")]
    if not headers:
        pytest.skip("the kernel's headers are not installed")
    told = dict(
        line.split()[1:3] for line in headers[0].read_text().splitlines() if line.startswith("#define __NR_")
    )
    numbers = seccomp.refused_numbers("x86_64") | seccomp.special_numbers("x86_64")
    mine = {f"__NR_{name}": str(number) for name, number in numbers.items()}
    mine.pop("__NR_fchmodat2")  # younger than some headers

    assert {name: told[name] for name in mine} == mine


async def test_without_bubblewrap_it_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A bubblewrap that the system does not permit is not used, and the reason is told."""
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\necho 'No permissions to create new namespace' >&2; exit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    found = layers.__wrapped__()

    assert found.bubblewrap is None
    assert "no bubblewrap (No permissions to create new namespace)" in str(found)
    assert (await confined(ME, ["-m", "stt.boundary"], found))[0] == sys.executable


def test_words() -> None:
    """Files and network are kept by either of two layers."""
    nothing = Layers(None, "not installed", 0, False)

    assert (nothing.files, nothing.network) == (False, False)
    assert str(nothing) == "no bubblewrap (not installed), no Landlock, no seccomp filter"
    assert Layers(None, "", 7, True).files


def test_as_an_ordinary_user(tmp_path: Path) -> None:
    """The layers need no privilege: they hold for a user who is nobody, too."""
    python = shutil.which("python3", path="/usr/bin")
    if os.getuid() != 0 or python is None:
        pytest.skip("needs root, to become nobody, and the system's own Python")
    program = tmp_path / "packages"
    shutil.copytree(Path(landlock.__file__).parent, program / "stt")
    for folder in (tmp_path, *tmp_path.parents):
        if not folder.stat().st_mode & 0o001:
            folder.chmod(0o755)
    limits = encode(replace(ME, parent=None))
    command = [python, "-P", "-m", "stt.confine", limits, "-m", "stt.boundary"]

    def become() -> None:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)

    done = subprocess.run(
        command,
        cwd="/",
        env={"PYTHONPATH": str(program)},
        preexec_fn=become,
        capture_output=True,
        check=False,
    )

    assert json.loads(done.stdout) == {"files": False, "network": False, "processes": False}, done.stderr


async def test_many_at_once(tmp_path: Path) -> None:
    """Children do not disturb each other."""
    media = make(tmp_path / "a.wav", *NOISE)
    answers = await asyncio.gather(
        *(run("print(len(open('/dev/stdin','rb').read()))", stdin=media) for _ in range(4))
    )

    assert answers == [(0, str(media.stat().st_size))] * 4


async def test_a_program_that_cannot_be_started(held: Layers, tmp_path: Path) -> None:
    """That is our trouble, and never taken for an answer about the file."""
    broken = tmp_path / "ffmpeg"
    broken.write_text("#!/no/such/shell\n")
    broken.chmod(0o755)

    with pytest.raises(OSError, match="could not start"):
        await run_confined(ME, ["--", str(broken)], stdin=asyncio.subprocess.DEVNULL, seconds=30, held=held)
