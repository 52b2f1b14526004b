"""Servers that speak Ollama's ``/api/generate`` and take, for each role and student, a time that is known beforehand.

    python -m benchmarks.role_latency --technical 0.5 --feedback 0.3

Prints a port for each server and serves until its standard input ends. A server answers one request at a time, as a
model on one device does. The reply is the smallest that fits the request's schema. ``GET /times``: when the first
request came and the last reply left, in seconds since the epoch, and the seconds that each role took.
"""

import argparse
import asyncio
import json
import random
import re
import sys
import time
from typing import Any

from aiohttp import web

MODELS = ("technical-model", "feedback-model")
SPREAD = 0.4
"""A time is up to this share shorter or longer than its role's mean."""

_STUDENT = re.compile(r"student number (\d+)")


def seconds_of(role: str, student: int, mean: float) -> float:
    """The time of one reply: the same in every run."""
    return mean * random.Random(f"{role} {student}").uniform(1 - SPREAD, 1 + SPREAD)


def smallest(schema: dict[str, Any]) -> Any:
    """The smallest value that a schema allows, of those that the graders send."""
    if "enum" in schema:
        return schema["enum"][0]
    match schema["type"]:
        case "object":
            return {name: smallest(part) for name, part in schema["properties"].items()}
        case "array":
            return [smallest(schema["items"])] * int(schema.get("minItems", 0))
        case "integer":
            return schema["minimum"]
        case _:
            return "So it is."


class Lab:
    """What the servers share: the means, and what was seen."""

    def __init__(self, means: dict[str, float]) -> None:
        self.means = means
        self.first: float | None = None
        self.last = 0.0
        self.took = dict.fromkeys(means, 0.0)

    async def times(self, _: web.Request) -> web.Response:
        """See the module."""
        return web.json_response({"first": self.first, "last": self.last, "took": self.took})


class Server:
    """One server."""

    def __init__(self, lab: Lab, model: str) -> None:
        self._lab = lab
        self._model = model
        self._device = asyncio.Lock()

    def app(self) -> web.Application:
        """All that the client asks for."""
        app = web.Application()
        app.router.add_post("/api/generate", self._generate)
        app.router.add_get("/api/tags", self._models)
        app.router.add_get("/api/ps", self._models)
        app.router.add_get("/times", self._lab.times)
        return app

    async def _models(self, _: web.Request) -> web.Response:
        return web.json_response(
            {"models": [{"name": f"{self._model}:latest", "model": f"{self._model}:latest"}]}
        )

    async def _generate(self, request: web.Request) -> web.Response:
        body = await request.json()
        end = {"model": self._model, "created_at": "2026-01-01T00:00:00Z", "done": True, "load_duration": 0}
        if not body.get("prompt"):
            return web.json_response(end | {"response": "", "done_reason": "load"})
        self._lab.first = self._lab.first or time.time()
        role = "feedback" if "<review>" in body["prompt"] else "technical"
        student = int(_STUDENT.findall(body["prompt"])[-1])
        seconds = seconds_of(role, student, self._lab.means[role])
        async with self._device:
            await asyncio.sleep(seconds)
        self._lab.took[role] += seconds
        self._lab.last = time.time()
        counts = {"prompt_eval_count": len(body["prompt"]) // 2, "eval_count": 20, "done_reason": "stop"}
        lines = [
            {"model": self._model, "response": json.dumps(smallest(body["format"])), "done": False},
            end | counts | {"response": ""},
        ]
        text = "".join(json.dumps(line) + "\n" for line in lines)
        return web.Response(text=text, content_type="application/x-ndjson")


async def serve(models: list[str], means: dict[str, float]) -> None:
    """Serve until standard input ends."""
    lab, runners = Lab(means), []
    for model in models:
        runner = web.AppRunner(Server(lab, model).app())
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        runners.append(runner)
    print(*(runner.addresses[0][1] for runner in runners), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    for runner in runners:
        await runner.cleanup()


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", nargs="+", default=list(MODELS), help="one server for each")
    parser.add_argument("--technical", type=float, default=0.5, help="seconds, on average")
    parser.add_argument("--feedback", type=float, default=0.3, help="seconds, on average")
    given = parser.parse_args()
    asyncio.run(serve(given.models, {"technical": given.technical, "feedback": given.feedback}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
