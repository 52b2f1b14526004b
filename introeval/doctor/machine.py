"""Checks of the machine itself: interpreter, ffmpeg, sandbox, folders, port, GPU."""

import asyncio
import errno
import os
import platform
import shutil
import socket
import sys
from pathlib import Path

from introeval import descriptors
from introeval.doctor.finding import Finding, Level
from introeval.door import BACKLOG
from introeval.instance import holder
from introeval.settings import Settings
from scheduler.errors import ConfigurationError
from stt.audio import find_ffmpeg
from stt.sandbox import check, layers

LEAST_FREE = 1_000_000_000
LEAST_BACKLOG = 1024
TWO_MODELS_MIB = 10_000
"""Mistral 7B and Llama 3 8B at 4 bits are 4.1 and 4.7 GB on disk; their contexts come on top."""


def python() -> Finding:
    """The interpreter; an older one than 3.11 could not have been installed into."""
    return Finding("python", Level.OK, f"{platform.python_version()} ({sys.executable})")


def ffmpeg() -> Finding:
    """The ffmpeg that STT would run."""
    try:
        return Finding("ffmpeg", Level.OK, find_ffmpeg())
    except ConfigurationError:
        advice = "Install Debian's package ffmpeg, or run 'make install' again."
        return Finding("ffmpeg", Level.FAIL, "neither on PATH nor in imageio-ffmpeg", advice)


async def boundary() -> Finding:
    """Whether a child that decodes uploads is really kept from files, network and processes: it tries."""
    try:
        could = await check()
    except OSError as error:
        advice = "Uploads cannot be looked into like this: see 'Hostile files' in docs/reliability.md."
        return Finding("decoding", Level.FAIL, f"a confined child does not run: {error}", advice)
    held = str(await asyncio.to_thread(layers))
    open_doors = ", ".join(name for name, worked in could.items() if worked)
    if open_doors:
        advice = "Install bubblewrap, or use a kernel with Landlock (Linux 5.13 and later)."
        return Finding("decoding", Level.WARN, f"a hostile file could reach {open_doors}: {held}", advice)
    return Finding("decoding", Level.OK, f"confined by {held}")


def folder(subject: str, path: Path, comfortable: int) -> Finding:
    """Whether ``path`` is, or can be made, a writable folder with ``comfortable`` bytes to spare."""
    existing = next(p for p in (path, *path.parents) if p.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        advice = f"Make it a folder that the user {os.getuid()} may write to, or choose another one."
        return Finding(subject, Level.FAIL, f"{path}: {existing} is not a writable folder", advice)
    free = shutil.disk_usage(existing).free
    text = f"{path}, {free / 1e9:.1f} GB free"
    if free < LEAST_FREE:
        return Finding(subject, Level.FAIL, text, "Free some space or move the folder to a larger disk.")
    if free < comfortable:
        advice = f"Keep {comfortable / 1e9:.0f} GB free for a full lab."
        return Finding(subject, Level.WARN, text, advice)
    return Finding(subject, Level.OK, text)


def listening(settings: Settings) -> Finding:
    """Whether the port is free, or taken by our own daemon."""
    where = f"{settings.host}:{settings.port}"
    pid = holder(settings.state.instance_lock)
    if pid is not None:
        return Finding("port", Level.OK, f"an introeval runs on this state folder (process {pid})")
    try:
        _bind(settings.host, settings.port)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        advice = "Stop what listens there ('ss -ltnp' names it)" if taken else "Correct the setting host"
        return Finding(
            "port", Level.FAIL, f"{where}: {error.strerror}", f"{advice}, or choose another --port."
        )
    if settings.host in ("127.0.0.1", "::1", "localhost"):
        return Finding("port", Level.OK, f"{where} is free; only this machine can reach it")
    advice = "Anyone who reaches it sees all results: put a proxy with a login in front (docs/operations.md)."
    return Finding("port", Level.WARN, f"{where} is free and open to the network", advice)


def connections(settings: Settings) -> Finding:
    """Whether a lab may come all at once: descriptors for its connections, and the kernel's line before the door.

    The daemon raises the soft limit itself, and the hard one is what its unit allows.
    """
    wanted, hard = settings.web.max_connections, descriptors.hard_limit()
    most, backlog = descriptors.connections_within(hard, wanted), descriptors.longest_backlog(BACKLOG)
    text = f"{most} at once, and {backlog} that wait"
    if most < wanted:
        advice = (
            f"The limit of open files is {hard}: raise it to {wanted + descriptors.RESERVE} "
            "(LimitNOFILE= in the unit, ulimit -Hn in a shell), or lower web.max_connections."
        )
        return Finding("connections", Level.WARN, text, advice)
    if backlog < LEAST_BACKLOG:
        advice = f"Set the sysctl net.core.somaxconn to {BACKLOG}, so that a crowd is not left standing."
        return Finding("connections", Level.WARN, text, advice)
    return Finding("connections", Level.OK, text)


async def gpu(*, wanted: bool) -> Finding:
    """GPU memory as nvidia-smi tells it. ``wanted``: whether the language models are meant to run there."""
    rows = await _gpu_rows()
    if not rows:
        if not wanted:
            return Finding("gpu", Level.OK, "none found; embedded models run on the CPU")
        advice = "Install NVIDIA's driver; without a GPU Ollama works on the CPU, many times slower."
        return Finding("gpu", Level.WARN, "nvidia-smi is missing or finds no GPU", advice)
    text = "; ".join(f"{name}, {free} of {total} MiB free" for name, total, free in rows)
    if wanted and max(free for _, _, free in rows) < TWO_MODELS_MIB:
        advice = f"Two models of 7 to 8 billion parameters need {TWO_MODELS_MIB} MiB and more: choose smaller ones."
        return Finding("gpu", Level.WARN, text, advice)
    return Finding("gpu", Level.OK, text)


def _bind(host: str, port: int) -> None:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as listener:
        # As aiohttp does: connections of a stopped daemon in TIME_WAIT do not count as taken.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)


async def _gpu_rows() -> list[tuple[str, int, int]]:
    """Name, total and free MiB of each GPU."""
    command = ("nvidia-smi", "--query-gpu=name,memory.total,memory.free", "--format=csv,noheader,nounits")
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
    except OSError:
        return []
    try:
        async with asyncio.timeout(10):
            output, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return []
    return [row for line in output.decode(errors="replace").splitlines() if (row := _gpu_row(line))]


def _gpu_row(line: str) -> tuple[str, int, int] | None:
    fields = [field.strip() for field in line.split(",")]
    # Some devices say "[N/A]" where others give a number; they are left out rather than guessed.
    if len(fields) != 3 or not (fields[1].isdigit() and fields[2].isdigit()):
        return None
    return fields[0], int(fields[1]), int(fields[2])
