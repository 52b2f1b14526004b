"""Assignments of all kinds in a running application, and work to hand in for them."""

import io
import json
from collections.abc import Sequence
from typing import Any

import aiohttp

from introeval.assignments import Assignment
from introeval.assignments.text import as_toml
from tests.assignments.values import sample
from tests.web.running import Room

PATH = "/api/v1/assignments"
UPLOAD = "/api/v1/submissions"
TOML = {"Content-Type": "application/toml"}
KINDS = ("introduction", "notebook", "pages")

NOTEBOOK = json.dumps(
    {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"language_info": {"name": "python"}},
        "cells": [
            {"cell_type": "markdown", "id": "a", "metadata": {}, "source": "The total of the rain."},
            {
                "cell_type": "code",
                "id": "b",
                "metadata": {},
                "source": "print(sum(rain))",
                "outputs": [{"output_type": "stream", "name": "stdout", "text": "907\n"}],
                "execution_count": 1,
            },
        ],
    }
).encode()


def picture(shade: int) -> bytes:
    """A small PNG of one colour."""
    from PIL import Image

    file = io.BytesIO()
    Image.new("RGB", (120, 160), (shade, shade, shade)).save(file, "PNG")
    return file.getvalue()


async def with_samples(room: Room) -> dict[str, Assignment]:
    """The samples, put in over HTTP."""
    found = {}
    for name in KINDS:
        answer = await room.client.post(PATH, data=as_toml(sample(name)), headers=TOML)
        assert answer.status == 201, await answer.text()
        found[name] = sample(name)
    return found


async def hand_in(
    room: Room,
    assignment: str | None,
    files: Sequence[tuple[str, bytes]],
    key: str | None = None,
    accept: str = "*/*",
    **fields: str,
) -> aiohttp.ClientResponse:
    """Hand files in, in this order, after the text fields."""
    form = aiohttp.FormData()
    named = {} if assignment is None else {"assignment": assignment}
    for name, value in ({"roll_number": "R-17", "name": "Asha Rao"} | named | fields).items():
        form.add_field(name, value)
    for file_name, content in files:
        form.add_field("file", io.BytesIO(content), filename=file_name)
    headers = {"Accept": accept} | ({"Idempotency-Key": key} if key else {})
    return await room.client.post(UPLOAD, data=form, headers=headers, allow_redirects=False)


async def notebook(room: Room, content: bytes = NOTEBOOK, **fields: Any) -> str:
    """Hand a notebook in; returns its id."""
    answer = await hand_in(room, "rain-notebook", [("rain.ipynb", content)], **fields)
    assert answer.status == 201, await answer.text()
    return str((await answer.json())["id"])


async def get(room: Room, path: str) -> Any:
    """A JSON answer."""
    answer = await room.client.get(path)
    assert answer.status == 200, await answer.text()
    return await answer.json()


async def posted(room: Room, path: str, body: Any = None, status: int = 200) -> Any:
    """The JSON answer to a request that has to succeed."""
    answer = await room.client.post(path, json=body) if body is not None else await room.client.post(path)
    assert answer.status == status, await answer.text()
    return await answer.json()
