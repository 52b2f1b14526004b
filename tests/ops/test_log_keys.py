"""Every key that the source logs is allowed, so that no line loses what it was written for; and no key is left over."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from introeval.logs import ALLOWED, OWN

ROOT = Path(__file__).parents[2]
TREES = {
    path: ast.parse(path.read_text(encoding="utf-8"))
    for package in ("introeval", "scheduler", "stt", "models", "db")
    for path in sorted((ROOT / package).rglob("*.py"))
}
LEVELS = {"debug", "info", "warning", "error", "exception", "critical", "log"}
LOGGERS = {"log", "_log", "logger"}
CONTROL = {"exc_info", "extra", "stack_info", "stacklevel"}
FUNCTIONS = [node for tree in TREES.values() for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def log_calls(tree: ast.AST) -> Iterator[ast.Call]:
    """Calls such as ``log.info(...)``."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in LEVELS
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id in LOGGERS
        ):
            yield node


def texts(tree: ast.AST) -> set[str]:
    """The keys of all dictionaries in a piece of code."""
    keys = [key for node in ast.walk(tree) if isinstance(node, ast.Dict) for key in node.keys]
    return {key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str)}


def keys_of(extra: ast.expr, module: ast.Module) -> set[str]:
    """Keys of an ``extra``: its own dictionaries, those of its variables, and of the functions that it calls."""
    found = texts(extra)
    names = {node.id for node in ast.walk(extra) if isinstance(node, ast.Name)}
    for node in ast.walk(module):
        if isinstance(node, ast.Assign) and any(
            isinstance(t, ast.Name) and t.id in names for t in node.targets
        ):
            found |= texts(node.value)
    for call in (node for node in ast.walk(extra) if isinstance(node, ast.Call)):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        for function in FUNCTIONS:
            found |= texts(function) if function.name == name else set()
    return found


def logged(module: ast.Module) -> set[str]:
    """All keys that a module logs, by structlog's keywords or by ``extra``."""
    found: set[str] = set()
    for call in log_calls(module):
        for keyword in call.keywords:
            if keyword.arg == "extra":
                found |= keys_of(keyword.value, module)
            elif keyword.arg not in CONTROL:
                found.add(str(keyword.arg))
    return found


@pytest.mark.parametrize(
    "path", [path for path, tree in TREES.items() if any(log_calls(tree))], ids=lambda p: p.stem
)
def test_logged_keys_are_allowed(path: Path) -> None:
    """A key that is not allowed would be dropped."""
    assert logged(TREES[path]) - ALLOWED == set()


def test_allowed_keys_are_logged() -> None:
    """The list holds nothing that no line has."""
    assert ALLOWED - OWN - set().union(*(logged(tree) for tree in TREES.values())) == set()


def test_messages_are_constant() -> None:
    """What varies goes into keys: a message with a place for a value could carry anything."""
    varying = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path, tree in TREES.items()
        for call in log_calls(tree)
        if any(
            isinstance(node, ast.JoinedStr | ast.Mod) for argument in call.args for node in ast.walk(argument)
        )
        or any("%" in str(node.value) for node in call.args if isinstance(node, ast.Constant))
    ]
    assert varying == []
