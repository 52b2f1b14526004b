"""``AssignmentsApi``: the requests about assignments, one method each. Failures: as ``Api``."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

from introeval.client.api import PAGE, Api
from introeval.client.assignment_shapes import (
    AssignmentLine,
    AssignmentPage,
    Cancelled,
    Preview,
    Regraded,
    Run,
)

PATH = "/api/v1/assignments"
TYPES = {"toml": "application/toml", "json": "application/json"}


@dataclass(frozen=True, slots=True)
class Applied:
    """``version``: the one that now is the newest. ``changed``: it was added by this request."""

    version: int
    changed: bool


class AssignmentsApi:
    """Uses an open ``Api``."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def all(self) -> list[AssignmentLine]:
        """The newest version of each, by id."""
        found: list[AssignmentLine] = []
        while True:
            query = {"limit": PAGE, "offset": len(found)}
            page = self._api.read(AssignmentPage, await self._api.document("GET", PATH, query=query))
            found += page.items
            if not page.items or len(found) >= page.total:
                return found

    async def text(self, assignment_id: str, version: int | None, fmt: Literal["toml", "json"]) -> str:
        """One version as a text to edit; ``None``: the newest."""
        path = _path(assignment_id) + ("" if version is None else f"/versions/{version}")
        return await self._api.text(path, TYPES[fmt])

    async def apply(
        self, assignment_id: str, text: str, fmt: Literal["toml", "json"], condition: dict[str, str]
    ) -> Applied:
        """Add a version. ``condition``: a header that says which one it may replace; none: the text says it."""
        headers = {"Content-Type": f"{TYPES[fmt]}; charset=utf-8"} | condition
        status, document = await self._api.sent("PUT", _path(assignment_id), body=text, headers=headers)
        return Applied(int(document["version"]), status == 201)

    async def run(self, assignment_id: str) -> Run:
        """How far its submissions are."""
        return self._api.read(Run, await self._api.document("GET", _path(assignment_id, "run")))

    async def regrade(self, assignment_id: str, submissions: Sequence[str]) -> Regraded:
        """Grade again; none named: all that have ended."""
        body: dict[str, Any] = {"submissions": list(submissions)} if submissions else {}
        path = _path(assignment_id, "regrade")
        return self._api.read(Regraded, await self._api.document("POST", path, body=body))

    async def cancel(self, assignment_id: str) -> Cancelled:
        """Stop what has not ended."""
        path = _path(assignment_id, "cancel")
        return self._api.read(Cancelled, await self._api.document("POST", path, body={}))

    async def preview_document(self, assignment_id: str, submission: str, version: int | None) -> Any:
        """What grading would ask, as the daemon sent it."""
        query: dict[str, str | int] = {"submission": submission}
        query |= {} if version is None else {"version": version}
        return await self._api.document("GET", _path(assignment_id, "preview"), query=query)

    def preview_of(self, document: Any) -> Preview:
        """The same, read."""
        return self._api.read(Preview, document)


def _path(assignment_id: str, what: str = "") -> str:
    return f"{PATH}/{quote(assignment_id, safe='')}" + (f"/{what}" if what else "")
