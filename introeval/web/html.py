"""``Html``: renders the templates. The engine is loaded with the first page (``rendering`` says why)."""

from functools import cached_property
from typing import TYPE_CHECKING

from aiohttp import web

from introeval.web.assets import Assets
from introeval.web.schema import ProblemBody

if TYPE_CHECKING:
    from jinja2 import Environment


class Html:
    """Templates to answers; none is kept by a cache."""

    def __init__(self, assets: Assets) -> None:
        self._assets = assets

    def page(self, template: str, status_code: int = 200, **values: object) -> web.Response:
        """A page from its template."""
        text = self._templates.get_template(template).render(**values)
        return web.Response(
            status=status_code, text=text, content_type="text/html", headers={"Cache-Control": "no-store"}
        )

    def error(self, problem: ProblemBody) -> web.Response:
        """A refusal, for a person."""
        return self.page("error.html", status_code=problem.status, problem=problem)

    @cached_property
    def _templates(self) -> "Environment":
        from introeval.web.rendering import environment

        return environment(self._assets)
