"""``python -m models.embedded.server``: one embedded server on a loopback port, which holds no weights.

It prints ``{"port": N}`` when it listens. Started with a pipe as standard input, it ends when the pipe closes.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from aiohttp import web

from models.embedded.api import make_app
from models.embedded.gguf import read_header
from models.embedded.lifeline import tie_to_parent
from models.embedded.residency import Residency, RunnerSpec
from models.embedded.service import ModelCard, Service
from scheduler.errors import ConfigurationError

HOST = "127.0.0.1"
SHUTDOWN_SECONDS = 2.0


def parse_arguments() -> argparse.Namespace:
    """``name`` is for people and process lists; ``model-name`` is what requests ask for."""
    parser = argparse.ArgumentParser(prog="models.embedded.server", description=__doc__)
    parser.add_argument("--name", default="embedded")
    parser.add_argument("--model-name", required=True)
    parser.add_argument("--gguf", type=Path, required=True)
    parser.add_argument("--digest", default="")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--slots", type=int, default=2)
    parser.add_argument("--num-ctx", type=int, default=4096)
    return parser.parse_args()


def make_service(options: argparse.Namespace) -> Service:
    """Read the model's header and build the service. Raises ``ConfigurationError``."""
    card = ModelCard(
        name=options.model_name,
        gguf=options.gguf,
        header=read_header(options.gguf),
        digest=options.digest,
        default_num_ctx=options.num_ctx,
        modified_at=options.gguf.stat().st_mtime,
    )
    spec = RunnerSpec(gguf=options.gguf, threads=options.threads, slots=options.slots)
    return Service(card, Residency(spec))


async def serve(options: argparse.Namespace) -> None:
    """Listen until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    # A client that goes away cancels its handler, and with it the generation.
    runner = web.AppRunner(
        make_app(make_service(options)), handler_cancellation=True, shutdown_timeout=SHUTDOWN_SECONDS
    )
    await runner.setup()
    try:
        # The supervisor holds the port with the same option (``reserve_port``).
        await web.TCPSite(runner, HOST, options.port, reuse_port=True).start()
        sys.stdout.write(json.dumps({"port": runner.addresses[0][1]}) + "\n")
        sys.stdout.flush()
        await stop.wait()
    finally:
        await runner.cleanup()


def main() -> None:
    """Run one server; a wrong file or a taken port is one line on standard error and status 2."""
    tie_to_parent()
    try:
        asyncio.run(serve(parse_arguments()))
    except (ConfigurationError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        sys.stderr.flush()
        os._exit(2)


if __name__ == "__main__":
    main()
