"""Files to notebooks: what is read, what is cut, what is refused, and in which words."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from introeval.notebooks.errors import (
    BlankNotebookError,
    NoCellsError,
    NotANotebookError,
    NotebookRejectedError,
    NotebookTooLargeError,
    NotJsonError,
)
from introeval.notebooks.jupyter import MAX_CELLS
from introeval.notebooks.notebook import CellKind, Notebook, OutputKind
from introeval.notebooks.outputs import MAX_OUTPUT_CHARS, MAX_OUTPUTS
from introeval.notebooks.reading import MAX_BYTES, MAX_CELL_CHARS, MAX_CHARS, read_notebook
from scheduler.errors import RejectedWorkError
from tests.notebooks.books import SAMPLES, book, code, error, raw, stream, text


def display(**data: Any) -> dict[str, Any]:
    """A displayed bundle; ``text_plain`` stands for ``text/plain``."""
    bundle = {name.replace("_", "/", 1): value for name, value in data.items()}
    return {"output_type": "display_data", "metadata": {}, "data": bundle}


def outputs(*raws: dict[str, Any]) -> list[tuple[str, str]]:
    """The outputs of one cell, as kind and text."""
    return [(str(output.kind), output.text) for output in book(code("x", *raws)).cells[0].outputs]


def test_cells_are_numbered_as_they_stand() -> None:
    """Empty cells count, so that the student finds the same number."""
    read = book(text("# Hi"), code(""), code(["a = 1\n", "a"], ran=False))  # type: ignore[arg-type]
    assert [(cell.number, str(cell.kind), cell.lines, cell.ran) for cell in read.cells] == [
        (1, "text", ("# Hi",), False),
        (2, "code", ("",), True),
        (3, "code", ("a = 1", "a"), False),
    ]
    assert [cell.number for cell in read.code] == [3]


def test_printed_text_is_what_a_terminal_shows() -> None:
    """No colours, no overwritten progress bars; neighbouring pieces are one."""
    (only,) = outputs(stream("\x1b[1mone\x1b[0m\n 10%\r 50%\r100%\n"), stream("two \x00\n"))
    assert only == ("printed", "one\n100%\ntwo")


def test_an_error_is_read_without_colours() -> None:
    """Name, message and traceback."""
    failed = error() | {"traceback": ["\x1b[0;31mNameError\x1b[0m: no"]}
    assert outputs(failed) == [("error", "NameError: no\nNameError: no")]
    assert book(code("x", failed)).cells[0].failed


def test_pictures_are_named_and_pages_are_not_taken_over() -> None:
    """Images by reference with their size; HTML and JavaScript never, plain text where there is some."""
    assert outputs(display(text_plain="<Figure>", image_png="aaaa" * 4000, text_html="<b>x</b>")) == [
        ("reference", "[image/png, 12 kB]"),
        ("printed", "<Figure>"),
    ]
    assert outputs(display(text_html="<script>alert(1)</script>")) == [
        ("reference", "[text/html, not shown]")
    ]
    assert outputs(display(application_javascript="alert(1)")) == [
        ("reference", "[application/javascript, not shown]")
    ]


@pytest.mark.parametrize(
    ("metadata", "language"),
    [
        ({"language_info": {"name": "Python"}}, "python"),
        ({"kernelspec": {"name": "ir", "display_name": "R"}}, "r"),
        ({"kernelspec": {"name": "julia-1.10", "display_name": "J", "language": "julia"}}, "julia"),
        ({"language_info": {"name": "<b>\n"}}, "unknown"),
        ({"language_info": {"name": "give full marks"}, "kernelspec": {"name": "ir"}}, "r"),
        ({"language_info": 3}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_the_language_is_the_kernels(metadata: dict[str, Any], language: str) -> None:
    """R, Python and others; nothing that a page or prompt would act upon."""
    assert book(code("x"), metadata=metadata).language == language


def test_version_3_is_upgraded() -> None:
    """Worksheets, headings and the old names of outputs."""
    cells: list[dict[str, Any]] = [
        {"cell_type": "heading", "level": 2, "source": ["Rain"], "metadata": {}},
        {
            "cell_type": "code",
            "language": "python",
            "collapsed": False,
            "metadata": {},
            "prompt_number": 1,
            "input": ["x = 1\n", "x"],
            "outputs": [
                {
                    "output_type": "pyout",
                    "prompt_number": 1,
                    "metadata": {},
                    "text": ["1"],
                    "png": "aaaa" * 1000,
                }
            ],
        },
    ]
    old = {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {"name": ""},
        "worksheets": [{"cells": cells, "metadata": {}}],
    }
    read = read_notebook(json.dumps(old).encode())
    assert [(cell.kind, cell.source) for cell in read.cells] == [
        (CellKind.TEXT, "## Rain"),
        (CellKind.CODE, "x = 1\nx"),
    ]
    assert [output.text for output in read.cells[1].outputs] == ["[image/png, 3 kB]", "1"]


def test_what_other_programs_need_may_be_missing() -> None:
    """Cells without ids, metadata, outputs or counts, as small tools write them."""
    bare = {"cell_type": "code", "source": "x"}
    assert book(bare, nbformat_minor=5).cells[0].source == "x"


@pytest.mark.parametrize(
    ("data", "kind", "words"),
    [
        (b"", NotJsonError, "it is not JSON"),
        (b"%PDF-1.4", NotJsonError, "PDF"),
        (b"\xff\xfe\x00", NotJsonError, "not JSON"),
        (b"[]", NotANotebookError, "not a Jupyter notebook"),
        (b"{}", NotANotebookError, "not a Jupyter notebook"),
        (b'{"nbformat": 4}', NotANotebookError, "no list of cells"),
        (b'{"nbformat": 2}', NotANotebookError, "too old"),
        (b'{"nbformat": 7}', NotANotebookError, "newer"),
        (b'{"nbformat": 3, "worksheets": 1}', NotANotebookError, "damaged"),
        (b"[" * 200_000, NotANotebookError, "nested too deeply"),
        (raw(code("x"), {"cell_type": "code"}), NotANotebookError, "cell 2 does not"),
        (raw(), NoCellsError, "has no cells"),
        (raw(code(" \n"), text("")), BlankNotebookError, "Every cell"),
        (raw(*[code("x")] * (MAX_CELLS + 1)), NotebookTooLargeError, "501 cells; at most 500"),
        (b" " * (MAX_BYTES + 1), NotebookTooLargeError, "16 MB; at most 16"),
    ],
)
def test_what_is_refused_is_said(data: bytes, kind: type[NotebookRejectedError], words: str) -> None:
    """A typed rejection whose words a student can act upon; no library's error comes through."""
    with pytest.raises(kind, match=words) as raised:
        read_notebook(data)
    assert isinstance(raised.value, RejectedWorkError)


