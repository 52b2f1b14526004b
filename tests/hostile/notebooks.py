"""Notebooks that are bombs of JSON, and some that are only odd."""

import json
from typing import Any

from tests.hostile.craft import OK, Crafted, crafted

NOT_JSON = "notebook_not_json"
NO_NOTEBOOK = "not_a_notebook"
LARGE = "notebook_too_large"
HEAD = b'{"nbformat":4,"nbformat_minor":5,'
CODE: dict[str, Any] = {
    "cell_type": "code", "id": "a", "metadata": {}, "source": "x = 1", "outputs": [], "execution_count": 1,
}  # fmt: skip


def book(**changes: Any) -> bytes:
    """A notebook of one code cell, with these changes to the cell."""
    cells = [CODE | changes]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}).encode()


def _with(metadata: bytes) -> bytes:
    return HEAD + b'"metadata":' + metadata + b',"cells":[' + json.dumps(CODE).encode() + b"]}"


FILES: list[Crafted] = [
    crafted("notebook deep-lists", NO_NOTEBOOK, lambda s: b"[" * 1_000_000, "a.ipynb"),
    crafted("notebook deep-objects", NO_NOTEBOOK, lambda s: b'{"a":' * 500_000, "a.ipynb"),
    crafted("notebook deep-metadata", f"{NO_NOTEBOOK} {OK}", lambda s: _with(b"[" * 900 + b"]" * 900), "a.ipynb"),
    crafted("notebook two-million-objects", f"{OK} {LARGE}", lambda s: _with(
        b"[" + b"{}," * 2_000_000 + b"{}]"), "a.ipynb"),
    crafted("notebook half-a-million-keys", f"{OK} {LARGE}", lambda s: _with(
        b"{" + b",".join(b'"%d":{}' % i for i in range(500_000)) + b"}"), "a.ipynb"),
    crafted("notebook huge-string", OK, lambda s: book(source="x" * 15_000_000), "a.ipynb"),
    crafted("notebook huge-number", f"{NOT_JSON} {OK}", lambda s: _with(
        b'{"a":' + b"9" * 10_000_000 + b"}"), "a.ipynb"),
    crafted("notebook many-outputs", f"{OK} {LARGE}", lambda s: book(
        outputs=[{"output_type": "stream", "name": "stdout", "text": "a"}] * 40_000), "a.ipynb"),
    crafted("notebook many-attachments", f"{OK} {LARGE}", lambda s: book(
        cell_type="markdown", attachments={str(i): {"image/png": "A"} for i in range(500_000)}), "a.ipynb"),
    crafted("notebook nan", f"{OK} {NO_NOTEBOOK}", lambda s: _with(b'{"a":NaN,"b":-Infinity,"c":1e999}'), "a.ipynb"),
    crafted("notebook nan-for-a-count", NO_NOTEBOOK, lambda s: book(execution_count=float("nan")), "a.ipynb"),
    crafted("notebook twice-the-same-key", OK, lambda s: HEAD + HEAD[1:] + _with(b"{}")[1:], "a.ipynb"),
    crafted("notebook half-a-character", OK, lambda s: book(source="\ud800 x"), "a.ipynb"),
    crafted("notebook nulls", f"{OK} {NO_NOTEBOOK}", lambda s: book(source="a\0b"), "a.ipynb"),
    crafted("notebook too-many-bytes", LARGE, lambda s: book(source="x" * 17_000_000), "a.ipynb"),
    crafted("notebook bytes", NOT_JSON, lambda s: bytes(range(256)) * 100, "a.ipynb"),
    crafted("notebook empty", NOT_JSON, lambda s: b"", "a.ipynb"),
    crafted("notebook html", NOT_JSON, lambda s: b"<html><script>alert(1)</script></html>", "a.ipynb"),
    crafted("notebook honest", OK, lambda s: book(), "a.ipynb"),
]  # fmt: skip
