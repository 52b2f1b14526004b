"""Small files, small functions, no rooms without a purpose."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("introeval", "scheduler", "stt", "models", "db", "tests", "benchmarks", "docs", "samples")
FILES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
LONGEST_FILE = 250
LONGEST_FUNCTION = 60
NO_PURPOSE = {"utils", "util", "helpers", "common", "misc", "manager"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_file(path: Path) -> None:
    """A file is at most 250 lines, its functions at most 60, its name is a role, and its text says which."""
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= LONGEST_FILE
    assert path.stem not in NO_PURPOSE
    tree = ast.parse(text)
    assert not text.strip() or ast.get_docstring(tree), "the module's docstring is missing"
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    too_long = [
        node.name for node in functions if (node.end_lineno or 0) - node.lineno + 1 > LONGEST_FUNCTION
    ]
    assert too_long == []
    if path.name.startswith("test_"):
        tests = [node for node in functions if node.name.startswith("test_")]
        assert [node.name for node in tests if not ast.get_docstring(node)] == []
