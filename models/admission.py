"""``Admission``: the way of one request to one server: through the limits, and then only if the server is still in use.

A request holds a slot while it waits for a limit. Meanwhile its server may have failed, or asked to be left alone.
"""

from models.errors import NotAskedError
from models.limits import Gate
from models.member import Member


class Admission:
    """A ``Gate`` around another one, or around none. ``life``: the member's when the last request was let through."""

    def __init__(self, member: Member, gate: Gate | None) -> None:
        self.life = member.life
        self._member = member
        self._gate = gate

    async def admit(self, tokens: int) -> None:
        """See the protocol. Raises ``NotAskedError``; nothing is reserved then."""
        if self._gate is not None:
            await self._gate.admit(tokens)
        if not self._member.healthy:
            self.settle(tokens, 0)
            raise NotAskedError(f"{self._member.worker.name} is not in use any more.")
        self.life = self._member.life

    def settle(self, reserved: int, used: int) -> None:
        """See the protocol."""
        if self._gate is not None:
            self._gate.settle(reserved, used)