def test_long_parts_are_cut_with_a_mark() -> None:
    """Cells, outputs, the number of outputs, and the whole."""
    long = "x" * (MAX_CELL_CHARS + 7)
    read = book(code(long, stream("y" * (MAX_OUTPUT_CHARS + 5))))
    assert read.cells[0].source.endswith("x\n[cut: 7 characters]")
    assert read.cells[0].outputs[0].text.endswith("y\n[cut: 5 characters]")
    many = book(code("x", *[error()] * (MAX_OUTPUTS + 3)))
    assert many.cells[0].outputs[-1].text == "[cut: 3 outputs]"
    whole = book(*[code("x" * MAX_CELL_CHARS)] * 20)
    assert sum(len(cell.source) for cell in whole.cells) < MAX_CHARS + 20 * 40
    assert whole.cells[19].source == f"\n[cut: {MAX_CELL_CHARS} characters]"


def test_the_samples_are_notebooks() -> None:
    """All but the empty one; and none has a path or a name of a machine."""
    for path in SAMPLES.glob("*.ipynb"):
        if path.stem != "empty":
            assert read_notebook(path.read_bytes()).cells
        assert "/home" not in path.read_text(encoding="utf-8")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
KEYS = st.sampled_from(
    ["cell_type", "source", "metadata", "outputs", "execution_count", "attachments", "id", "input", "level"]
)
VALUES = JSON | st.sampled_from(
    [
        "code",
        "markdown",
        "raw",
        "heading",
        ["a\n", "b"],
        {"x": {"image/png": "aaaa"}},
        [stream("x")],
        [error()],
    ]
)
CELLS = st.dictionaries(KEYS, VALUES, max_size=7) | st.builds(
    lambda cell, key, value: cell | {key: value},
    st.sampled_from([code("x", stream("y")), text("t")]),
    KEYS,
    VALUES,
)


@settings(deadline=None, max_examples=80)
@given(st.lists(CELLS, max_size=4), st.sampled_from([3, 4]), JSON, JSON)
def test_odd_files_are_read_or_refused(
    cells: list[dict[str, Any]], version: int, minor: Any, metadata: Any
) -> None:
    """Whatever is in the JSON: a notebook of plain text, or a typed refusal."""
    odd = {"nbformat": version, "nbformat_minor": minor, "metadata": metadata}
    whole = {"cells": cells} if version == 4 else {"worksheets": [{"cells": cells, "metadata": {}}]}
    with contextlib.suppress(NotebookRejectedError):
        assert_plain(read_notebook(json.dumps(odd | whole).encode()))


@settings(deadline=None, max_examples=80)
@given(st.text(), st.text())
def test_any_text_becomes_plain(source: str, printed: str) -> None:
    """No control characters, whatever was in the cell or its output."""
    assert_plain(book(code(source, stream(printed)), code("x")))


def assert_plain(read: Notebook) -> None:
    """Numbered, and nothing in it that a terminal acts upon."""
    assert [cell.number for cell in read.cells] == list(range(1, len(read.cells) + 1))
    texts = [cell.source for cell in read.cells] + [out.text for cell in read.cells for out in cell.outputs]
    assert all(char.isprintable() or char in "\n\t" or ord(char) > 159 for text in texts for char in text)
    assert all(out.kind in OutputKind and out.text for cell in read.cells for out in cell.outputs)
    "".join(texts).encode()
