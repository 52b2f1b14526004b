"""Importing a library without one of its optional companions, for a faster start.

A daemon that is back in a second after a crash is one that students do not notice. Optional parts that it never uses
should cost nothing of that second (rich, which structlog takes along, is a tenth of it).
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def absent(name: str) -> Iterator[None]:
    """Within the block importing ``name`` fails as if it were not installed; a loaded one is left alone."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]  # the documented way to make an import fail
    try:
        yield
    finally:
        del sys.modules[name]
