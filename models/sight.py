"""``Sight``: which models look at pictures, as their servers say it (``/api/show``).

Source: Ollama's ``docs/api.md``, "Show Model Information": ``capabilities`` holds ``vision``. Servers of before 0.6.4
do not list capabilities; there a projector, or a family of picture encoders, says it.
"""

from collections.abc import Sequence

from pydantic import BaseModel

from models.config import ServerConfig, canonical
from models.transport import Transport
from scheduler.errors import AttemptFailedError, NoServerError

_ENCODERS = {"clip", "mllama"}


class _Details(BaseModel):
    families: list[str] | None = None


class _Shown(BaseModel):
    capabilities: list[str] | None = None
    details: _Details | None = None
    projector_info: dict[str, object] | None = None

    @property
    def sees(self) -> bool:
        if self.capabilities is not None:
            return "vision" in self.capabilities
        families = (self.details and self.details.families) or []
        return bool(self.projector_info) or bool(_ENCODERS & set(families))


class Sight:
    """Asks once for each model and remembers it. Create and use it in one event loop; ``close`` it."""

    def __init__(self, servers: Sequence[ServerConfig]) -> None:
        self._servers = [(server, Transport(server)) for server in servers]
        self._known: dict[str, bool] = {}

    async def sees(self, model: str) -> bool:
        """Whether this model looks at pictures.

        Raises ``NoServerError`` when nobody serves it, and ``AttemptFailedError`` when no server that does can tell.
        """
        name = canonical(model)
        if name not in self._known:
            self._known[name] = await self._ask(name)
        return self._known[name]

    async def close(self) -> None:
        """Close all connections. Idempotent."""
        for _, transport in self._servers:
            await transport.close()

    async def _ask(self, name: str) -> bool:
        failed: AttemptFailedError | None = None
        for server, transport in self._servers:
            if canonical(server.model) != name:
                continue
            try:
                shown = await transport.fetch(
                    "POST", "/api/show", _Shown, server.probe_seconds, {"model": server.model}
                )
            except AttemptFailedError as error:
                failed = error
            else:
                return shown.sees
        raise failed or NoServerError(f"No language-model server serves {name}.")
