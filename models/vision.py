"""``Sighted``: which of the served models can look at images, asked of their servers.

Ollama's ``/api/show`` lists a model's capabilities, ``vision`` among them (its documentation, "Show Model
Information"). The answer does not change while a server keeps the model, so it is asked once; a server that does not
answer is asked again the next time. Nothing is loaded by it, so it may be asked in any phase.
"""

from collections.abc import Collection, Sequence

from pydantic import BaseModel

from models.config import ServerConfig, canonical
from models.transport import Transport
from scheduler.errors import AttemptFailedError

VISION = "vision"


class _Shown(BaseModel):
    capabilities: tuple[str, ...] = ()


class Sighted:
    """Asks the configured servers. Create and use it in one event loop; ``close`` it."""

    def __init__(self, servers: Sequence[ServerConfig]) -> None:
        self._servers = [(config, Transport(config)) for config in servers]
        self._known: dict[str, bool] = {}

    async def models(self, served: Collection[str]) -> tuple[str, ...]:
        """Those of the ``served`` models that can see, in the order of the servers. Never raises for a server."""
        wanted = {canonical(model) for model in served}
        found: list[str] = []
        for config, transport in self._servers:
            if canonical(config.model) in wanted and await self._sees(config, transport):
                found.append(config.model)
        return tuple(dict.fromkeys(found))

    async def close(self) -> None:
        """Close all connections. Idempotent."""
        for _, transport in self._servers:
            await transport.close()

    async def _sees(self, config: ServerConfig, transport: Transport) -> bool:
        if config.name not in self._known:
            body = {"model": config.model}
            try:
                shown = await transport.fetch("POST", "/api/show", _Shown, config.probe_seconds, body)
            except AttemptFailedError:
                # The pool says what is wrong with a server; here it only cannot be counted on.
                return False
            self._known[config.name] = VISION in shown.capabilities
        return self._known[config.name]
