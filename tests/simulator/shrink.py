"""The shortest script that still breaks the same law: items are left out, in ever smaller parts, as long as it does.

Zeller and Hildebrandt's delta debugging (``ddmin``), IEEE Transactions on Software Engineering 28(2), 2002.
"""

from collections.abc import Callable
from dataclasses import replace

from tests.simulator.script import Item, Script
from tests.simulator.session import Outcome, play
from tests.simulator.tables import Tables


def shortest(script: Script, outcome: Outcome, tables: Tables) -> tuple[Script, Outcome]:
    """A script with fewer items, if there is one, and what it ends with."""
    best = (script, outcome)

    def fails(items: tuple[Item, ...]) -> bool:
        nonlocal best
        shorter = replace(script, items=items)
        found = play(shorter, tables)
        if found.law == outcome.law:
            best = (shorter, found)
            return True
        return False

    minimised(script.items, fails)
    return best


def minimised(items: tuple[Item, ...], fails: Callable[[tuple[Item, ...]], bool]) -> tuple[Item, ...]:
    """Items of which none can be left out without ``fails`` becoming false."""
    parts = 2
    while len(items) >= 2:
        size = max(1, len(items) // parts)
        for start in range(0, len(items), size):
            rest = items[:start] + items[start + size :]
            if fails(rest):
                items, parts = rest, max(2, parts - 1)
                break
        else:
            if size == 1:
                break
            parts = min(len(items), 2 * parts)
    return items


def text(script: Script) -> str:
    """The script, an item a line, fields that say nothing left out."""
    setup = ", ".join(f"{name}={getattr(script, name)!r}" for name in _SETUP)
    return "\n".join([f"  {setup}", *(f"  {_line(item)}" for item in script.items)])


_SETUP = ("batch_size", "age", "caps", "stt_slots", "servers", "server_slots", "exclusive", "beats")


def _line(item: Item) -> str:
    fields = ("who", "nth", "stage", "how", "value")
    said = ", ".join(
        f"{name}={getattr(item, name)!s}" for name in fields if getattr(item, name) not in ("", 0.0)
    )
    return f"{item.at:7.3f} s  {item.what}  {said}".rstrip()
