"""Changes of production code for a while: a few words of a function, a statement, a trigger.

Each must find what it edits: a defect whose place was rewritten is noticed, and not taken for one that was caught.
"""

import inspect
import textwrap
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from db import database
from tests.simulator.script import Script
from tests.simulator.seeds import tables


@contextmanager
def replaced(owner: Any, name: str, value: object) -> Iterator[None]:
    """``owner.name`` is ``value``."""
    kept = inspect.getattr_static(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, kept)


@contextmanager
def edited(owner: Any, name: str, old: str, new: str) -> Iterator[None]:
    """The function ``owner.name`` has ``new`` where it has ``old``, exactly once."""
    kept = inspect.getattr_static(owner, name)
    function = kept.__func__ if isinstance(kept, staticmethod) else inspect.unwrap(kept)
    source = textwrap.dedent(inspect.getsource(function))
    if source.count(old) != 1:
        raise LookupError(f"{name} has {old!r} {source.count(old)} times: correct the mutant")
    made: dict[str, Any] = {}
    exec(compile(source.replace(old, new), f"<{name} with a defect>", "exec"), function.__globals__, made)
    with replaced(owner, name, made[function.__name__]):
        yield


@contextmanager
def sql(module: Any, names: tuple[str, ...], old: str, new: str) -> Iterator[None]:
    """The named statements have ``new`` where they have ``old``."""
    statements = dict(module.STATEMENTS)
    for name in names:
        if old not in statements[name]:
            raise LookupError(f"{name} has no {old!r}: correct the mutant")
        statements[name] = statements[name].replace(old, new)
    with replaced(module, "STATEMENTS", statements):
        yield


@contextmanager
def without_trigger(name: str) -> Iterator[None]:
    """The tables have lost a trigger."""
    file = tables().file
    (made,) = file.execute(
        "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = ?", (name,)
    ).fetchone()
    file.execute(f"DROP TRIGGER {name}")
    try:
        yield
    finally:
        file.execute(made)


Patch = Callable[[], AbstractContextManager[object]]


@dataclass(frozen=True, slots=True)
class Mutant:
    """``name``: for a table. ``where``: the part that is wrong. ``patches``: make it so.

    ``needs``: whether it may show in a script; others need not be played.
    """

    name: str
    where: str
    patches: tuple[Patch, ...]
    needs: Callable[[Script], bool] = lambda _script: True

    @contextmanager
    def alive(self) -> Iterator[None]:
        """While it lives, the code is wrong."""
        with ExitStack() as stack:
            for patch in self.patches:
                stack.enter_context(patch())
            yield


def edit(owner: Any, name: str, old: str, new: str) -> Patch:
    """See ``edited``."""
    return lambda: edited(owner, name, old, new)


def put(owner: Any, name: str, value: object) -> Patch:
    """See ``replaced``."""
    return lambda: replaced(owner, name, value)


def statement(names: tuple[str, ...], old: str, new: str) -> Patch:
    """See ``sql``."""
    return lambda: sql(database, names, old, new)


def happens(what: str) -> Callable[[Script], bool]:
    """Scripts in which this happens: a ``Happens``, or how it does."""
    return lambda script: any(what in (item.what, item.how) for item in script.items)


def streams(script: Script) -> bool:
    """Scripts in which one kind of work keeps coming."""
    return len(script.uploads) > 10
