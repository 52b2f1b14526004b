"""One submission's date of deletion, over HTTP."""

from urllib.parse import quote

from introeval.client.api import Api
from introeval.client.shapes import Shape


class Kept(Shape):
    """``delete_after``: ISO 8601, UTC; ``None``: never by itself."""

    delete_after: str | None


async def set_retention(api: Api, task_id: str, until: str | None) -> str | None:
    """Give it a date of its own, ``None``: never. Returns the date that it has now. Raises ``ClientError``."""
    document = await api.document("PUT", _path(task_id), body={"delete_after": until})
    return api.read(Kept, document).delete_after


async def unset_retention(api: Api, task_id: str) -> str | None:
    """Back to what its assignment says. Returns the date that it has now. Raises ``ClientError``."""
    return api.read(Kept, await api.document("DELETE", _path(task_id))).delete_after


def _path(task_id: str) -> str:
    return f"/api/v1/submissions/{quote(task_id, safe='')}/retention"
