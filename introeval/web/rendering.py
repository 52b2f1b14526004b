"""The templates' environment: autoescape on, undefined names are errors, and the pages' own words as filters.

Imported with the first page and not before: jinja2 takes a tenth of a second of the daemon's start.
"""

import json
from datetime import datetime
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from pydantic import BaseModel

from introeval.assignments.runs import percent
from introeval.grading.rounding import score_text
from introeval.web import words
from introeval.web.assets import Assets
from introeval.web.kinds import words_of


def environment(assets: Assets) -> Environment:
    """Load templates from the package; ``assets`` gives the addresses of style sheets and scripts."""
    made = Environment(
        loader=PackageLoader("introeval.web"),
        autoescape=True,
        undefined=StrictUndefined,
        # An upgrade changes the files under a running daemon; it shows its own version's pages until it is restarted.
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(
        assets=assets.urls,
        stages=words.STAGES,
        statuses=words.STATUSES,
        phases=words.PHASES,
        batch_states=words.BATCHES,
        runs=words.RUNS,
        plans=words.PLANS,
        address=_address,
    )
    made.filters.update(
        duration=words.duration,
        position=words.position,
        day=words.day,
        number=score_text,
        minutes=words.whole_minutes,
        utc=_utc,
        iso=datetime.isoformat,
        student=words.student_flag,
        bounded=words.student_guard,
        humanised=words.humanised,
        file_size=words.file_size,
        percent=percent,
        kind=words_of,
        as_json=_as_json,
    )
    return made


def _address(path: str, query: BaseModel, **changes: object) -> str:
    """A page's own address with its query, as it is but for ``changes``; what is as usual is left out."""
    usual = type(query)().model_dump()
    values = {name: value for name, value in (query.model_dump() | changes).items() if value != usual[name]}
    return f"{path}?{urlencode(values)}" if values else path


def _as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _utc(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M UTC")
