"""Who may be asked, and whose turn it is. Plain functions; the pool acts on them."""

from collections.abc import Sequence, Set

from models.config import ServerConfig, canonical
from scheduler.errors import NoServerError


def candidates(servers: Sequence[ServerConfig], model: str | None, names: Set[str] | None) -> tuple[int, ...]:
    """The indexes of the servers that serve ``model`` and are in ``names`` (``None``: all), well or not.

    Raises ``NoServerError`` when there is none: the work waits until the administrator has set one up.
    """
    named = [index for index, server in enumerate(servers) if names is None or server.name in names]
    if not named:
        known = ", ".join(server.name for server in servers)
        raise NoServerError(
            f"No language-model server is called {', '.join(sorted(names or ()))}. There are: {known or 'none'}. "
            "Correct the name, or set such a server up.",
            asked=False,
        )
    wanted = None if model is None else canonical(model)
    found = [index for index in named if wanted in (None, canonical(servers[index].model))]
    if not found:
        served = ", ".join(sorted({servers[index].model for index in named}))
        raise NoServerError(
            f"No language-model server serves {model}. Served are: {served}. Choose one of them, or set a server up "
            f"for {model}.",
            asked=False,
        )
    return tuple(found)


def next_in_turn(open_slots: Sequence[int], last: int) -> int | None:
    """The index of the first server after ``last`` that has an open slot; ``None`` when none has.

    Strict turn, whoever has more slots left: two equal servers share the work equally.
    """
    count = len(open_slots)
    order = ((last + step) % count for step in range(1, count + 1))
    return next((index for index in order if open_slots[index] > 0), None)
