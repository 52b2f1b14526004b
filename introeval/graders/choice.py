"""Which of several opinions a submission is asked: what is paid for counts before whose turn it is.

The rules:

1. An opinion whose replies are all kept is taken as it is, whether its model is up now or not.
2. Of the others, those whose model is up are asked; the one with the most kept replies first, then as the plan orders
   them. So an attempt after a failure, a restart or a regrade goes on with whoever has begun, as long as that model is
   there; when it is away, another one begins, and only then is anything paid for twice.
3. When none is up, the plan's first are named all the same: the task waits, and the next attempt chooses anew.
"""

from collections.abc import Callable, Sequence
from typing import Any

from introeval.assignments.opinions import Asked
from introeval.graders.base import Work
from models.task import LLMTask

Requests = Callable[[Asked], Sequence[LLMTask[Any]]]
"""All requests that an opinion is made of; at least one."""


async def chosen(
    work: Work, options: Sequence[Asked], requests: Requests, count: int = 1
) -> tuple[Asked, ...]:
    """At most ``count`` of the ``options``, in their order. Raises ``StateError``."""
    if len(options) < 2:
        return tuple(options)
    ranks = {option: await _rank(work, option, requests(option)) for option in options}
    able = [option for option in options if ranks[option][:2] != (True, True)] or options
    best = sorted(able, key=lambda option: ranks[option])[:count]
    return tuple(option for option in options if option in best)


async def _rank(work: Work, option: Asked, requests: Sequence[LLMTask[Any]]) -> tuple[bool, bool, int]:
    """What it lacks: kept replies to all, a model that is up, kept replies. The least is the best (rules 1 and 2)."""
    kept = [await work.executor.kept(request) is not None for request in requests]
    up = option.model is None or option.model in work.models
    return not all(kept), not up, -sum(kept)
