"""A process that kills itself before its n-th step, so that every place it can die at is looked at in turn."""

import os
import signal
from collections.abc import Callable, Iterable
from typing import Any


def kill_before(step: int, calls: Iterable[tuple[type | object, str]]) -> None:
    """``kill -9`` this process before its ``step``-th call (from 0) of any of these (owner, name).

    Nothing is replaced, each call is only counted; the process dies, so nothing is put back.
    """
    left = step

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*arguments: Any, **named: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*arguments, **named)

        return wrapper

    for owner, name in calls:
        setattr(owner, name, counted(getattr(owner, name)))


def died(body: Callable[[], object]) -> bool:
    """Run it in a process of its own: whether that was killed. It ends well otherwise, or this raises."""
    child = os.fork()
    if child == 0:
        try:
            body()
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0
    return False
