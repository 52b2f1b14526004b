"""What each model made of the submissions of an assignment, as it was kept with the results."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from db.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRating:
    """One row of ``ratings``. ``marks``: by criterion or question. ``attempt``: the try, from 1."""

    task_id: str
    model: str
    attempt: int
    server: str
    score: float
    max_score: float
    marks: Mapping[str, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What changes whenever ratings under a version come or go, or submissions of its assignment come.

    ``newest``: the highest row; it may be given again to a later rating, which then has another time (``latest``)."""

    ratings: int
    newest: int | None
    latest: float | None
    submissions: int


class Ratings:
    """Reads them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, assignment_id: str, version: int) -> tuple[KeptRating, ...]:
        """All ratings under one version, by submission, and of each in the order in which the models were asked."""
        rows = await self._database.all("assignment_ratings", {"id": assignment_id, "version": version})
        return tuple(KeptRating(**dict(row) | {"marks": json.loads(row["marks"])}) for row in rows)

    async def caps(self, assignment_id: str, version: int) -> dict[str, float]:
        """The lowest cap that guards set each submission under one version, as far as its grade keeps to it.

        A grade may be above one: the mean of two opinions, of which the guard bound one.
        """
        rows = await self._database.all("assignment_caps", {"id": assignment_id, "version": version})
        return {row["task_id"]: float(row["cap"]) for row in rows}

    async def mark(self, assignment_id: str, version: int) -> Mark:
        """A cheap sign of whether ``of`` and ``caps`` would answer as they did."""
        row = await self._database.one("ratings_mark", {"id": assignment_id, "version": version})
        assert row is not None
        return Mark(**dict(row))
