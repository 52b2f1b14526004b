"""Many small pieces in few requests: pages packed by a budget of tokens, and what an image costs a model. Pure.

The rules of packing:

1. Owners (students) come in the order in which their first piece comes; an owner's pieces stay in their order, and no
   other owner's piece comes between them.
2. An owner that fits into a request is never divided: it goes into the current request, or begins the next one.
3. An owner that does not fit gets several consecutive requests, each as full as its order allows. Whoever comes next
   may fill the last of them.
4. A piece that is larger than the budget goes alone; what is done about it is the server's word.

The rules of metering: what an image costs differs by model, and nobody but the server knows it. Until it has said so
for a model, the dearest common one is assumed. Then the estimate is the smoothed mean and four smoothed deviations, as
TCP estimates a round trip (RFC 6298, section 2): high at first, close to the mean once the numbers are steady.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

IMAGE_TOKENS = 6404.0
"""An image until a server has said more: Llama 3.2 Vision's four tiles of 1,601 tokens."""

MEAN_WEIGHT, DEVIATION_WEIGHT, DEVIATIONS = 1 / 8, 1 / 4, 4
"""RFC 6298's alpha, beta and K."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Something to send, such as the image of a page. ``tokens``: what it will cost, estimated (0 or more)."""

    owner: str
    tokens: int


Packing = tuple[tuple[int, ...], ...]
"""The pieces' indexes by request."""


def pack(pieces: Sequence[Piece], budget: int, most: int | None = None) -> Packing:
    """The requests, in order: at most ``budget`` tokens and ``most`` pieces each (``None``: any number).

    Every index is in exactly one request. Raises ``ValueError`` when ``budget`` or ``most`` is below 1.
    """
    if budget < 1 or (most is not None and most < 1):
        raise ValueError("a request must have room for at least one token and one piece")
    packer = _Packer(budget, len(pieces) if most is None else most)
    for owned in _by_owner(pieces):
        costs = [pieces[index].tokens for index in owned]
        if not packer.fits(sum(costs), len(owned)):
            packer.begin()
        for index, cost in zip(owned, costs, strict=True):
            if not packer.fits(cost, 1):
                packer.begin()
            packer.add(index, cost)
    return tuple(tuple(request) for request in packer.requests)


class _Packer:
    """The requests so far; the last one is open."""

    def __init__(self, budget: int, most: int) -> None:
        self.requests: list[list[int]] = []
        self._budget, self._most = budget, most
        self._used = 0

    def fits(self, tokens: int, pieces: int) -> bool:
        """Whether the open request (or, when there is none, a new one) has room for these."""
        count = len(self.requests[-1]) if self.requests else 0
        return self._used + tokens <= self._budget and count + pieces <= self._most

    def begin(self) -> None:
        """End the open request, unless nothing is in it."""
        if self.requests and self.requests[-1]:
            self.requests.append([])
            self._used = 0

    def add(self, index: int, tokens: int) -> None:
        """Put a piece into the open request."""
        if not self.requests:
            self.requests.append([])
        self.requests[-1].append(index)
        self._used += tokens


def _by_owner(pieces: Sequence[Piece]) -> list[list[int]]:
    """The pieces' indexes by owner, owners in the order of their first piece."""
    owners: dict[str, list[int]] = {}
    for index, piece in enumerate(pieces):
        owners.setdefault(piece.owner, []).append(index)
    return list(owners.values())


@dataclass(slots=True)
class _Cost:
    mean: float
    deviation: float


class TokenMeter:
    """What one image costs each model, in tokens. ``start``: what is assumed before a model's first report."""

    def __init__(self, start: float = IMAGE_TOKENS) -> None:
        self._start = start
        self._costs: dict[str, _Cost] = {}

    def per_image(self, model: str) -> int:
        """Tokens to reckon with, rounded up. Before a report: the conservative start."""
        cost = self._costs.get(model)
        return math.ceil(self._start if cost is None else cost.mean + DEVIATIONS * cost.deviation)

    def reported(self, model: str, images: int, tokens_in: int, text_tokens: int) -> None:
        """A server read ``tokens_in`` tokens, of which the text had ``text_tokens`` or more, the rest were images.

        A text that is counted too low makes images look dearer, which is the safe side. Ignored without images.
        """
        if images < 1:
            return
        seen = max(0.0, (tokens_in - text_tokens) / images)
        cost = self._costs.get(model)
        if cost is None:
            self._costs[model] = _Cost(seen, seen / 2)
            return
        cost.deviation += DEVIATION_WEIGHT * (abs(seen - cost.mean) - cost.deviation)
        cost.mean += MEAN_WEIGHT * (seen - cost.mean)

    def overflowed(self, model: str) -> None:
        """A request that should have fitted did not: reckon with twice as much from now on."""
        self._costs[model] = _Cost(2.0 * self.per_image(model), 0.0)
