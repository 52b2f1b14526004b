"""``Places``: how many uploads are read at once, and in whose turn. Knows nothing of HTTP.

The rules:

1. At most ``places`` uploads are read at once, at most ``per_client`` of them from one client (an address: a whole lab
   may share one, so it is generous). Who finds no place waits in a line, bounded too, without its body being read.
2. Places that become free go to the clients in turn, one to each, and to the first of that client's own line: one
   client with a thousand uploads makes another one wait for one turn, not for a thousand.
3. Nobody waits for longer than ``line_seconds``. Who got no place by then, or found the line full, gets ``None``, and
   is to be told when to come back (``comeback``).
4. A place is left exactly once, however often ``leave`` is called.
"""

import asyncio
from collections import Counter, OrderedDict, deque
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address
from typing import TypeVar

from scheduler.ports import Clock

K = TypeVar("K")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceLimits:
    """See the module's rules. ``per_student``: places that one student has at once, from one client.

    By the sizes of the buffers a place takes up to 3 MiB of memory (two blocks on their way to the disk, and what a
    connection holds), a place in the line up to 0.4 MiB.
    """

    places: int = 128
    per_client: int = 96
    line: int = 256
    line_per_client: int = 192
    line_seconds: float = 10.0
    per_student: int = 8


class Place:
    """The right to have one upload read. Leave it when the upload is over."""

    def __init__(self, places: "Places", client: str) -> None:
        self._places = places
        self._left = False
        self.client = client
        self.student: str | None = None

    def leave(self) -> bool:
        """Give it back; whether it was still held."""
        if self._left:
            return False
        self._left = True
        self._places._leave(self)
        return True


@dataclass(eq=False)
class _Turn:
    called: asyncio.Event = field(default_factory=asyncio.Event)
    place: Place | None = None


class Places:
    """``reading``: places that are taken. ``waiting``: how many stand in the line."""

    def __init__(self, limits: PlaceLimits, clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        self._held: Counter[str] = Counter()
        self._students: Counter[tuple[str, str]] = Counter()
        self._line: OrderedDict[str, deque[_Turn]] = OrderedDict()
        self._closed = False
        self.reading = 0
        self.waiting = 0

    async def take(self, client: str) -> Place | None:
        """A place, at once or after a time in the line; ``None``: not now."""
        if self._closed:
            return None
        if self._fits(client):
            return self._enter(client)
        own = self._line.get(client, ())
        if self.waiting >= self._limits.line or len(own) >= self._limits.line_per_client:
            return None
        turn = _Turn()
        self._line.setdefault(client, deque()).append(turn)
        self.waiting += 1
        try:
            await self._clock.wait(turn.called, self._limits.line_seconds)
        except BaseException:
            if turn.place is not None:
                turn.place.leave()
            raise
        finally:
            self._step_out(client, turn)
        return turn.place

    def claim(self, place: Place, student: str) -> bool:
        """Count ``place`` as this student's; ``False``: this student has too many already."""
        key = (place.client, student)
        if place.student is None:
            if self._students[key] >= self._limits.per_student:
                return False
            place.student = student
            self._students[key] += 1
        return True

    def close(self) -> None:
        """Send the line away, and give no place any more."""
        self._closed = True
        for turns in self._line.values():
            for turn in turns:
                turn.called.set()

    def _fits(self, client: str) -> bool:
        return self.reading < self._limits.places and self._held[client] < self._limits.per_client

    def _enter(self, client: str) -> Place:
        self.reading += 1
        self._held[client] += 1
        return Place(self, client)

    def _leave(self, place: Place) -> None:
        self.reading -= 1
        _less(self._held, place.client)
        if place.student is not None:
            _less(self._students, (place.client, place.student))
        self._hand_out()

    def _hand_out(self) -> None:
        """Call whoever is next, as long as there are places."""
        while not self._closed and (client := next(filter(self._fits, self._line), None)) is not None:
            turns = self._line.pop(client)
            turn = turns.popleft()
            self.waiting -= 1
            if turns:
                self._line[client] = turns
            turn.place = self._enter(client)
            turn.called.set()

    def _step_out(self, client: str, turn: _Turn) -> None:
        """Whoever was called stands in the line no more; whoever waited in vain leaves it here."""
        turns = self._line.get(client)
        if turns is not None and turn in turns:
            turns.remove(turn)
            self.waiting -= 1
            if not turns:
                del self._line[client]


def client_of(remote: str | None) -> str:
    """Who a quota counts for: an IPv4 address, or the /64 network that one IPv6 host has to itself."""
    try:
        address = ip_address((remote or "").partition("%")[0])
    except ValueError:
        return remote or ""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return address.exploded[:19]
    return str(address)


def _less(counts: Counter[K], key: K) -> None:
    counts[key] -= 1
    if not counts[key]:
        del counts[key]
