"""The file format: bytes to a valid notebook of version 4, by nbformat's own schemas and upgrade. The only use of it.

Rules:

1. Members that the schema does not know are ignored, and what only other programs need (ids, metadata) is completed. Of
   a cell's metadata one tag is kept: ``MEANT_TO_FAIL``.
2. The check is fastjsonschema's, through ``get_validator``: ``nbformat.validate`` explains an error with jsonschema,
   which took minutes for a hostile 6 MB, and ``nbformat.read`` and ``convert`` log whole notebooks.
3. nbformat is imported when it is needed: it takes a third of a second.
"""

import json
import re
from typing import Any

from introeval.notebooks.errors import NotANotebookError, NotebookTooLargeError, NotJsonError

MAX_CELLS = 500
NEXT_MINOR = 6
"""The first minor version of 4 that nbformat does not know: what it does not know is then allowed."""

MEANT_TO_FAIL = "raises-exception"
"""The tag of a cell whose error is wanted: Jupyter and nbconvert then go on behind it."""

_AGAIN = "Open it in Jupyter, save it, and hand in the saved .ipynb file."
_PLACE = re.compile(r"data\.cells\[(\d+)\]")


def valid_notebook(data: bytes) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The cells, valid as version 4, and the notebook's metadata as they are.

    Raises ``NotJsonError``, ``NotANotebookError`` or ``NotebookTooLargeError``.
    """
    raw = _json(data)
    match raw["nbformat"]:
        case 4:
            minor, cells = raw.get("nbformat_minor"), raw.get("cells")
        case 3:
            minor, cells = NEXT_MINOR, _upgraded(raw)
        case version:
            age = "too old" if version < 3 else "newer than this program"
            raise NotANotebookError(f"The notebook's format ({version}) is {age}. {_AGAIN}")
    if not isinstance(cells, list):
        raise NotANotebookError(f"The notebook has no list of cells. {_AGAIN}")
    if len(cells) > MAX_CELLS:
        raise NotebookTooLargeError(
            f"The notebook has {len(cells)} cells; at most {MAX_CELLS} are read. Leave out what does not belong to the "
            "assignment."
        )
    complete = [_complete(number, cell) for number, cell in enumerate(cells, 1)]
    # Each minor version has a compiled schema that nbformat keeps for ever; all from the future share one.
    known = min(minor, NEXT_MINOR) if isinstance(minor, int) and minor >= 0 else NEXT_MINOR
    _check({"nbformat": 4, "nbformat_minor": known, "metadata": {}, "cells": complete})
    metadata = raw.get("metadata")
    return complete, metadata if isinstance(metadata, dict) else {}


def _json(data: bytes) -> dict[str, Any]:
    try:
        raw = json.loads(data)
    except RecursionError as error:
        raise NotANotebookError(f"This file is nested too deeply to be a notebook. {_AGAIN}") from error
    except ValueError as error:
        raise NotJsonError(
            f"This file is not a Jupyter notebook: it is not JSON. {_AGAIN} A PDF, HTML or .py export cannot be graded."
        ) from error
    if not isinstance(raw, dict) or not isinstance(raw.get("nbformat"), int):
        raise NotANotebookError(f"This file is JSON, but not a Jupyter notebook. {_AGAIN}")
    return raw


def _upgraded(raw: dict[str, Any]) -> Any:
    from nbformat.notebooknode import from_dict
    from nbformat.v3.rwbase import rejoin_lines
    from nbformat.v4.convert import upgrade_cell

    old = raw | {"nbformat_minor": 0, "metadata": {}}
    _check(old)
    try:
        sheets = rejoin_lines(from_dict(old))["worksheets"]  # type: ignore[no-untyped-call]
        return [upgrade_cell(cell) for sheet in sheets for cell in sheet["cells"]]  # type: ignore[no-untyped-call]
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise NotANotebookError(
            f"The notebook is of an old format and could not be read. {_AGAIN}"
        ) from error


def _check(raw: dict[str, Any]) -> None:
    from nbformat import ValidationError
    from nbformat.validator import get_validator

    try:
        schema = get_validator(raw["nbformat"], raw["nbformat_minor"], relax_add_props=True)  # type: ignore[no-untyped-call]
        schema.validate(raw)
    except ValidationError as error:
        place = _PLACE.search(str(error))
        where = f"cell {int(place[1]) + 1}" if place else "the notebook as a whole"
        raise NotANotebookError(
            f"The notebook is damaged: {where} does not have the form it must have. {_AGAIN}"
        ) from error


def _complete(number: int, cell: Any) -> Any:
    """The cell with what its schema asks for and a reader of its text does not."""
    if not isinstance(cell, dict):
        return cell
    code = {"outputs": cell.get("outputs", []), "execution_count": cell.get("execution_count")}
    extra = code if cell.get("cell_type") == "code" else {}
    return {**cell, **extra, "id": f"cell-{number}", "metadata": _tags(cell.get("metadata"))}


def _tags(metadata: Any) -> dict[str, list[str]]:
    tags = metadata.get("tags") if isinstance(metadata, dict) else None
    return {"tags": [MEANT_TO_FAIL]} if isinstance(tags, list) and MEANT_TO_FAIL in tags else {}
