"""The tree in ``scheduler.errors`` is the whole one."""

import importlib
import pkgutil
from collections.abc import Iterator

import pytest

from scheduler import errors

PACKAGES = ("introeval", "scheduler", "stt", "models", "db")
WIDTH = 46
BRANCH, LAST, BELOW, NOTHING = "├── ", "└── ", "│   ", "    "


@pytest.fixture(scope="module", autouse=True)
def _everything_is_imported() -> None:
    for name in PACKAGES:
        package = importlib.import_module(name)
        for module in pkgutil.walk_packages(package.__path__, f"{name}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)


def refinements(kind: type[BaseException]) -> list[type[BaseException]]:
    """Our direct subclasses, by name; the tests' own do not count."""
    ours = [found for found in kind.__subclasses__() if found.__module__.partition(".")[0] in PACKAGES]
    return sorted(ours, key=lambda found: found.__name__)


def drawn(kind: type[BaseException], first: str = NOTHING, rest: str = NOTHING) -> Iterator[str]:
    """The lines of the tree below and with ``kind``."""
    yield f"{first + kind.__name__:<{WIDTH}}{kind.__module__}"
    below = refinements(kind)
    for found in below:
        last = found is below[-1]
        yield from drawn(found, rest + (LAST if last else BRANCH), rest + (NOTHING if last else BELOW))


def every(kind: type[errors.IntroevalError]) -> Iterator[type[errors.IntroevalError]]:
    """``kind`` and all that refine it."""
    yield kind
    for found in refinements(kind):
        assert issubclass(found, errors.IntroevalError)
        yield from every(found)


def test_the_docstring_has_the_whole_tree() -> None:
    """A new exception is added to the docstring of ``scheduler.errors``; these are its lines."""
    tree = "\n".join(drawn(errors.IntroevalError))
    assert tree in str(errors.__doc__), f"the tree is now:\n{tree}"


def test_each_library_error_is_translated_into_ours() -> None:
    """No exception class of the project stands beside the tree."""
    beside = [found.__name__ for found in refinements(Exception) if found is not errors.IntroevalError]
    assert beside == []


def test_names_and_codes_are_unique() -> None:
    """A name in a trace and a code in a log or an answer mean one thing. The web's refusals carry their own codes."""
    found = list(every(errors.IntroevalError))
    names = [kind.__name__ for kind in found]
    assert len(set(names)) == len(names)
    codes = [kind.code for kind in found if kind.__name__ != "ProblemError"]
    assert len(set(codes)) == len(codes)
