"""A server that speaks Ollama's ``/api/generate`` and answers each request after exactly the same time.

    python -m benchmarks.fixed_latency --latency 0.5

Prints its port and serves until its standard input ends. It answers any number of requests at once, so whatever is
slower than the latency is the client's doing. ``GET /asked``: how many requests with a prompt it has answered.
"""

import argparse
import asyncio
import json
import sys
from typing import Any

from aiohttp import web

REPLY = '{"score": 7, "criterion_status": "MET", "explanation": "as asked"}'
MODEL = "fixed:latest"


class FixedLatency:
    """The handlers. ``asked``: requests with a prompt."""

    def __init__(self, latency: float) -> None:
        self._latency = latency
        self.asked = 0

    def app(self) -> web.Application:
        """All that a client of ours or litellm's asks for."""
        app = web.Application()
        app.router.add_post("/api/generate", self._generate)
        app.router.add_post("/api/show", self._show)
        app.router.add_get("/api/tags", self._models)
        app.router.add_get("/api/ps", self._models)
        app.router.add_get("/asked", self._asked)
        return app

    async def _generate(self, request: web.Request) -> web.Response:
        # One timer from the moment at which the whole request is here.
        body = await request.json()
        if not body.get("prompt"):
            return web.json_response({"model": MODEL, "response": "", "done": True, "done_reason": "load"})
        until = asyncio.get_running_loop().time() + self._latency
        self.asked += 1
        await asyncio.sleep(until - asyncio.get_running_loop().time())
        end: dict[str, Any] = {"model": MODEL, "done": True, "done_reason": "stop", "load_duration": 0}
        end |= {
            "prompt_eval_count": len(body["prompt"]),
            "eval_count": 20,
            "created_at": "2026-01-01T00:00:00Z",
        }
        if not body.get("stream", True):
            return web.json_response(end | {"response": REPLY})
        lines = [{"model": MODEL, "response": REPLY, "done": False}, end | {"response": ""}]
        text = "".join(json.dumps(line) + "\n" for line in lines)
        return web.Response(text=text, content_type="application/x-ndjson")

    async def _models(self, _: web.Request) -> web.Response:
        return web.json_response({"models": [{"name": MODEL, "model": MODEL}]})

    async def _show(self, _: web.Request) -> web.Response:
        return web.json_response(
            {"details": {}, "model_info": {}, "template": "", "capabilities": ["completion"]}
        )

    async def _asked(self, _: web.Request) -> web.Response:
        return web.json_response({"asked": self.asked})


async def serve(latency: float) -> None:
    """Serve until standard input ends."""
    runner = web.AppRunner(FixedLatency(latency).app())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--latency", type=float, default=0.5, help="seconds")
    asyncio.run(serve(parser.parse_args().latency))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
